//! (α,k)-anonymity.

use crate::measures::Ratio;
use crate::measures::counts::{Class, Counts};

/// The least α of (α,k)-anonymity: the largest share that one value has of a class, max n_cv / n_c
/// (Wong, Li, Fu, Wang: (α,k)-Anonymity, KDD 2006).
pub(crate) fn alpha(counts: &Counts) -> Option<Ratio> {
    counts.classes().filter_map(largest_share).max()
}

/// The largest share that one value has of `class`.
pub(crate) fn largest_share(class: Class<'_>) -> Option<Ratio> {
    let most = class.cells.iter().map(|cell| cell.count).max()?;
    Ratio::new(most.into(), class.size.into())
}

/// The share of rows whose value is not the most frequent one of their class: what a classifier
/// that knows only the classes gets wrong, Σ (n_c − max n_cv) / N (Iyengar: Transforming Data to
/// Satisfy Privacy Constraints, KDD 2002).
pub(crate) fn minority(counts: &Counts) -> Option<Ratio> {
    let minority = counts.classes().map(|class| {
        class.size - class.cells.iter().map(|cell| cell.count).max().unwrap_or_default()
    });
    Ratio::new(minority.sum::<u64>().into(), counts.rows.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measures::counts::tests::counts;

    #[test]
    fn alpha_is_the_largest_share_of_a_class() {
        assert_eq!(alpha(&counts(&["aab", "abcd"])), Ratio::new(2, 3));
        assert_eq!(alpha(&counts(&["aab", "c"])), Ratio::new(1, 1));
        assert_eq!(alpha(&counts(&[])), None);
    }

    #[test]
    fn a_tie_has_one_majority() {
        assert_eq!(minority(&counts(&["xxyy"])), Ratio::new(1, 2));
        assert_eq!(minority(&counts(&["xxy", "z"])), Ratio::new(1, 4));
    }
}
