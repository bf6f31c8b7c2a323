//! What the writer knows of the log.

use std::collections::BTreeMap;

use domain::event::{Actor, Entry};
use domain::ids::EntryId;
use tlog::{Log, Witnessed};
use tlog_files::FileStore;

use crate::{Draft, LedgerError};

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) log: Log<FileStore>,
    pub(crate) next: Next,
    /// The newest checkpoint that a quorum cosigned, if one is asked for.
    pub(crate) cosigned: Option<Witnessed>,
    /// Witnesses are being asked about what was committed.
    pub(crate) asking: bool,
    /// Entries that were read, from the first on.
    entries: Vec<(u64, Entry)>,
}

/// The sequence number of each actor's next entry.
#[derive(Clone, Debug, Default)]
pub(crate) struct Next {
    of: BTreeMap<Actor, u64>,
    /// Of how many entries this is so.
    counted: u64,
}

impl Next {
    /// The entry of a draft, which takes its actor's next number.
    pub(crate) fn entry(&mut self, draft: Draft) -> Result<Entry, LedgerError> {
        let entry = Entry {
            id: EntryId::from_random(random_bits()?),
            sequence: self.of.get(&draft.actor).copied().unwrap_or_default(),
            time: draft.time,
            actor: draft.actor,
            person: draft.person,
            event: draft.event,
        };
        self.count(&entry);
        Ok(entry)
    }

    fn count(&mut self, entry: &Entry) {
        self.of.insert(entry.actor, entry.sequence.saturating_add(1));
        self.counted += 1;
    }
}

impl State {
    /// Counts what the log holds.
    pub(crate) fn open(log: Log<FileStore>) -> Result<Self, LedgerError> {
        let next = last_numbers(&log)?;
        Ok(Self { log, next, cosigned: None, asking: false, entries: Vec::new() })
    }

    /// Lets the log finish or discard what a failed append left behind, and counts what is new. An
    /// append whose outcome was unknown may have come through: then its entry counts.
    pub(crate) fn catch_up(&mut self) -> Result<(), LedgerError> {
        if self.asking {
            return Ok(());
        }
        self.log.append(&[])?;
        while self.next.counted < self.log.size() {
            for leaf in self.log.entries_from(self.next.counted)? {
                self.next.count(&read(&leaf)?);
            }
        }
        Ok(())
    }

    /// Whether entry `index` is in a checkpoint that a quorum cosigned.
    pub(crate) fn is_cosigned(&self, index: u64) -> bool {
        self.cosigned.as_ref().is_some_and(|cosigned| index < cosigned.checkpoint().size)
    }

    /// Every entry of the published log.
    pub(crate) fn entries(&mut self) -> Result<&[(u64, Entry)], LedgerError> {
        let mut known = u64::try_from(self.entries.len()).unwrap_or(u64::MAX);
        while known < self.log.size() {
            for leaf in self.log.entries_from(known)? {
                self.entries.push((known, read(&leaf)?));
                known += 1;
            }
        }
        Ok(&self.entries)
    }
}

/// Each actor's last number, read from the end. Numbers have no gaps: as soon as those found account for
/// every entry, there is no other actor.
fn last_numbers(log: &Log<FileStore>) -> Result<Next, LedgerError> {
    let mut next = Next { of: BTreeMap::new(), counted: log.size() };
    let mut end = log.size();
    while end > 0 && next.of.values().sum::<u64>() < log.size() {
        let start = (end - 1) / tlog::path::TILE_WIDTH * tlog::path::TILE_WIDTH;
        for leaf in log.entries_from(start)?.iter().rev() {
            let entry = read(leaf)?;
            next.of.entry(entry.actor).or_insert(entry.sequence.saturating_add(1));
        }
        end = start;
    }
    Ok(next)
}

fn read(leaf: &[u8]) -> Result<Entry, LedgerError> {
    Entry::from_leaf(leaf).map_err(LedgerError::Entry)
}

fn random_bits() -> Result<[u8; 16], LedgerError> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(LedgerError::Random)?;
    Ok(bits)
}
