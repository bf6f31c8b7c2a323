//! Erasing what is kept of people behind an entry.

use domain::event::{Action, Actor, Entry, Event};
use domain::ids::{EntryId, PersonId};
use domain::leaf::LeafError;
use domain::recorded::LogPlace;
use domain::{Digest, Reason, Timestamp};

use crate::records::Records;
use crate::state::State;
use crate::{Draft, Ledger, LedgerError};

/// What an erasure did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erased {
    /// Where the erasure stands in the log.
    pub place: LogPlace,
    /// The objects that nobody can read any more.
    pub objects: Vec<Digest>,
    /// The other entries that show the same person in the same project: their record is gone, too.
    pub same_person: Vec<u64>,
}

impl Ledger {
    /// Erases the record behind the entry called `name`, at the word of `by`: who its person is, and
    /// the objects of it that are about people ([`Event::personal`]). The event is in the log before
    /// anything is destroyed. Proofs of all entries, this one's too, stay what they are.
    ///
    /// What was erased is gone wherever the ledger's data was copied to, as long as nobody kept a
    /// copy of its key.
    ///
    /// # Errors
    /// [`EraseError`]; if the log has the event and destroying failed, opening the ledger again ends it.
    pub fn erase(&self, name: &EntryId, by: PersonId, at: Timestamp) -> Result<Erased, EraseError> {
        let entries = self.entries()?;
        let (_, erased) =
            entries.named(name).ok_or_else(|| EraseError::NoSuchEntry(name.clone()))?;
        let objects = self.erasable(erased)?;
        let leaf = erased.to_leaf().map_err(LeafError::Json).map_err(LedgerError::from)?;
        let event = Event {
            project: erased.event.project.clone(),
            evidence: objects.clone(),
            previous: vec![name.clone()],
            ..Event::accepted(Action::RecordErased, Digest::of(&leaf))
        };
        let draft = Draft { actor: Actor::Operator, time: at, person: Some(by), event };
        let place = self.record(draft, ())?.place().clone();
        // CRASH: the log says that it is gone, and it is not quite; opening the ledger ends it.
        self.state().finish_erasures(&self.records)?;
        let shows = |entry: &Entry| entry.id != *name && entry.person == erased.person;
        let same_person =
            entries.iter().filter(|(_, entry)| erased.person.is_some() && shows(entry));
        Ok(Erased { place, objects, same_person: same_person.map(|(index, _)| *index).collect() })
    }

    /// The objects of an entry that go with its record.
    fn erasable(&self, entry: &Entry) -> Result<Vec<Digest>, EraseError> {
        let state = self.state();
        if state.known.is_erased(&entry.id) {
            return Err(EraseError::Already(entry.id.clone()));
        }
        let mut objects = entry.event.personal();
        objects.retain(|object| self.records.has(&object.hex()));
        let has_person = entry.person.is_some_and(|person| !state.known.is_gone(&person.hex()));
        if objects.is_empty() && !has_person {
            return Err(EraseError::Nothing(entry.id.clone()));
        }
        Ok(objects)
    }

    /// Whether the record behind `entry` was erased, or one that had an object in common with it.
    #[must_use]
    pub fn is_erased(&self, entry: &Entry) -> bool {
        let known = &self.state().known;
        let gone = |object: &Digest| known.is_gone(&object.hex());
        known.is_erased(&entry.id) || entry.event.personal().iter().any(gone)
    }
}

impl State {
    /// Destroys what the log says was erased and is still there.
    pub(crate) fn finish_erasures(&self, records: &Records) -> Result<(), LedgerError> {
        self.known
            .gone()
            .filter(|name| records.has(name))
            .try_for_each(|name| records.destroy(name).map_err(LedgerError::from))
    }
}

/// Why a record was not erased.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// It was erased before.
    #[error("what was kept of people behind `{0}` was erased before")]
    Already(EntryId),
    /// The log has no such entry.
    #[error("the log has no entry `{0}`")]
    NoSuchEntry(EntryId),
    /// Nothing is kept of people behind the entry.
    #[error("nothing is kept of people behind `{0}`")]
    Nothing(EntryId),
    /// The ledger could not do it.
    #[error("the record cannot be erased")]
    Ledger(#[from] LedgerError),
}

impl Reason for EraseError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Already(_) => "erase.already",
            Self::NoSuchEntry(_) => "erase.no-such-entry",
            Self::Nothing(_) => "erase.nothing",
            Self::Ledger(cause) => cause.reason(),
        }
    }
}

#[cfg(test)]
mod tests;
