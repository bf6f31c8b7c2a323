//! l-diversity in its three forms (Machanavajjhala, Kifer, Gehrke, Venkitasubramaniam:
//! l-Diversity, TKDD 1(1), 2007).

use std::collections::BTreeMap;

use crate::measures::Bound;
use crate::measures::counts::{Class, Counts};

/// The l of distinct l-diversity: the fewest distinct values of a class.
pub(crate) fn distinct(counts: &Counts) -> Option<u64> {
    counts.classes().map(|class| values_of(class)).min()
}

/// The l of entropy l-diversity: min e^H with H = −Σ q ln q and q = n_cv / n_c. Not truncated: a
/// table is entropy l-diverse for every l up to this.
pub(crate) fn entropy(counts: &Counts) -> Option<f64> {
    counts.classes().map(effective_values).min_by(f64::total_cmp)
}

/// e^H of one class; exactly the number of values where they are equally frequent.
#[expect(clippy::cast_precision_loss, reason = "an entropy is a report; counts are far below 2^53")]
pub(crate) fn effective_values(class: Class<'_>) -> f64 {
    if class.cells.windows(2).all(|pair| matches!(pair, [a, b] if a.count == b.count)) {
        return values_of(class) as f64;
    }
    let size = class.size as f64;
    let weighted = class.cells.iter().map(|cell| {
        let count = cell.count as f64;
        count * count.ln()
    });
    (size.ln() - weighted.sum::<f64>() / size).exp()
}

/// Recursive (c,l)-diversity: for each l the infimum of c with r₁ < c (r_l + r_{l+1} + … + r_m) in
/// every class, where r₁ ≥ r₂ ≥ … are the counts of its values; every greater c is satisfied.
///
/// `least` is the l of distinct diversity. From l = 2 to 4, and as far as any c is enough; never beyond the distinct values of the table.
/// An l that is not there is unbounded.
pub(crate) fn recursive(counts: &Counts, least: u64) -> BTreeMap<u64, Bound> {
    let last = (least + 1).max(MIN_REPORTED).min(counts.distinct());
    // From l = 2 to `least`, where every class has a value left in its tail.
    let finite = usize::try_from(least.saturating_sub(1)).unwrap_or_default();
    let mut worst = vec![Bound::of(0, 1); finite];
    let mut falling = Vec::new();
    for class in counts.classes() {
        falling.clear();
        falling.extend(class.cells.iter().map(|cell| cell.count));
        falling.sort_unstable_by(|a, b| b.cmp(a));
        let most = falling.first().copied().unwrap_or_default();
        let mut tail = class.size;
        for (bound, count) in worst.iter_mut().zip(&falling) {
            tail -= count;
            *bound = (*bound).max(Bound::of(most.into(), tail.into()));
        }
    }
    (2..=last).zip(worst.into_iter().chain(std::iter::repeat(Bound::Unbounded))).collect()
}

/// The distinct values of one class.
pub(crate) fn values_of(class: Class<'_>) -> u64 {
    u64::try_from(class.cells.len()).unwrap_or(u64::MAX)
}

/// The infimum of c with r₁ < c (r_l + … + r_m) in one class.
pub(crate) fn recursive_bound(class: Class<'_>, l: u64) -> Bound {
    let mut falling: Vec<u64> = class.cells.iter().map(|cell| cell.count).collect();
    falling.sort_unstable_by(|a, b| b.cmp(a));
    let before = usize::try_from(l.saturating_sub(1)).unwrap_or(usize::MAX);
    let tail = falling.iter().skip(before).sum::<u64>();
    Bound::of(falling.first().copied().unwrap_or_default().into(), tail.into())
}

/// The largest l that is reported even where no c is enough.
const MIN_REPORTED: u64 = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measures::counts::tests::counts;

    #[test]
    fn distinct_values_of_the_poorest_class() {
        assert_eq!(distinct(&counts(&["abca", "bb"])), Some(1));
        assert_eq!(distinct(&counts(&["abca", "bc"])), Some(2));
        assert_eq!(distinct(&counts(&[])), None);
    }

    #[test]
    fn entropy_of_equal_counts_is_their_number() {
        for l in 1..=12 {
            let class: String = ('a'..='z').take(l).collect();
            assert_eq!(entropy(&counts(&[&class.repeat(3)])), Some(l as f64));
        }
    }

    #[test]
    fn entropy_is_not_truncated() {
        // H of {1/2, 1/4, 1/4} is 1.5 ln 2.
        let l = entropy(&counts(&["aabc", "abcd"])).unwrap();
        assert!((l - 2_f64.powf(1.5)).abs() < 1e-12, "{l}");
    }

    fn recursive(counts: &Counts) -> BTreeMap<u64, Bound> {
        super::recursive(counts, distinct(counts).unwrap())
    }

    #[test]
    fn recursive_compares_the_most_frequent_with_the_tail() {
        let class = ["x".repeat(98), "y".into(), "z".into()].concat();
        let bounds = recursive(&counts(&[&class]));
        assert_eq!(bounds, BTreeMap::from([(2, Bound::of(98, 2)), (3, Bound::of(98, 1))]));
    }

    #[test]
    fn recursive_is_that_of_the_worst_class() {
        let bounds = recursive(&counts(&["aaabbc", "abcde"]));
        let expected = [(2, Bound::of(3, 3)), (3, Bound::of(3, 1)), (4, Bound::Unbounded)];
        assert_eq!(bounds, BTreeMap::from(expected));
        let rich = recursive(&counts(&["abcdef"]));
        assert_eq!(rich.keys().copied().collect::<Vec<_>>(), [2, 3, 4, 5, 6]);
        assert_eq!(rich[&6], Bound::of(1, 1));
        assert!(recursive(&counts(&["aaa"])).is_empty());
    }
}
