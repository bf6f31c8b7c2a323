//! Log first: what may only happen once its decision is in a published checkpoint takes a
//! [`Recorded`] value.

use crate::ids::EntryId;

/// A `T` whose event is durable in the log and included in a signed, published checkpoint.
///
/// INVARIANT: [`Recorded::assertion`] is called in crate `ledger` alone.
#[derive(Clone, Debug)]
pub struct Recorded<T> {
    value: T,
    place: LogPlace,
}

/// Where in the log an entry stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPlace {
    /// The entry's name.
    pub entry: EntryId,
    /// Its index, counted from 0.
    pub index: u64,
}

impl<T> Recorded<T> {
    /// States that the event of `value` is durable and included.
    pub const fn assertion(value: T, place: LogPlace) -> Self {
        Self { value, place }
    }

    /// What was recorded.
    pub const fn get(&self) -> &T {
        &self.value
    }

    /// Where its event stands.
    pub const fn place(&self) -> &LogPlace {
        &self.place
    }

    /// Gives up the proof and returns the value.
    pub fn into_inner(self) -> T {
        self.value
    }
}
