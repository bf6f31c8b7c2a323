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
    /// the records, whatever their values.
    pub(crate) fn split(&self, view: &View) -> Split {
        let mut split = Split {
            atoms: Self { of_record: vec![0; self.of_record.len()], count: 0 },
            parts: Vec::new(),
        };
        // For each atom the block that met it last, counted from 1, and its part in that block.
        let mut met = vec![(0_u32, 0_u32); self.count];
        for record in by_block(view) {
            let of = |numbers: &[u32]| numbers.get(index(record)).copied().unwrap_or_default();
            let (atom, block) = (of(&self.of_record), of(&view.of_record));
            let Some(met) = met.get_mut(index(atom)) else { continue };
            if met.0 != block + 1 {
                *met = (block + 1, number(split.parts.len()));
                split.parts.push(Part { atom, block, size: 0 });
            }
            if let Some(part) = split.parts.get_mut(index(met.1)) {
                part.size += 1;
            }
            if let Some(of_record) = split.atoms.of_record.get_mut(index(record)) {
                *of_record = met.1;
            }
        }
        split.atoms.count = split.parts.len();
        split
    }
}

/// Record ids by block, ascending within each.
fn by_block(view: &View) -> Vec<u32> {
    let mut next: Vec<usize> = Vec::with_capacity(view.sizes.len());
    let mut start = 0;
    for &size in &view.sizes {
        next.push(start);
        start += usize::try_from(size).unwrap_or(usize::MAX);
    }
    let mut records = vec![0; view.of_record.len()];
    for (record, &block) in (0..).zip(&view.of_record) {
        let Some(next) = next.get_mut(index(block)) else { continue };
        if let Some(slot) = records.get_mut(*next) {
            *slot = record;
        }
        *next += 1;
    }
    records
}

/// Atoms split by a view: the parts, ascending by block, and the atoms that they become.
#[derive(Clone, Debug)]
pub(crate) struct Split {
    pub(crate) atoms: Atoms,
    pub(crate) parts: Vec<Part>,
}

/// The records that are in one atom and in one block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) atom: u32,
    pub(crate) block: u32,
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

    /// The same blocks over the atoms after a split: each part is in the block of its atom.
    pub(crate) fn split(&self, parts: &[Part]) -> Self {
        let atoms = parts.iter().map(|part| index(part.atom));
        match self {
            Self::Narrow(blocks) => {
                Self::Narrow(atoms.filter_map(|atom| blocks.get(atom).copied()).collect())
            }
            Self::Wide(blocks) => {
                Self::Wide(atoms.filter_map(|atom| blocks.get(atom).copied()).collect())
            }
        }
    }
}
