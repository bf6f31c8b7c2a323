//! Values that carry the fact that a check was done.

/// A `T` that was checked by the crate whose business that check is.
///
/// INVARIANT: [`Verified::assertion`] is called in crate `evidence` alone (a test in `xtask` greps
/// for it), so that holding a `Verified<Claims>` means that evidence was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified<T>(T);

impl<T> Verified<T> {
    /// States that `value` was verified. One grep for `Verified::assertion` lists every place
    /// where trust begins.
    pub const fn assertion(value: T) -> Self {
        Self(value)
    }

    /// What was verified.
    pub const fn get(&self) -> &T {
        &self.0
    }
}
