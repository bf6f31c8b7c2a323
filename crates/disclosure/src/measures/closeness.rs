//! t-closeness (Li, Li, Venkatasubramanian: t-Closeness, ICDE 2007): the largest earth mover's
//! distance between the values of a class, q = n_cv / n_c, and those of the table, p = N_v / N.

use crate::measures::Ratio;
use crate::measures::counts::{Class, Counts};

/// With every two values at distance 1: ½ Σ |q − p|.
pub(crate) fn equal(counts: &Counts) -> Option<Ratio> {
    counts.classes().filter_map(|class| equal_distance(counts, class)).max()
}

/// The distance of one class, all values equally far apart.
pub(crate) fn equal_distance(counts: &Counts, class: Class<'_>) -> Option<Ratio> {
    let (rows, size) = (u128::from(counts.rows), u128::from(class.size));
    // Values that the class lacks differ by all that the table has of them.
    let (mut moved, mut absent) = (0_u128, rows);
    for (cell, total) in counts.with_totals(class) {
        let (here, everywhere) = (u128::from(cell.count) * rows, u128::from(total) * size);
        moved += here.abs_diff(everywhere);
        absent = absent.saturating_sub(total.into());
    }
    Ratio::new(moved + absent * size, 2 * rows * size)
}

/// With the i-th and the j-th of m ordered values at distance |i − j| / (m − 1):
/// Σ |Σ_{j≤i} (q_j − p_j)| / (m − 1).
pub(crate) fn ordered(counts: &Counts) -> Option<Ratio> {
    counts.classes().filter_map(|class| ordered_distance(counts, class)).max()
}

/// The distance of one class by the order of the values.
pub(crate) fn ordered_distance(counts: &Counts, class: Class<'_>) -> Option<Ratio> {
    let steps = u128::from(counts.distinct()).saturating_sub(1);
    if steps == 0 {
        return Some(Ratio::ZERO);
    }
    let (rows, size) = (u128::from(counts.rows), u128::from(class.size));
    let (mut here, mut everywhere, mut moved) = (0_u128, 0_u128, 0_u128);
    let mut cells = class.cells.iter().peekable();
    for (total, value) in counts.totals.iter().zip(0_u32..) {
        here += cells.next_if(|cell| cell.value == value).map_or(0, |cell| cell.count.into());
        everywhere += u128::from(*total);
        moved += (here * rows).abs_diff(everywhere * size);
    }
    Ratio::new(moved, steps * rows * size)
}

/// A hierarchy over the values of one attribute, for the hierarchical distance: two values are as
/// far apart as the level on which they become one, over the number of levels above 0.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    /// From each level above 0, the lowest first: for each value its code on the level.
    levels: Vec<Vec<u32>>,
}

impl Tree {
    /// The tree with these codes of the values, by rank, on each level from 0 upwards.
    pub(crate) fn new(levels: Vec<Vec<u32>>) -> Self {
        Self { levels }
    }

    /// Σ over the inner nodes: height / levels × min(surplus, deficit) of its children (section 5.3
    /// of the paper). None for a class without rows.
    pub(crate) fn distance(&self, counts: &Counts, class: Class<'_>) -> Option<Ratio> {
        let (rows, size) = (i128::from(counts.rows), i128::from(class.size));
        let mut extra: Vec<i128> =
            counts.totals.iter().map(|&total| -i128::from(total) * size).collect();
        for cell in class.cells {
            let extra = usize::try_from(cell.value).ok().and_then(|value| extra.get_mut(value));
            *extra? += i128::from(cell.count) * rows;
        }
        let mut moved = 0_u128;
        let steps = u128::try_from(self.levels.len().saturating_sub(1)).ok()?;
        for (pair, height) in self.levels.windows(2).zip(1_u128..) {
            let [below, above] = pair else { continue };
            let (sums, crossing) = climb(&extra, below, above);
            moved += crossing * height;
            extra = sums;
        }
        let whole = u128::from(counts.rows) * u128::from(class.size);
        Ratio::new(moved, whole * steps.max(1))
    }
}

/// From what the codes of a level have too much or too little of, the same for the level above, and how
/// much has to cross between children of one parent.
fn climb(extra: &[i128], below: &[u32], above: &[u32]) -> (Vec<i128>, u128) {
    let parents = above.iter().max().map_or(0, |&last| u64::from(last) + 1);
    let parents = usize::try_from(parents).unwrap_or_default();
    let mut balance = vec![(0_u128, 0_u128); parents];
    let mut seen = vec![false; extra.len()];
    for (&child, &parent) in below.iter().zip(above) {
        let place = usize::try_from(child).ok();
        let first =
            place.and_then(|at| seen.get_mut(at)).is_some_and(|s| !std::mem::replace(s, true));
        let amount = place.and_then(|at| extra.get(at)).copied().unwrap_or_default();
        let parent = usize::try_from(parent).ok().and_then(|at| balance.get_mut(at));
        if let (true, Some((surplus, deficit))) = (first, parent) {
            let size = amount.unsigned_abs();
            if amount > 0 { *surplus += size } else { *deficit += size }
        }
    }
    let crossing = balance.iter().map(|(surplus, deficit)| surplus.min(deficit)).sum();
    let signed = |n: u128| i128::try_from(n).unwrap_or(i128::MAX);
    (balance.into_iter().map(|(s, d)| signed(s) - signed(d)).collect(), crossing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measures::counts::tests::counts;

    #[test]
    fn equal_distance_is_half_of_all_differences() {
        // p = (1/2, 1/2); q = (1, 0) in the first class.
        assert_eq!(equal(&counts(&["aa", "bb"])), Ratio::new(1, 2));
        assert_eq!(equal(&counts(&["ab", "ba"])), Some(Ratio::ZERO));
        // p = (3/6, 2/6, 1/6); q = (0, 1/2, 1/2): (1/2 + 1/6 + 1/3) / 2.
        assert_eq!(equal(&counts(&["aaab", "bc"])), Ratio::new(1, 2));
    }

    #[test]
    fn ordered_distance_is_that_of_the_paper() {
        // Section 4.2 of the paper: incomes 3k to 11k in three classes of three.
        // D[P1, Q] = 0.375 and D[P2, Q] = 0.167 for {3k,4k,5k} and {6k,8k,11k}.
        let p1 = counts(&["abc", "defghi"]);
        let first = p1.classes().next().and_then(|class| ordered_distance(&p1, class));
        assert_eq!(first, Ratio::new(3, 8));
        let p2 = counts(&["dfi", "abcegh"]);
        let first = p2.classes().next().and_then(|class| ordered_distance(&p2, class));
        assert_eq!(first, Ratio::new(1, 6));
    }

    #[test]
    fn one_value_is_at_no_distance() {
        assert_eq!(ordered(&counts(&["aa", "a"])), Some(Ratio::ZERO));
        assert_eq!(equal(&counts(&["aa", "a"])), Some(Ratio::ZERO));
        assert_eq!(ordered(&counts(&[])), None);
    }
}
