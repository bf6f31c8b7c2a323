//! What the log's entries say of people and of erasures.

use std::collections::{BTreeMap, BTreeSet};

use domain::event::{Action, Actor, Entry, Outcome};
use domain::ids::EntryId;
use domain::pseudonym::Pseudonym;

use crate::entries::Entries;
use crate::records::{Person, RecordError, Records};

/// Read from the entries, in their order, and from the side store.
#[derive(Debug, Default)]
pub(crate) struct Known {
    pseudonyms: BTreeMap<Person, Pseudonym>,
    /// Those that entries have shown, looked up or not.
    met: BTreeSet<Pseudonym>,
    erased_entries: BTreeSet<EntryId>,
    /// The names under which the side store had what was erased.
    erased: BTreeSet<String>,
}

impl Known {
    /// Takes in the next entry; `before` are those before it.
    pub(crate) fn note(
        &mut self,
        entry: &Entry,
        before: &Entries,
        records: &Records,
    ) -> Result<(), RecordError> {
        if let Some(pseudonym) = entry.person.filter(|it| !self.erased.contains(&it.hex())) {
            self.meet(pseudonym, records)?;
        }
        if let Some(erased) = erased_by(entry, before) {
            self.erased.extend(names(entry, erased));
            self.erased_entries.insert(erased.id.clone());
            self.pseudonyms.retain(|_, pseudonym| Some(*pseudonym) != erased.person);
        }
        Ok(())
    }

    fn meet(&mut self, pseudonym: Pseudonym, records: &Records) -> Result<(), RecordError> {
        if self.met.contains(&pseudonym) {
            return Ok(());
        }
        match records.person(&pseudonym) {
            Ok(who) => _ = self.pseudonyms.insert(who, pseudonym),
            Err(error @ RecordError::Store(_)) => return Err(error),
            // Whoever asks who it is gets that answer; nobody else has to know.
            Err(_) => {}
        }
        self.met.insert(pseudonym);
        Ok(())
    }

    /// The pseudonym of `who`, a new one if they have none.
    pub(crate) fn pseudonym(
        &mut self,
        who: Person,
        records: &Records,
    ) -> Result<Pseudonym, RecordError> {
        if let Some(pseudonym) = self.pseudonyms.get(&who) {
            return Ok(*pseudonym);
        }
        let pseudonym = records.add(&who)?;
        self.met.insert(pseudonym);
        self.pseudonyms.insert(who, pseudonym);
        Ok(pseudonym)
    }

    /// The pseudonym of `who`, if the log shows them.
    pub(crate) fn pseudonym_of(&self, who: &Person) -> Option<Pseudonym> {
        self.pseudonyms.get(who).copied()
    }

    /// Whether the record behind this entry was erased.
    pub(crate) fn is_erased(&self, entry: &EntryId) -> bool {
        self.erased_entries.contains(entry)
    }

    /// Whether what the side store had under this name was erased.
    pub(crate) fn is_gone(&self, name: &str) -> bool {
        self.erased.contains(name)
    }

    /// All names that must be empty.
    pub(crate) fn gone(&self) -> impl Iterator<Item = &String> {
        self.erased.iter()
    }
}

/// The entry whose record `entry` says was erased.
pub(crate) fn erased_by<'a>(entry: &Entry, before: &'a Entries) -> Option<&'a Entry> {
    let erasure = entry.actor == Actor::Operator
        && entry.event.action == Action::RecordErased
        && entry.event.outcome == Outcome::Accepted;
    let name = entry.event.previous.first().filter(|_| erasure)?;
    before.named(name).map(|(_, entry)| entry)
}

/// What `erasure` destroys of the record behind `erased`.
fn names(erasure: &Entry, erased: &Entry) -> Vec<String> {
    let objects = erasure.event.evidence.iter().map(domain::Digest::hex);
    objects.chain(erased.person.iter().map(Pseudonym::hex)).collect()
}
