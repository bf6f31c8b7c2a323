//! Records that no release tells apart: what a comparison runs over in place of the records.

use super::footprints::index;
use super::views::{View, number};

/// The joint partition of everything released: an atom is a set of records that are in the same
/// block of every view. However many views there are, there are no more atoms than records.
#[derive(Clone, Debug)]
pub(crate) struct Atoms {
    of_record: Vec<u32>,
    count: usize,
}

impl Atoms {
    /// Nothing released: one atom.
    pub(crate) fn new(population: u32) -> Self {
        Self { of_record: vec![0; index(population)], count: 1 }
    }

    /// The joint partition of these atoms and the blocks of `view`. Time and memory are linear in
    /// the records, whatever their values. One part of each atom keeps its number, so that what is
    /// known of the others only grows.
    pub(crate) fn split(&self, view: &View) -> Split {
        let blocks = view.sizes.len();
        // For each atom the block of its first record and how many of its records are there.
        let mut kept = vec![(0, 0); self.count];
        let mut others: Vec<u32> = Vec::new();
        for ((&atom, &block), record) in self.of_record.iter().zip(&view.of_record).zip(0..) {
            let Some((first, size)) = kept.get_mut(index(atom)) else { continue };
            if *size == 0 {
                *first = block;
            }
            if *first == block {
                *size += 1;
            } else {
                others.push(record);
            }
        }
        let kept = (0..).zip(kept);
        let kept = kept.map(|(atom, (block, size))| Part { atom, block, becomes: atom, size });
        let mut split = Split { atoms: self.clone(), parts: kept.collect(), born: Vec::new() };
        split.split_off(view, &by_block(&others, blocks, |&record| view.block(record)));
        split.parts = by_block(&split.parts, blocks, |part| part.block);
        split
    }

    /// The atom of a record.
    pub(crate) fn of(&self, record: u32) -> u32 {
        self.of_record.get(index(record)).copied().unwrap_or_default()
    }
}

/// What is in each of so many blocks, by block, in its order within each.
fn by_block<T: Copy>(items: &[T], blocks: usize, block: impl Fn(&T) -> u32) -> Vec<T> {
    let Some(&any) = items.first() else { return Vec::new() };
    let mut next = vec![0; blocks];
    for item in items {
        if let Some(count) = next.get_mut(index(block(item))) {
            *count += 1;
        }
    }
    let mut start = 0;
    for next in &mut next {
        start += std::mem::replace(next, start);
    }
    let mut sorted = vec![any; items.len()];
    for item in items {
        let Some(next) = next.get_mut(index(block(item))) else { continue };
        if let Some(slot) = sorted.get_mut(*next) {
            *slot = *item;
        }
        *next += 1;
    }
    sorted
}

/// Atoms split by a view: the parts, ascending by block, and the atoms that they become.
#[derive(Clone, Debug)]
pub(crate) struct Split {
    pub(crate) atoms: Atoms,
    pub(crate) parts: Vec<Part>,
    /// The atoms from which new ones were split off, in the order of these.
    pub(crate) born: Vec<u32>,
}

impl Split {
    /// Makes atoms of `records`, by block: those that are not in the block of their atom's first record.
    fn split_off(&mut self, view: &View, records: &[u32]) {
        // For each atom the block that met it last, counted from 1, and its part in that block.
        let mut met = vec![(0_u32, 0_usize); self.parts.len()];
        for &record in records {
            let (atom, block) = (self.atoms.of(record), view.block(record));
            let Some((last, at)) = met.get_mut(index(atom)) else { continue };
            if *last != block + 1 {
                (*last, *at) = (block + 1, self.parts.len());
                let becomes = self.bear(atom);
                self.parts.push(Part { atom, block, becomes, size: 0 });
            }
            let Some(part) = self.parts.get_mut(*at) else { continue };
            part.size += 1;
            if let Some(of_record) = self.atoms.of_record.get_mut(index(record)) {
                *of_record = part.becomes;
            }
        }
    }

    fn bear(&mut self, from: u32) -> u32 {
        self.born.push(from);
        self.atoms.count += 1;
        number(self.atoms.count - 1)
    }

    /// What `of_part` says of each part, by the atom that it becomes.
    pub(crate) fn by_atom(&self, of_part: impl Fn(&Part) -> u32) -> Vec<u32> {
        let mut of_atom = vec![0; self.atoms.count];
        for part in &self.parts {
            if let Some(slot) = of_atom.get_mut(index(part.becomes)) {
                *slot = of_part(part);
            }
        }
        of_atom
    }
}

/// The records that are in one atom and in one block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) atom: u32,
    pub(crate) block: u32,
    /// The atom that it becomes.
    pub(crate) becomes: u32,
    pub(crate) size: u32,
}

/// The block of each atom, in the width that the number of blocks needs: most tables have fewer
/// than 256, and there may be a thousand of them over a hundred thousand atoms.
#[derive(Clone, Debug)]
pub(crate) enum Blocks {
    Narrow(Vec<u8>),
    Wide(Vec<u32>),
}

impl Blocks {
    /// The blocks in `of_atom`, of which there are `count`.
    pub(crate) fn new(of_atom: Vec<u32>, count: usize) -> Self {
        if count > usize::from(u8::MAX) {
            return Self::Wide(of_atom);
        }
        Self::Narrow(of_atom.into_iter().map(|block| block.to_le_bytes()[0]).collect())
    }

    /// The block of `atom`.
    pub(crate) fn get(&self, atom: u32) -> u32 {
        match self {
            Self::Narrow(blocks) => blocks.get(index(atom)).copied().map(u32::from),
            Self::Wide(blocks) => blocks.get(index(atom)).copied(),
        }
        .unwrap_or_default()
    }

    /// Over the atoms after a split: those `born` are in the blocks of the atoms that they are from.
    pub(crate) fn grow(&mut self, born: &[u32]) {
        let from = born.iter().map(|&atom| index(atom));
        match self {
            Self::Narrow(blocks) => {
                let of: Vec<u8> = from.filter_map(|atom| blocks.get(atom).copied()).collect();
                blocks.extend(of);
            }
            Self::Wide(blocks) => {
                let of: Vec<u32> = from.filter_map(|atom| blocks.get(atom).copied()).collect();
                blocks.extend(of);
            }
        }
    }
}
