//! Rounding of counts, and what a rounded count says of the true one.

use super::system::Seen;

/// A way to round counts. Each cell is rounded by itself, margins too: rounded values need not add
/// up, but the true counts still do, and a reader knows that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// To the nearest multiple of 5: 10 stands for 8 to 12, 0 for 0 to 2.
    Base5,
    /// Up to a multiple of 6, less 3 (OpenSAFELY): 9 stands for 7 to 12, 3 for 1 to 6, 0 for 0.
    Midpoint6,
}

impl Rounding {
    /// The value that is released for `count`.
    #[must_use]
    pub const fn released(self, count: u64) -> u64 {
        match self {
            Self::Base5 => count.saturating_add(2) / 5 * 5,
            Self::Midpoint6 => (count.div_ceil(6) * 6).saturating_sub(3),
        }
    }

    /// What a reader knows of a count when its rounded value is released.
    #[must_use]
    pub const fn seen(self, count: u64) -> Seen {
        let value = self.released(count);
        match self {
            Self::Base5 => {
                Seen::Within { least: value.saturating_sub(2), most: value.saturating_add(2) }
            }
            Self::Midpoint6 if value == 0 => Seen::Exact,
            Self::Midpoint6 => Seen::Within { least: value - 2, most: value.saturating_add(3) },
        }
    }
}
