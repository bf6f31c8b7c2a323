//! Counts as they are shown, and which counts a shown one may stand for.

use crate::rules::Rounding;

/// What is shown of `count`.
pub(crate) const fn shown(count: u64, rounding: Rounding) -> u64 {
    match rounding {
        Rounding::None => count,
        Rounding::Base5 => count.saturating_add(2) / 5 * 5,
        Rounding::Midpoint6 if count == 0 => 0,
        Rounding::Midpoint6 => count.div_ceil(6).saturating_mul(6).saturating_sub(3),
    }
}

/// The least and the greatest count of which `shown` is shown.
pub(crate) const fn behind(shown: u64, rounding: Rounding) -> (u64, u64) {
    match rounding {
        Rounding::None => (shown, shown),
        Rounding::Base5 => (shown.saturating_sub(2), shown.saturating_add(2)),
        Rounding::Midpoint6 if shown == 0 => (0, 0),
        Rounding::Midpoint6 => (shown.saturating_sub(2), shown.saturating_add(3)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_a_projection_and_knows_what_is_behind_it() {
        for rounding in [Rounding::None, Rounding::Base5, Rounding::Midpoint6] {
            for count in 0..1_000 {
                let seen = shown(count, rounding);
                let (least, most) = behind(seen, rounding);
                assert_eq!(shown(seen, rounding), seen);
                assert!((least..=most).contains(&count));
                assert_eq!((shown(least, rounding), shown(most, rounding)), (seen, seen));
            }
        }
    }

    #[test]
    fn midpoints_are_those_of_opensafely() {
        let midpoints = [0, 1, 6, 7, 12, 13].map(|count| shown(count, Rounding::Midpoint6));
        assert_eq!(midpoints, [0, 3, 3, 9, 9, 15]);
        let fives = [0, 2, 3, 7, 8, 12].map(|count| shown(count, Rounding::Base5));
        assert_eq!(fives, [0, 0, 5, 5, 10, 10]);
    }
}
