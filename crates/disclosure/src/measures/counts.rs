//! How often each sensitive value occurs in each class: counted once, and all that the measures of
//! one attribute look at.

use crate::classes::Grouping;
use crate::measures::values::Values;
use crate::table::TableError;

/// The counts of one sensitive attribute.
#[derive(Clone, Debug)]
pub(crate) struct Counts {
    /// Rows of the table (N).
    pub(crate) rows: u64,
    /// Rows with each value in the whole table (N_v), in the order of the values; never 0.
    pub(crate) totals: Vec<u64>,
    /// By class, then by value.
    cells: Vec<Cell>,
}

/// The rows of one class that have one value; at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cell {
    class: u32,
    /// The rank of the value.
    pub(crate) value: u32,
    /// n_cv.
    pub(crate) count: u64,
}

/// One class: its cells by value, at least one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Class<'a> {
    /// Rows of the class (n_c).
    pub(crate) size: u64,
    pub(crate) cells: &'a [Cell],
}

impl Counts {
    /// Counts `values` in the classes given for each row.
    pub(crate) fn new(of_row: &[u32], classes: usize, values: &Values) -> Result<Self, TableError> {
        let cells = match by_address(of_row, classes, values) {
            Some(cells) => cells,
            None => by_grouping(of_row, classes, values)?,
        };
        let mut totals = vec![0; values.distinct];
        for cell in &cells {
            if let Some(total) = at(&mut totals, cell.value) {
                *total += cell.count;
            }
        }
        Ok(Self { rows: totals.iter().sum(), totals, cells })
    }

    /// The same table with classes that may overlap: each a union of classes of this one, which are
    /// numbered from 0 without a gap.
    pub(crate) fn united(&self, groups: &[Vec<u32>]) -> Self {
        let by_class: Vec<&[Cell]> = self.cells.chunk_by(|a, b| a.class == b.class).collect();
        let mut cells = Vec::new();
        for (group, class) in groups.iter().zip(0_u32..) {
            let parts = group.iter().filter_map(|&part| by_class.get(usize::try_from(part).ok()?));
            let mut merged: Vec<Cell> =
                parts.flat_map(|part| part.iter()).map(|cell| Cell { class, ..*cell }).collect();
            merged.sort_unstable();
            for same in merged.chunk_by(|a, b| a.value == b.value) {
                let count = same.iter().map(|cell| cell.count).sum();
                cells.extend(same.first().map(|cell| Cell { count, ..*cell }));
            }
        }
        Self { rows: self.rows, totals: self.totals.clone(), cells }
    }

    /// The same table with fewer classes: `into` says for each class of this one into which of
    /// `classes` it goes, each of which gets at least one.
    pub(crate) fn merged(&self, into: &[u32], classes: usize) -> Self {
        let cells = self.merged_by_address(into, classes);
        let cells = cells.unwrap_or_else(|| self.merged_by_members(into, classes));
        Self { rows: self.rows, totals: self.totals.clone(), cells }
    }

    /// Adds up in a table of classes by values; none if that is much larger than the cells.
    fn merged_by_address(&self, into: &[u32], classes: usize) -> Option<Vec<Cell>> {
        let distinct = self.totals.len();
        let slots = classes.checked_mul(distinct)?;
        if slots > self.cells.len().saturating_mul(SLOTS_PER_CELL) {
            return None;
        }
        let mut counts = vec![0_u64; slots];
        for cell in &self.cells {
            let class = usize::try_from(*into.get(usize::try_from(cell.class).ok()?)?).ok()?;
            *counts.get_mut(class * distinct + usize::try_from(cell.value).ok()?)? += cell.count;
        }
        Some(met(&counts, distinct))
    }

    fn merged_by_members(&self, into: &[u32], classes: usize) -> Vec<Cell> {
        let mut members: Vec<Vec<&[Cell]>> = vec![Vec::new(); classes];
        for (part, &class) in self.cells.chunk_by(|a, b| a.class == b.class).zip(into) {
            let list = usize::try_from(class).ok().and_then(|class| members.get_mut(class));
            list.into_iter().for_each(|list| list.push(part));
        }
        let mut cells = Vec::with_capacity(self.cells.len());
        let mut sums = vec![0_u64; self.totals.len()];
        for (parts, class) in members.iter().zip(0_u32..) {
            merge(parts, class, &mut sums, &mut cells);
        }
        cells
    }

    /// Pairs of a class and a value that it has.
    pub(crate) fn pairs(&self) -> usize {
        self.cells.len()
    }

    /// The classes, each with at least one row.
    pub(crate) fn classes(&self) -> impl Iterator<Item = Class<'_>> {
        self.cells.chunk_by(|a, b| a.class == b.class).map(|cells| {
            let size = cells.iter().map(|cell| cell.count).sum();
            Class { size, cells }
        })
    }

    /// Each cell of `class` with the rows that have its value in the whole table.
    pub(crate) fn with_totals<'a>(
        &'a self,
        class: Class<'a>,
    ) -> impl Iterator<Item = (Cell, u64)> + 'a {
        class.cells.iter().map(|&cell| {
            let total = usize::try_from(cell.value).ok().and_then(|value| self.totals.get(value));
            (cell, total.copied().unwrap_or(cell.count))
        })
    }

    /// The number of distinct values in the table (m).
    pub(crate) fn distinct(&self) -> u64 {
        u64::try_from(self.totals.len()).unwrap_or(u64::MAX)
    }
}

/// Appends the cells of one class made of `parts`. `sums` is 0 for every value before and after.
fn merge(parts: &[&[Cell]], class: u32, sums: &mut [u64], cells: &mut Vec<Cell>) {
    if let [part] = parts {
        return cells.extend(part.iter().map(|cell| Cell { class, ..*cell }));
    }
    let mut met = Vec::new();
    for cell in parts.iter().copied().flatten() {
        if let Some(sum) = at(sums, cell.value) {
            if *sum == 0 {
                met.push(cell.value);
            }
            *sum += cell.count;
        }
    }
    met.sort_unstable();
    cells.extend(met.into_iter().filter_map(|value| {
        Some(Cell { class, value, count: at(sums, value).map(std::mem::take)? })
    }));
}

/// Counts in a table of classes by values; none if that is much larger than the rows.
fn by_address(of_row: &[u32], classes: usize, values: &Values) -> Option<Vec<Cell>> {
    let slots = classes.checked_mul(values.distinct)?;
    if slots == 0 || slots > Grouping::widest(of_row.len()) {
        return None;
    }
    let mut counts = vec![0_u64; slots];
    for (&class, &value) in of_row.iter().zip(&values.of_row) {
        let place = usize::try_from(class).ok()? * values.distinct + usize::try_from(value).ok()?;
        *counts.get_mut(place)? += 1;
    }
    Some(met(&counts, values.distinct))
}

/// The cells of a table of classes by `distinct` values.
fn met(counts: &[u64], distinct: usize) -> Vec<Cell> {
    let mut cells = Vec::new();
    for (counts, class) in counts.chunks_exact(distinct.max(1)).zip(0_u32..) {
        let met = counts.iter().zip(0_u32..).filter(|(count, _)| **count > 0);
        cells.extend(met.map(|(&count, value)| Cell { class, value, count }));
    }
    cells
}

/// Counts by grouping rows, whatever the number of classes and values.
fn by_grouping(of_row: &[u32], classes: usize, values: &Values) -> Result<Vec<Cell>, TableError> {
    let pairs = [(of_row, classes), (values.of_row.as_slice(), values.distinct)];
    let Grouping { of_row: pair_of_row, sizes } = Grouping::of(of_row.len(), &pairs)?;
    let mut cells = Vec::with_capacity(sizes.len());
    // Pairs are numbered by first appearance: a row with the next number is the first of its pair.
    for ((&pair, &class), &value) in pair_of_row.iter().zip(of_row).zip(&values.of_row) {
        if usize::try_from(pair).is_ok_and(|pair| pair == cells.len()) {
            let count = sizes.get(cells.len()).copied().unwrap_or_default();
            cells.push(Cell { class, value, count });
        }
    }
    cells.sort_unstable();
    Ok(cells)
}

/// A table of so many is added up faster than the cells are sorted into members.
const SLOTS_PER_CELL: usize = 8;

fn at(totals: &mut [u64], value: u32) -> Option<&mut u64> {
    totals.get_mut(usize::try_from(value).ok()?)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Classes as strings of one-letter values, in the order of the letters: `["aab", "c"]`.
    pub(crate) fn counts(classes: &[&str]) -> Counts {
        let mut letters: Vec<char> = classes.iter().flat_map(|class| class.chars()).collect();
        let cells = letters.clone();
        letters.sort_unstable();
        letters.dedup();
        let rank = |c: &char| u32::try_from(letters.iter().position(|l| l == c).unwrap()).unwrap();
        let of_row = cells.iter().map(rank).collect();
        let values = Values { of_row, distinct: letters.len(), ordered: true };
        let of_row: Vec<u32> = (0..)
            .zip(classes)
            .flat_map(|(at, class)| std::iter::repeat_n(at, class.len()))
            .collect();
        Counts::new(&of_row, classes.len(), &values).unwrap()
    }

    #[test]
    fn both_ways_of_counting_agree() {
        let of_row = [0, 1, 0, 2, 1, 0];
        let values = Values { of_row: vec![1, 0, 1, 2, 2, 0], distinct: 3, ordered: false };
        let cells = by_grouping(&of_row, 3, &values).unwrap();
        assert_eq!(by_address(&of_row, 3, &values), Some(cells));
        assert_eq!(by_address(&of_row, usize::MAX, &values), None);
    }

    #[test]
    fn both_ways_of_merging_agree() {
        let counts = counts(&["ab", "b", "c", "abb"]);
        let into = [1, 0, 1, 1];
        let merged = counts.merged(&into, 2);
        assert_eq!(seen(&merged), [(1, vec![(1, 1)]), (6, vec![(0, 2), (1, 3), (2, 1)])]);
        assert_eq!(counts.merged_by_members(&into, 2), merged.cells);
        assert_eq!(counts.merged_by_address(&into, 1 << 20), None);
    }

    fn seen(counts: &Counts) -> Vec<(u64, Vec<(u32, u64)>)> {
        let cells = |class: Class<'_>| class.cells.iter().map(|c| (c.value, c.count)).collect();
        counts.classes().map(|class| (class.size, cells(class))).collect()
    }

    #[test]
    fn cells_are_counted_by_class_and_value() {
        let counts = counts(&["baab", "cb"]);
        assert_eq!((counts.rows, counts.distinct()), (6, 3));
        assert_eq!(counts.totals, [2, 3, 1]);
        assert_eq!(seen(&counts), [(4, vec![(0, 2), (1, 2)]), (2, vec![(1, 1), (2, 1)])]);
    }

    #[test]
    fn classes_unite_and_totals_stay() {
        let counts = counts(&["ab", "b", "c"]).united(&[vec![1], vec![0, 1], vec![2, 0]]);
        assert_eq!((counts.rows, counts.totals.as_slice()), (4, [1, 2, 1].as_slice()));
        assert_eq!(
            seen(&counts),
            [(1, vec![(1, 1)]), (3, vec![(0, 1), (1, 2)]), (3, vec![(0, 1), (1, 1), (2, 1)])]
        );
    }
}
