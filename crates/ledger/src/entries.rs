//! The log's decisions in memory, and what is about what.

mod index;

use std::sync::Arc;

use domain::Digest;
use domain::event::Entry;
use domain::ids::EntryId;

use index::{Index, key};

/// Every decision with its index in the log, oldest first, as of one moment.
///
/// A copy does not change any more: whoever decides looks at one. Entries lie in blocks that copies
/// share, so that making one copies some hundred entries at most; what is in full blocks is found by an
/// index, which copies share, too.
#[derive(Clone, Debug, Default)]
pub struct Entries {
    full: Vec<Block>,
    /// Fewer than a block has, and more than none unless there are no entries.
    last: Vec<Indexed>,
    index: Arc<Index>,
}

/// A decision, and where it stands in the log.
pub type Indexed = (u64, Entry);

/// As many entries as any other.
type Block = Arc<Vec<Indexed>>;

impl Entries {
    /// Oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Indexed> {
        self.full.iter().flat_map(|block| block.iter()).chain(&self.last)
    }

    /// Those at `index` of the log and behind it.
    pub fn since(&self, index: u64) -> impl Iterator<Item = &Indexed> {
        let ends_before = |block: &Block| block.last().is_some_and(|it| it.0 < index);
        let blocks = self.full.iter().skip(self.full.partition_point(ends_before));
        blocks.flat_map(|block| block.iter()).chain(&self.last).filter(move |it| it.0 >= index)
    }

    /// Those whose object this is, or that have it as evidence; oldest first.
    pub fn about(&self, digest: Digest) -> impl Iterator<Item = &Indexed> {
        self.found(key(&digest), move |entry| {
            entry.event.object == digest || entry.event.evidence.contains(&digest)
        })
    }

    /// The oldest with this name; the ledger gives each name once.
    #[must_use]
    pub fn named(&self, name: &EntryId) -> Option<&Indexed> {
        self.found(key(name), |entry| entry.id == *name).next()
    }

    /// How many there are. Published signatures are none of them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.full.len().saturating_mul(WIDTH).saturating_add(self.last.len())
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.full.is_empty() && self.last.is_empty()
    }

    fn found(&self, key: u64, is: impl Fn(&Entry) -> bool) -> impl Iterator<Item = &Indexed> {
        let places = self.index.places(key, &self.full).into_iter();
        let full = places.filter_map(|place| self.full.get(place / WIDTH)?.get(place % WIDTH));
        full.chain(&self.last).filter(move |(_, entry)| is(entry))
    }
}

/// The entries that grow with the log: there is one, so that an index is of one history.
#[derive(Debug, Default)]
pub(crate) struct History(Entries);

impl History {
    /// Those so far.
    pub(crate) const fn entries(&self) -> &Entries {
        &self.0
    }

    /// Takes in the newest.
    pub(crate) fn push(&mut self, index: u64, entry: Entry) {
        let Entries { full, last, .. } = &mut self.0;
        if last.capacity() == 0 {
            last.reserve_exact(WIDTH);
        }
        last.push((index, entry));
        if last.len() == WIDTH {
            full.push(Arc::new(std::mem::take(last)));
        }
    }
}

/// What is copied with `last`, and read for every search: some microseconds each.
const WIDTH: usize = 512;

#[cfg(test)]
mod tests;
