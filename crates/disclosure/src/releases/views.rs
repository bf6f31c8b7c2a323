//! What can be computed from one file alone: partitions of all records.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::footprints::{Footprint, index};
use super::records::RecordSet;

/// A partition of all records into blocks whose sizes and sums can be computed from the file.
///
/// Of cells that are nested or disjoint (a column of cells, its margin and the total; the steps of
/// a survival curve) each cell less the cells within it is such a block, and so are the records in
/// no cell, since the number of records of the dataset is known. Every cell, and every
/// difference of nested cells, is a union of blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct View {
    /// The block of each record, numbered by first appearance.
    pub(crate) of_record: Vec<u32>,
    /// For each block the cell that it is, less the cells within it; none for the records in no cell.
    pub(crate) labels: Vec<Option<u32>>,
    /// The records of each block, at least one.
    pub(crate) sizes: Vec<u64>,
    /// For each cell that is not a block as a whole the greatest cells within it.
    within: BTreeMap<u32, BTreeSet<u32>>,
}

impl View {
    /// The views of a file: each cell is in one at least, and each has all cells that fit. Cells
    /// that partly overlap, such as the margins of rows and those of columns, are in different
    /// views. None depends on the order of the cells; views of equal blocks are given once.
    pub(crate) fn of(footprint: &Footprint, population: u32) -> Vec<Self> {
        let cells = footprint.sets();
        let atoms = Atoms::of(cells, population);
        let mut views: Vec<Self> = Vec::new();
        for rank in atoms.families(cells) {
            let view = atoms.view(&rank);
            if views.iter().all(|known| known.of_record != view.of_record) {
                views.push(view);
            }
        }
        views
    }

    /// The block of a record.
    pub(crate) fn block(&self, record: u32) -> u32 {
        self.of_record.get(index(record)).copied().unwrap_or_default()
    }

    /// The greatest cells of the view within `cell`.
    pub(crate) fn within(&self, cell: u32) -> impl Iterator<Item = u32> {
        self.within.get(&cell).into_iter().flatten().copied()
    }
}

/// The records of one file by the cells they are in.
struct Atoms {
    of_record: Vec<u32>,
    /// For each atom its cells, ascending.
    cells: Vec<Vec<u32>>,
}

impl Atoms {
    fn of(cells: &[RecordSet], population: u32) -> Self {
        let mut atoms = Self { of_record: vec![0; index(population)], cells: vec![Vec::new()] };
        // For each atom the last cell that split it, counted from 1, and the atom split off.
        let mut split: Vec<(u32, u32)> = vec![(0, 0)];
        for (cell, set) in (0..).zip(cells) {
            for (first, last) in set.runs() {
                let run = atoms.of_record.get_mut(index(first)..=index(last));
                for of_record in run.unwrap_or_default() {
                    let Some(entry) = split.get_mut(index(*of_record)) else { continue };
                    if entry.0 != cell + 1 {
                        let within = atoms.cells.get(index(*of_record));
                        let within = within.into_iter().flatten().copied().chain([cell]).collect();
                        *entry = (cell + 1, number(atoms.cells.len()));
                        atoms.cells.push(within);
                    }
                    *of_record = entry.1;
                    if split.len() < atoms.cells.len() {
                        split.push((0, 0));
                    }
                }
            }
        }
        atoms
    }

    fn sizes(&self) -> Vec<u64> {
        let mut sizes = vec![0_u64; self.cells.len()];
        for &atom in &self.of_record {
            if let Some(size) = sizes.get_mut(index(atom)) {
                *size += 1;
            }
        }
        sizes
    }

    /// Sets of cells that are nested or disjoint. For each set, the rank of each cell in it: a
    /// greater rank within an equal or greater cell is the inner one; 0 for a cell that is not.
    fn families(&self, cells: &[RecordSet]) -> Vec<Vec<u32>> {
        let conflicts = self.conflicts(cells);
        let mut order: Vec<(u32, &RecordSet)> = (0..).zip(cells).collect();
        order.sort_by_key(|&(_, set)| (Reverse(set.len()), set));
        let order: Vec<u32> = order.into_iter().map(|(cell, _)| cell).collect();
        let rank_of: BTreeMap<u32, u32> = order.iter().copied().zip(1..).collect();
        let mut placed = vec![false; cells.len()];
        let mut families = Vec::new();
        while families.is_empty() || placed.contains(&false) {
            let (done, open): (Vec<u32>, Vec<u32>) = order
                .iter()
                .partition(|cell| placed.get(index(**cell)).copied().unwrap_or_default());
            let mut ranks = vec![0; cells.len()];
            let mut blocked = vec![false; cells.len()];
            for cell in open.into_iter().chain(done) {
                if blocked.get(index(cell)) != Some(&false) {
                    continue;
                }
                set(&mut ranks, cell, rank_of.get(&cell).copied().unwrap_or_default());
                set(&mut placed, cell, true);
                for &other in conflicts.get(&cell).into_iter().flatten() {
                    set(&mut blocked, other, true);
                }
            }
            families.push(ranks);
        }
        families
    }

    /// For each cell the cells that overlap it partly.
    fn conflicts(&self, cells: &[RecordSet]) -> BTreeMap<u32, Vec<u32>> {
        let mut common: BTreeMap<(u32, u32), u64> = BTreeMap::new();
        for (within, size) in self.cells.iter().zip(self.sizes()) {
            for (&a, at) in within.iter().zip(1..) {
                for &b in within.iter().skip(at) {
                    *common.entry((a, b)).or_default() += size;
                }
            }
        }
        let len = |cell: u32| cells.get(index(cell)).map_or(0, RecordSet::len);
        let mut conflicts: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for ((a, b), common) in common {
            if common > 0 && common < len(a).min(len(b)) {
                conflicts.entry(a).or_default().push(b);
                conflicts.entry(b).or_default().push(a);
            }
        }
        conflicts
    }

    fn view(&self, ranks: &[u32]) -> View {
        let rank = |cell: u32| ranks.get(index(cell)).copied().unwrap_or_default();
        let mut within: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
        let mut innermost = |cells: &Vec<u32>| {
            let mut nested: Vec<u32> =
                cells.iter().copied().filter(|&cell| rank(cell) > 0).collect();
            nested.sort_by_key(|&cell| rank(cell));
            for (&outer, &inner) in nested.iter().zip(nested.iter().skip(1)) {
                within.entry(outer).or_default().insert(inner);
            }
            nested.last().copied()
        };
        let label_of: Vec<Option<u32>> = self.cells.iter().map(&mut innermost).collect();
        let mut numbers: BTreeMap<Option<u32>, u32> = BTreeMap::new();
        let mut block_of: Vec<Option<u32>> = vec![None; self.cells.len()];
        let mut view =
            View { of_record: self.of_record.clone(), labels: vec![], sizes: vec![], within };
        for of_record in &mut view.of_record {
            let Some(known) = block_of.get_mut(index(*of_record)) else { continue };
            let block = *known.get_or_insert_with(|| {
                let label = label_of.get(index(*of_record)).copied().flatten();
                *numbers.entry(label).or_insert_with(|| {
                    view.labels.push(label);
                    view.sizes.push(0);
                    number(view.labels.len() - 1)
                })
            });
            *of_record = block;
            if let Some(size) = view.sizes.get_mut(index(block)) {
                *size += 1;
            }
        }
        view
    }
}

fn set<T>(values: &mut [T], at: u32, value: T) {
    if let Some(slot) = values.get_mut(index(at)) {
        *slot = value;
    }
}

/// A count of things that the records number, each holding one at least.
pub(crate) fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(cells: &[&[u32]]) -> Footprint {
        let cells = cells.iter().map(|cell| cell.iter().copied().collect()).collect();
        Footprint::Table { cells }
    }

    #[test]
    fn margins_of_a_whole_table_are_unions_of_its_cells() {
        let cells: [&[u32]; 8] =
            [&[0, 1], &[2], &[3, 4], &[5], &[0, 1, 2], &[0, 1, 3, 4], &[0, 1, 2, 3, 4, 5], &[2, 5]];
        let views = View::of(&table(&cells), 6);
        assert_eq!(views.len(), 1);
        assert_eq!(views[0].labels, [Some(0), Some(1), Some(2), Some(3)]);
        assert_eq!(views[0].sizes, [2, 1, 2, 1]);
    }

    #[test]
    fn a_margin_shows_what_was_suppressed_beneath_it() {
        let views = View::of(&table(&[&[0, 1, 2, 3], &[0, 1, 2]]), 5);
        assert_eq!(views.len(), 1);
        assert_eq!(views[0].labels, [Some(1), Some(0), None]);
        assert_eq!(views[0].sizes, [3, 1, 1]);
    }

    #[test]
    fn cells_that_partly_overlap_are_in_different_views() {
        let views = View::of(&table(&[&[0, 1, 2], &[2, 3], &[4], &[]]), 6);
        let blocks: Vec<_> = views.iter().map(|view| view.of_record.clone()).collect();
        assert_eq!(blocks, [[0, 0, 0, 1, 2, 1], [0, 0, 1, 1, 2, 0]]);
        assert_eq!(View::of(&table(&[]), 2).len(), 1);
    }
}
