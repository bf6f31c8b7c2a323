//! The log's decisions in memory, and what is about what.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher as _};
use std::sync::{Arc, OnceLock};

use domain::Digest;
use domain::event::Entry;
use domain::ids::EntryId;

/// Every decision with its index in the log, oldest first, as of one moment.
///
/// A copy does not change any more: whoever decides looks at one. It shares all full blocks, so that it
/// is made of some hundred entries at most, and a full block finds those about a digest without reading
/// all of its own.
#[derive(Clone, Debug, Default)]
pub struct Entries {
    full: Vec<Arc<Block>>,
    /// Fewer than a block has, and more than none unless there are no entries.
    last: Vec<Indexed>,
}

/// A decision, and where it stands in the log.
pub type Indexed = (u64, Entry);

#[derive(Debug)]
struct Block {
    entries: Vec<Indexed>,
    /// Made when somebody first looks for something: hashes of what each entry can be found by, in their
    /// order, and the entry's place.
    finder: OnceLock<Box<[(u64, usize)]>>,
}

impl Entries {
    /// Oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Indexed> {
        self.full.iter().flat_map(|block| &block.entries).chain(&self.last)
    }

    /// Those at `index` of the log and behind it.
    pub fn since(&self, index: u64) -> impl Iterator<Item = &Indexed> {
        let ends_before = |block: &Arc<Block>| block.entries.last().is_some_and(|it| it.0 < index);
        let blocks = self.full.iter().skip(self.full.partition_point(ends_before));
        blocks.flat_map(|block| &block.entries).chain(&self.last).filter(move |it| it.0 >= index)
    }

    /// Those whose object this is, or that have it as evidence; oldest first.
    pub fn about(&self, digest: Digest) -> impl Iterator<Item = &Indexed> {
        let is = move |entry: &Entry| {
            entry.event.object == digest || entry.event.evidence.contains(&digest)
        };
        self.found(hash(&digest), is)
    }

    /// The oldest with this name; the ledger gives each name once.
    #[must_use]
    pub fn named(&self, name: &EntryId) -> Option<&Indexed> {
        self.found(hash(name), move |entry| entry.id == *name).next()
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
        let full = self.full.iter().flat_map(move |block| block.candidates(key));
        full.chain(&self.last).filter(move |(_, entry)| is(entry))
    }

    /// Takes in the newest.
    pub(crate) fn push(&mut self, index: u64, entry: Entry) {
        if self.last.capacity() == 0 {
            self.last.reserve_exact(WIDTH);
        }
        self.last.push((index, entry));
        if self.last.len() == WIDTH {
            let entries = std::mem::take(&mut self.last);
            self.full.push(Arc::new(Block { entries, finder: OnceLock::new() }));
        }
    }
}

impl Block {
    /// Those with this key, each once: and others whose key happens to be the same.
    fn candidates(&self, key: u64) -> impl Iterator<Item = &Indexed> {
        let finder = self.finder.get_or_init(|| finder(&self.entries));
        let first = finder.partition_point(|(other, _)| *other < key);
        let places = finder.iter().skip(first).take_while(move |(other, _)| *other == key);
        places.filter_map(|(_, place)| self.entries.get(*place))
    }
}

fn finder(entries: &[Indexed]) -> Box<[(u64, usize)]> {
    let keys = |(place, (_, entry)): (usize, &Indexed)| {
        let digests = [entry.event.object].into_iter().chain(entry.event.evidence.clone());
        digests.map(|digest| hash(&digest)).chain([hash(&entry.id)]).map(move |key| (key, place))
    };
    let mut finder: Vec<_> = entries.iter().enumerate().flat_map(keys).collect();
    finder.sort_unstable();
    finder.dedup();
    finder.into_boxed_slice()
}

/// Who chooses digests with the same key makes a search slower, and changes nothing in its answer.
fn hash(of: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

/// What is copied with `last`, and read for every search: some microseconds each.
const WIDTH: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Timestamp;
    use domain::event::{Action, Actor, Event};

    /// Entries about few things, so that much is about the same; with gaps in their indices.
    fn some(count: usize) -> (Entries, Vec<Indexed>) {
        let (mut entries, mut plain) = (Entries::default(), Vec::new());
        for number in 0..count {
            let byte = |of: usize| u8::try_from(of % 251).unwrap();
            let thing = |of: usize| Digest::of(&[byte(of)]);
            let mut event = Event::accepted(Action::OutputReviewed, thing(number * number));
            event.evidence = vec![thing(number * 7), thing(number / 100), thing(number * 7)];
            let entry = Entry {
                id: id(number),
                sequence: number.try_into().unwrap(),
                time: Timestamp::EPOCH,
                actor: Actor::Airlock,
                person: None,
                event,
            };
            let index = u64::try_from(number + number / 3).unwrap();
            entries.push(index, entry.clone());
            plain.push((index, entry));
        }
        (entries, plain)
    }

    fn id(number: usize) -> EntryId {
        EntryId::from_random(u128::try_from(number).unwrap().to_be_bytes())
    }

    #[test]
    fn everything_is_found_that_reading_all_would_find() {
        for count in [0, 1, WIDTH - 1, WIDTH, WIDTH + 1, 3 * WIDTH + 17] {
            let (entries, plain) = some(count);
            assert_eq!((entries.len(), entries.is_empty()), (count, count == 0));
            assert!(entries.iter().eq(&plain));
            assert!(entries.iter().rev().eq(plain.iter().rev()));
            for byte in 0..=255 {
                let thing = Digest::of(&[byte]);
                let is = |(_, it): &&Indexed| {
                    it.event.object == thing || it.event.evidence.contains(&thing)
                };
                assert!(entries.about(thing).eq(plain.iter().filter(is)), "{byte} of {count}");
            }
            for number in [0, 1, WIDTH - 1, WIDTH, 2 * WIDTH + 5, 4 * WIDTH] {
                assert_eq!(entries.named(&id(number)), plain.get(number));
                let index = u64::try_from(number).unwrap();
                assert!(entries.since(index).eq(plain.iter().filter(|it| it.0 >= index)));
            }
        }
    }

    #[test]
    fn a_copy_does_not_change() {
        let (mut entries, plain) = some(2 * WIDTH - 1);
        let copy = entries.clone();
        let (index, entry) = plain[0].clone();
        for _ in 0..WIDTH {
            entries.push(index, entry.clone());
        }
        assert!(copy.iter().eq(&plain));
        assert_eq!(
            copy.about(entry.event.object).count() + WIDTH,
            entries.about(entry.event.object).count()
        );
    }
}
