//! Rounding of counts, and what a rounded count says of the true one.

use serde::{Deserialize, Serialize};

use super::system::Seen;

/// A way to round counts. Each cell is rounded by itself, margins too: rounded values need not add
/// up, but the true counts still do, and a reader knows that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Rounding {
    /// To the nearest multiple of 5: 10 stands for 8 to 12, 0 for 0 to 2.
    #[serde(rename = "base-5")]
    Base5,
    /// Up to a multiple of 6, less 3 (OpenSAFELY): 9 stands for 7 to 12, 3 for 1 to 6, 0 for 0.
    #[serde(rename = "midpoint-6")]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_a_projection_and_knows_what_is_behind_it() {
        for rounding in [Rounding::Base5, Rounding::Midpoint6] {
            for count in 0..1_000 {
                let value = rounding.released(count);
                let (least, most) = match rounding.seen(count) {
                    Seen::Within { least, most } => (least, most),
                    Seen::Exact | Seen::Hidden => (count, count),
                };
                assert_eq!(rounding.released(value), value);
                assert!((least..=most).contains(&count));
                assert_eq!((rounding.released(least), rounding.released(most)), (value, value));
            }
        }
    }

    #[test]
    fn midpoints_are_those_of_opensafely() {
        let midpoints = [0, 1, 6, 7, 12, 13].map(|count| Rounding::Midpoint6.released(count));
        assert_eq!(midpoints, [0, 3, 3, 9, 9, 15]);
        let fives = [0, 2, 3, 7, 8, 12].map(|count| Rounding::Base5.released(count));
        assert_eq!(fives, [0, 0, 5, 5, 10, 10]);
    }
}
