//! δ-disclosure privacy (Brickell, Shmatikov: The Cost of Privacy, KDD 2008): |ln(q / p)| < δ for
//! every value in every class, q = n_cv / n_c and p = N_v / N.

use crate::measures::counts::{Class, Counts};
use crate::measures::{Bound, Ratio};

/// e^δ over the values that occur in each class: the largest q / p or p / q.
pub(crate) fn observed(counts: &Counts) -> Option<Ratio> {
    counts.classes().filter_map(|class| largest_ratio(counts, class)).max()
}

/// The largest q / p or p / q over the values of one class.
pub(crate) fn largest_ratio(counts: &Counts, class: Class<'_>) -> Option<Ratio> {
    let (rows, size) = (u128::from(counts.rows), u128::from(class.size));
    let ratios = counts.with_totals(class).filter_map(|(cell, total)| {
        let (here, expected) = (u128::from(cell.count) * rows, u128::from(total) * size);
        Ratio::new(here.max(expected), here.min(expected))
    });
    ratios.max()
}

/// Whether a class lacks a value that the table has.
pub(crate) fn lacks_a_value(counts: &Counts, class: Class<'_>) -> bool {
    class.cells.len() < counts.totals.len()
}

/// e^δ over every value, as defined: unbounded if a class lacks a value, whose q is 0 there.
pub(crate) fn strict(counts: &Counts, observed: Ratio) -> Bound {
    let lacks = counts.classes().any(|class| lacks_a_value(counts, class));
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
