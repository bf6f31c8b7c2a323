//! Some records of each block: enough to see of most views that no small cut parts them.

use super::atoms::Atoms;
use super::footprints::index;
use super::held::Held;
use super::views::View;

/// Some records of each block of a view, with their blocks. Empty where there are too many blocks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample(Vec<(u32, u32)>);

impl Sample {
    /// Records of `view` that are evenly spread in each block: the first ones would tell nothing
    /// of the others where a dataset is sorted.
    pub(crate) fn of(view: &View) -> Self {
        if view.sizes.len() > MAX_BLOCKS {
            return Self::default();
        }
        let stride = |size: &u64| size.div_ceil(PER_BLOCK);
        // For each block the records until the next one is drawn.
        let mut until: Vec<u64> = vec![0; view.sizes.len()];
        let strides: Vec<u64> = view.sizes.iter().map(stride).collect();
        let mut drawn = Vec::new();
        for (record, &block) in (0..).zip(&view.of_record) {
            let Some(until) = until.get_mut(index(block)) else { continue };
            if *until == 0 {
                drawn.push((block, record));
                *until = strides.get(index(block)).copied().unwrap_or_default();
            }
            *until = until.saturating_sub(1);
        }
        drawn.sort_unstable();
        Self(drawn)
    }

    /// The records of two samples in other blocks, as `block` says.
    pub(crate) fn joined(&self, other: &Self, blocks: usize, block: impl Fn(u32) -> u32) -> Self {
        if blocks > MAX_BLOCKS {
            return Self::default();
        }
        let records = self.0.iter().chain(&other.0).map(|&(_, record)| record);
        let mut drawn: Vec<(u32, u32)> = records.map(|record| (block(record), record)).collect();
        drawn.sort_unstable();
        drawn.dedup();
        Self(drawn)
    }
}

/// A new view that those held are compared with.
pub(crate) struct Probe<'a> {
    view: &'a View,
    /// Blocks and atoms of the sampled records.
    drawn: Vec<(u32, u32)>,
}

impl<'a> Probe<'a> {
    /// `sample` is one of `view`; `atoms` are those of the views held.
    pub(crate) fn new(view: &'a View, sample: &Sample, atoms: &Atoms) -> Self {
        let drawn = sample.0.iter().map(|&(block, record)| (block, atoms.of(record)));
        Self { view, drawn: drawn.collect() }
    }

    /// Whether the records sampled alone show that every cut of the overlap with `held` has `limit`
    /// records at least. If not, there may be one with fewer.
    ///
    /// A set of blocks that no smaller cut parts is grown from one block: another block that shares
    /// `limit` records with those in the set is on their side of every smaller cut, too.
    pub(crate) fn holds_together(&self, held: &Held, limit: u64) -> bool {
        let (left, right) = (self.view.sizes.len(), held.sizes.len());
        let shared = self.shared(held);
        shared.is_some_and(|shared| grows_to_all(&shared, left, right, limit))
    }

    /// Whether the records sampled alone show more than `most` edges of the overlap with `held`.
    pub(crate) fn has_edges(&self, held: &Held, most: usize) -> bool {
        let edges = |shared: Vec<u32>| shared.into_iter().filter(|&shared| shared > 0).count();
        self.shared(held).map(edges).is_some_and(|edges| edges > most)
    }

    /// For each two blocks, by left block, a number of records that they share at least.
    fn shared(&self, held: &Held) -> Option<Vec<u32>> {
        if self.drawn.is_empty() || held.sample.0.is_empty() {
            return None;
        }
        let (left, right) = (self.view.sizes.len(), held.sizes.len());
        let new = self.drawn.iter().map(|&(block, atom)| (block, held.blocks.get(atom)));
        let known = held.sample.0.iter().map(|&(block, record)| (self.view.block(record), block));
        // A record may be in both samples: of two lower bounds the greater is one, their sum is none.
        let (mut shared, by_known) = (counts(new, left, right), counts(known, left, right));
        for (count, other) in shared.iter_mut().zip(by_known) {
            *count = other.max(*count);
        }
        Some(shared)
    }
}

/// How often each pair of blocks occurs, by left block.
fn counts(pairs: impl Iterator<Item = (u32, u32)>, left: usize, right: usize) -> Vec<u32> {
    let mut counts = vec![0; left * right];
    for (a, b) in pairs {
        if let Some(count) = counts.get_mut(index(a) * right + index(b)) {
            *count += 1;
        }
    }
    counts
}

fn grows_to_all(shared: &[u32], left: usize, right: usize, limit: u64) -> bool {
    // What each block shares with those in the set; none for a block that is in it.
    let mut outside: Vec<Option<u64>> = vec![Some(0); left + right];
    let (mut reached, mut within) = (vec![0], 0);
    while let Some(vertex) = reached.pop() {
        let Some(Some(_)) = outside.get_mut(vertex).map(Option::take) else { continue };
        within += 1;
        let (others, first, step) = match vertex.checked_sub(left) {
            None => (left..left + right, vertex * right, 1),
            Some(block) => (0..left, block, right),
        };
        for (other, shared) in others.zip(shared.iter().skip(first).step_by(step)) {
            let Some(Some(sum)) = outside.get_mut(other) else { continue };
            *sum += u64::from(*shared);
            if *sum >= limit {
                reached.push(other);
            }
        }
    }
    within == left + right
}

/// Records drawn from each block.
const PER_BLOCK: u64 = 96;
/// With more blocks a sample would be as long as the dataset, and pairs of blocks would be many.
const MAX_BLOCKS: usize = 1_024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::releases::cut::Poles;
    use crate::releases::footprints::Footprint;
    use crate::releases::shown::Shown;
    use proptest::prelude::*;

    fn shown(of_record: &[u32]) -> Shown {
        let cell = |cell| (0..).zip(of_record).filter(move |(_, of)| **of == cell);
        let cells = (0..8).map(|at| cell(at).map(|(record, _)| record).collect()).collect();
        let population = u32::try_from(of_record.len()).unwrap();
        let view = View::of(&Footprint::Table { cells }, population).remove(0);
        Shown { file: "x".into(), microdata: false, view }
    }

    /// Whether the sample shows that there is no cut below `limit`, and whether there is none.
    fn both(left: &[u32], right: &[u32], limit: u64) -> (bool, bool) {
        let (left, right) = (shown(left), shown(right));
        let atoms = Atoms::new(u32::try_from(left.view.of_record.len()).unwrap());
        let split = atoms.split(&right.view);
        let held = Held::new(&right, &split, None);
        let new = split.atoms.split(&left.view);
        let other = Held::new(&left, &new, None);
        let probe = Probe::new(&left.view, &other.sample, &split.atoms);
        let overlap = other.overlap(&new.parts, &held, usize::MAX).unwrap();
        let parted = [Poles::Left, Poles::Right].map(|poles| overlap.cuts(poles, limit).is_empty());
        (probe.holds_together(&held, limit), parted == [true; 2])
    }

    proptest! {
        #[test]
        fn what_the_sample_shows_is_so(
            records in prop::collection::vec((0..5_u32, 0..5_u32), 1..200),
            limit in 1..12_u64,
        ) {
            let (left, right): (Vec<u32>, Vec<u32>) = records.into_iter().unzip();
            let (shows, holds) = both(&left, &right, limit);
            prop_assert!(holds || !shows);
        }
    }

    #[test]
    fn large_blocks_need_a_few_of_their_records() {
        let left: Vec<u32> = (0..60_000).map(|record| record % 4).collect();
        let right: Vec<u32> = (0..60_000).map(|record| record / 7_000 % 5).collect();
        assert_eq!(both(&left, &right, 10), (true, true));
        // The least block has 9 records.
        let right: Vec<u32> = (0..60_000).map(|record| u32::from(record < 9)).collect();
        assert_eq!(both(&left, &right, 10), (false, false));
    }
}
