//! t-closeness (Li, Li, Venkatasubramanian: t-Closeness, ICDE 2007): the largest earth mover's
//! distance between the values of a class, q = n_cv / n_c, and those of the table, p = N_v / N.

use crate::hierarchy::{Hierarchy, HierarchyError, Level};
use crate::measures::counts::{Class, Counts};
use crate::measures::{Ratio, Values};
use crate::table::Column;

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

/// By a hierarchy over the values.
pub(crate) fn hierarchical(counts: &Counts, tree: &Tree) -> Option<Ratio> {
    counts.classes().filter_map(|class| tree.distance(counts, class)).max()
}

/// A hierarchy over the values of one attribute, for the hierarchical distance: two values are as
/// far apart as the level on which they become one, over the number of levels above 0.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    /// From level 0 upwards: for each value, by rank, its code on the level. On the last all are one.
    levels: Vec<Vec<u32>>,
}

impl Tree {
    /// The tree that `hierarchy` is over the `values` of `column`. Texts of one rank (equal numbers)
    /// share the path of the first of them. Where the last level has several values, one more above
    /// it joins them: no two values are at distance 0 because the hierarchy ends early.
    pub(crate) fn over(
        column: &Column,
        values: &Values,
        hierarchy: &Hierarchy,
    ) -> Result<Self, HierarchyError> {
        let mut text_of_rank = vec![u32::MAX; values.distinct];
        for (&rank, &text) in values.of_row.iter().zip(column.codes()) {
            if let Some(first) = usize::try_from(rank).ok().and_then(|at| text_of_rank.get_mut(at))
            {
                *first = text.min(*first);
            }
        }
        let on_level = |level: &Level| -> Vec<u32> {
            let code = |text: &u32| level.codes.get(usize::try_from(*text).ok()?).copied();
            text_of_rank.iter().map(|text| code(text).unwrap_or_default()).collect()
        };
        let mut levels: Vec<Vec<u32>> = hierarchy.over(column)?.iter().map(on_level).collect();
        if let Some(ranks) = levels.first_mut() {
            *ranks = (0_u32..).take(values.distinct).collect();
        }
        if levels.last().is_some_and(|top| top.iter().any(|code| Some(code) != top.first())) {
            levels.push(vec![0; values.distinct]);
        }
        Ok(Self { levels })
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

    /// The tree of rows `value;level 1;…` over the values, which are the first cells.
    fn tree(rows: &[&str]) -> Tree {
        let rows: Vec<Vec<String>> =
            rows.iter().map(|row| row.split(';').map(str::to_owned).collect()).collect();
        let cells: Vec<String> = rows.iter().map(|row| row[0].clone()).collect();
        let column = Column::encode("s", &cells).unwrap();
        let of_row = column.codes().to_vec();
        let values = Values { of_row, distinct: cells.len(), ordered: false };
        Tree::over(&column, &values, &Hierarchy::new(&rows).unwrap()).unwrap()
    }

    #[test]
    fn hierarchical_distance_is_that_of_the_paper() {
        // Section 5.3: four values in two groups, q = (1, 0, 0, 0), p = (1, 1, 1, 1) / 4. A quarter
        // moves within the group, at distance 1/2, and half to the other group, at distance 1.
        let tree = tree(&["a;x;*", "b;x;*", "c;y;*", "d;y;*"]);
        let counts = counts(&["aa", "bbccdd"]);
        let first = counts.classes().next().and_then(|class| tree.distance(&counts, class));
        assert_eq!(first, Ratio::new(5, 8));
        assert_eq!(hierarchical(&counts, &tree), Ratio::new(5, 8));
    }

    #[test]
    fn a_hierarchy_without_a_top_gets_one() {
        let counts = counts(&["aa", "bb"]);
        assert_eq!(hierarchical(&counts, &tree(&["a", "b"])), equal(&counts));
        assert_eq!(hierarchical(&counts, &tree(&["a;x", "b;y"])), equal(&counts));
    }

    #[test]
    fn one_value_is_at_no_distance() {
        assert_eq!(ordered(&counts(&["aa", "a"])), Some(Ratio::ZERO));
        assert_eq!(equal(&counts(&["aa", "a"])), Some(Ratio::ZERO));
        assert_eq!(ordered(&counts(&[])), None);
    }
}
