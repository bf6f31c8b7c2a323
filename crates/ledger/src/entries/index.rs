//! Where in the full blocks something is.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher as _};
use std::sync::{Mutex, PoisonError};

use super::{Block, Indexed, WIDTH};

/// Sorted runs of keys and the places of their entries. Neighbours of one length are merged, so that
/// there are few runs and each key is moved few times. Blocks are read when somebody looks for something,
/// so that a node that starts does not wait for it.
#[derive(Debug, Default)]
pub(super) struct Index(Mutex<Vec<Run>>);

#[derive(Debug)]
struct Run {
    /// Of how many blocks.
    blocks: usize,
    keys: Vec<(u64, usize)>,
}

impl Index {
    /// Where in `full` entries are that can be found by `key`, in their order. Others may be among them:
    /// whose key happens to be the same, and those of newer blocks.
    pub(super) fn places(&self, key: u64, full: &[Block]) -> Vec<usize> {
        let mut runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = runs.iter().map(|run| run.blocks).sum();
        for (number, block) in full.iter().enumerate().skip(known) {
            runs.push(Run::of(number.saturating_mul(WIDTH), block));
            merge(&mut runs);
        }
        runs.iter().flat_map(|run| run.places(key)).collect()
    }
}

/// Merges the last ones as long as they have one length.
fn merge(runs: &mut Vec<Run>) {
    while let [.., before, last] = runs.as_mut_slice() {
        if before.blocks != last.blocks {
            return;
        }
        before.blocks = before.blocks.saturating_add(last.blocks);
        before.keys.append(&mut last.keys);
        // Two sorted halves, which this finds and merges.
        before.keys.sort();
        runs.pop();
    }
}

impl Run {
    /// Of one block, the first entry of which has this place.
    fn of(first: usize, block: &[Indexed]) -> Self {
        let keys = |(place, (_, entry)): (usize, &Indexed)| {
            let digests = [entry.event.object].into_iter().chain(entry.event.evidence.clone());
            digests.map(|digest| key(&digest)).chain([key(&entry.id)]).map(move |key| (key, place))
        };
        let mut keys: Vec<_> = (first..).zip(block).flat_map(keys).collect();
        keys.sort_unstable();
        keys.dedup();
        Self { blocks: 1, keys }
    }

    fn places(&self, key: u64) -> impl Iterator<Item = usize> {
        let first = self.keys.partition_point(|(other, _)| *other < key);
        let found = self.keys.iter().skip(first).take_while(move |(other, _)| *other == key);
        found.map(|(_, place)| *place)
    }
}

/// What stands for a digest or a name. Who chooses digests with the same key makes a search slower, and
/// changes nothing in its answer.
pub(super) fn key(of: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}
