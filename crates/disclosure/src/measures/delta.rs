//! δ-disclosure privacy (Brickell, Shmatikov: The Cost of Privacy, KDD 2008): |ln(q / p)| < δ for
//! every value in every class, q = n_cv / n_c and p = N_v / N.

use crate::measures::counts::Counts;
use crate::measures::{Bound, Ratio};

/// e^δ over the values that occur in each class: the largest q / p or p / q.
pub(crate) fn observed(counts: &Counts) -> Option<Ratio> {
    let rows = u128::from(counts.rows);
    let ratios = counts.classes().flat_map(|class| {
        let size = u128::from(class.size);
        counts.with_totals(class).filter_map(move |(cell, total)| {
            let (here, expected) = (u128::from(cell.count) * rows, u128::from(total) * size);
            Ratio::new(here.max(expected), here.min(expected))
        })
    });
    ratios.max()
}

/// e^δ over every value, as defined: unbounded if a class lacks a value, whose q is 0 there.
pub(crate) fn strict(counts: &Counts, observed: Ratio) -> Bound {
    let all = counts.totals.len();
    let lacks = counts.classes().any(|class| class.cells.len() < all);
    if lacks { Bound::Unbounded } else { Bound::Finite(observed) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measures::counts::tests::counts;

    #[test]
    fn gains_and_losses_count_alike() {
        // p(b) = 4/8: q/p is 1/2 in the first class and 3/2 in the second.
        let both = counts(&["aaab", "abbb"]);
        assert_eq!(observed(&both), Ratio::new(2, 1));
        assert_eq!(strict(&both, Ratio::new(2, 1).unwrap()), Bound::of(2, 1));
    }

    #[test]
    fn a_value_that_a_class_lacks_is_unbounded_in_the_strict_form_only() {
        let lacking = counts(&["aa", "ab"]);
        assert_eq!(observed(&lacking), Ratio::new(2, 1));
        assert_eq!(strict(&lacking, Ratio::ZERO), Bound::Unbounded);
        assert_eq!(observed(&counts(&[])), None);
    }
}
