//! The one writer of the log: a decision becomes a durable, included entry before anything rests
//! on it, and the objects that entries name by digest are kept beside it.
//!
//! Broker and airlock share one [`Ledger`]. [`Ledger::record`] is the only caller of
//! [`Recorded::assertion`]: holding a `Recorded<T>` means that the event of `T` is in a signed,
//! published checkpoint.

mod erase;
mod files;
mod known;
mod objects;
mod records;

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::canonical::CanonicalError;
use domain::event::{Actor, Entry, Event};
use domain::ids::{EntryId, PersonId};
use domain::keys::SecretKey;
use domain::pseudonym::Pseudonym;
use domain::recorded::LogPlace;
use domain::{Digest, Reason, Recorded, Timestamp};
use tlog::{LeafProof, Log, LogError, VerifierKey};
use tlog_files::FileStore;

use known::Known;

pub use erase::{EraseError, Erased};
pub use objects::ObjectError;
pub use records::{Person, RecordError, Records};

/// The log of one deployment, open for writing, and its objects.
#[derive(Debug)]
pub struct Ledger {
    state: Mutex<State>,
    objects: objects::Objects,
    records: Records,
    key: VerifierKey,
}

/// Where a ledger is kept. The parts have different enemies, and so different backups
/// (docs/operating.md).
#[derive(Clone, Debug)]
pub struct Folders {
    /// The log, and what its entries name by digest: `log/`, `objects/`, `sealed/`. May be copied.
    pub data: PathBuf,
    /// The log's commit cell: never restored together with the log.
    pub state: PathBuf,
    /// The keys of records: what is removed here is erased, unless a copy comes back.
    pub record_keys: PathBuf,
}

impl Folders {
    /// The side store in these folders, for reading.
    #[must_use]
    pub fn records(&self) -> Records {
        Records::at(&self.data.join("sealed"), &self.record_keys)
    }
}

#[derive(Debug)]
struct State {
    log: Log<FileStore>,
    /// Every entry that the log is known to hold.
    entries: Vec<(u64, Entry)>,
    known: Known,
}

impl State {
    /// Lets the log finish or discard what a failed append left behind, and reads what is new. An
    /// append whose outcome was unknown may have come through: then its entry counts.
    fn catch_up(&mut self, records: &Records) -> Result<(), LedgerError> {
        self.log.append(&[])?;
        let known = u64::try_from(self.entries.len()).unwrap_or(u64::MAX);
        for index in known..self.log.size() {
            let entry = Entry::from_leaf(&self.log.entry(index)?).map_err(LedgerError::Entry)?;
            self.take(index, entry, records)?;
        }
        Ok(())
    }

    fn take(&mut self, index: u64, entry: Entry, records: &Records) -> Result<(), LedgerError> {
        self.known.note(&entry, &self.entries, records)?;
        self.entries.push((index, entry));
        Ok(())
    }

    /// The entry of a draft, with the next sequence number of its actor; `drafted` are the entries
    /// that will precede it.
    fn entry(
        &mut self,
        draft: Draft,
        drafted: &[Entry],
        records: &Records,
    ) -> Result<Entry, LedgerError> {
        let last = drafted
            .iter()
            .rev()
            .chain(self.entries.iter().rev().map(|(_, entry)| entry))
            .find(|entry| entry.actor == draft.actor);
        let sequence = last.map_or(0, |entry| entry.sequence.saturating_add(1));
        let project = draft.event.project.clone();
        let who = draft.person.map(|person| Person { person, project });
        // CRASH: a pseudonym that no entry has; nobody looks for it.
        let person = who.map(|who| self.known.pseudonym(who, records)).transpose()?;
        Ok(Entry {
            id: EntryId::from_random(random_bits()?),
            sequence,
            time: draft.time,
            actor: draft.actor,
            person,
            event: draft.event,
        })
    }
}

impl Ledger {
    /// Opens the ledger in `folders` and creates what is missing. `origin` and `key` are the log's.
    /// An erasure that did not come to its end is finished.
    ///
    /// # Errors
    /// The log's own reasons, and [`LedgerError::Entry`] if it holds something that is no entry.
    pub fn open(folders: &Folders, origin: &str, key: SecretKey) -> Result<Self, LedgerError> {
        let Folders { data, state, record_keys } = folders;
        let store =
            FileStore::open(&data.join("log"), &state.join("log-head")).map_err(LogError::from)?;
        let log = Log::open(store, origin, key)?;
        let key = log.key().clone();
        let records =
            Records::open(&data.join("sealed"), record_keys).map_err(RecordError::from)?;
        let mut state = State { log, entries: Vec::new(), known: Known::default() };
        state.catch_up(&records)?;
        state.finish_erasures(&records)?;
        let objects = objects::Objects::open(&data.join("objects"))?;
        Ok(Self { state: Mutex::new(state), objects, records, key })
    }

    /// Writes a decision to the log and, once it is durable and included, hands `value` back as
    /// recorded. This blocks on the disk: call it from a blocking task.
    ///
    /// # Errors
    /// [`LedgerError`]; nothing may be released then.
    pub fn record<T>(&self, draft: Draft, value: T) -> Result<Recorded<T>, LedgerError> {
        self.record_all(draft, Vec::new(), value)
    }

    /// Writes a decision and those that belong to it in one step: all are in the log, or none.
    ///
    /// # Errors
    /// As [`Ledger::record`].
    pub fn record_all<T>(
        &self,
        draft: Draft,
        others: Vec<Draft>,
        value: T,
    ) -> Result<Recorded<T>, LedgerError> {
        let mut state = self.state();
        state.catch_up(&self.records)?;
        let first = state.entry(draft, &[], &self.records)?;
        let entry = first.id.clone();
        let mut drafted = vec![first];
        for other in others {
            drafted.push(state.entry(other, &drafted, &self.records)?);
        }
        let leaves = drafted.iter().map(Entry::to_leaf).collect::<Result<Vec<_>, _>>();
        let index = state.log.append(&leaves.map_err(LedgerError::Entry)?)?.first_index;
        for (index, entry) in (index..).zip(drafted) {
            state.take(index, entry, &self.records)?;
        }
        Ok(Recorded::assertion(value, LogPlace { entry, index }))
    }

    /// Keeps `bytes`, which say nothing of people, durably under their digest. Keeping the same bytes
    /// twice is harmless.
    ///
    /// # Errors
    /// [`LedgerError::Object`].
    pub fn keep(&self, bytes: &[u8]) -> Result<Digest, LedgerError> {
        Ok(self.objects.keep(bytes)?)
    }

    /// Keeps `bytes` so that they can be erased: what people said, or who they are. To be named by an
    /// event where [`Event::personal`] has it.
    ///
    /// # Errors
    /// [`LedgerError::Object`] for bytes that were erased before, [`LedgerError::Record`].
    pub fn keep_personal(&self, bytes: &[u8]) -> Result<Digest, LedgerError> {
        let digest = Digest::of(bytes);
        if self.state().known.is_gone(&digest.hex()) {
            return Err(ObjectError::Erased(digest).into());
        }
        Ok(self.records.keep(bytes)?)
    }

    /// The kept bytes with this digest, checked against it.
    ///
    /// # Errors
    /// [`LedgerError::Object`] if there are none, or they were altered or erased.
    pub fn object(&self, digest: &Digest) -> Result<Vec<u8>, LedgerError> {
        if self.state().known.is_gone(&digest.hex()) {
            return Err(ObjectError::Erased(*digest).into());
        }
        match self.records.object(digest) {
            Ok(bytes) => Ok(bytes),
            Err(RecordError::Missing) if !self.records.has(&digest.hex()) => {
                Ok(self.objects.read(digest)?)
            }
            Err(RecordError::Missing) => Err(ObjectError::Missing(*digest).into()),
            Err(RecordError::Altered) => Err(ObjectError::Altered(*digest).into()),
            Err(error) => Err(error.into()),
        }
    }

    /// Who is behind `pseudonym`.
    ///
    /// # Errors
    /// [`LedgerError::Record`]: erased, missing or altered.
    pub fn person(&self, pseudonym: &Pseudonym) -> Result<Person, LedgerError> {
        if self.state().known.is_gone(&pseudonym.hex()) {
            return Err(RecordError::Erased.into());
        }
        Ok(self.records.person(pseudonym)?)
    }

    /// The pseudonym that `who` has in the log, if it shows them.
    #[must_use]
    pub fn pseudonym_of(&self, who: &Person) -> Option<Pseudonym> {
        self.state().known.pseudonym_of(who)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every entry with its index, oldest first: what services rebuild their state from.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn entries(&self) -> Result<Vec<(u64, Entry)>, LedgerError> {
        let mut state = self.state();
        state.catch_up(&self.records)?;
        Ok(state.entries.clone())
    }

    /// The leaf at `index` and its proof against the newest checkpoint.
    ///
    /// # Errors
    /// [`LedgerError::Log`].
    pub fn prove(&self, index: u64) -> Result<(Vec<u8>, LeafProof), LedgerError> {
        let state = self.state();
        Ok((state.log.entry(index)?, state.log.prove(index)?))
    }

    /// The log's name and key, for verifiers.
    #[must_use]
    pub const fn key(&self) -> &VerifierKey {
        &self.key
    }
}

/// An event with the facts that its writer supplies.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The deciding service.
    pub actor: Actor,
    /// When it decided, by its clock.
    pub time: Timestamp,
    /// The person on whose statement the decision rests.
    pub person: Option<PersonId>,
    /// What it decided.
    pub event: Event,
}

fn random_bits() -> Result<[u8; 16], LedgerError> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(LedgerError::Random)?;
    Ok(bits)
}

/// Why a decision could not be recorded or read back.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// A leaf is not an entry in its canonical form.
    #[error("a log entry is malformed")]
    Entry(#[source] CanonicalError),
    /// The log did not take or give an entry.
    #[error("the log is not available")]
    Log(#[from] LogError),
    /// An object could not be kept or read.
    #[error("an object that the log names cannot be kept or read")]
    Object(#[from] ObjectError),
    /// A record about people could not be kept or read.
    #[error("a record about people cannot be kept or read")]
    Record(#[from] RecordError),
    /// The operating system gave no randomness.
    #[error("the operating system gives no randomness")]
    Random(#[source] getrandom::Error),
}

impl Reason for LedgerError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Entry(_) => "log.malformed",
            Self::Log(cause) => cause.reason(),
            Self::Object(cause) => cause.reason(),
            Self::Record(cause) => cause.reason(),
            Self::Random(_) => "system.no-randomness",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::event::Action;
    use std::path::Path;
    use zeroize::Zeroizing;

    fn open(folder: &Path) -> Result<Ledger, LedgerError> {
        let key = SecretKey::from_seed(&Zeroizing::new([9; 32]));
        let at = |part: &str| folder.join(part);
        let folders =
            Folders { data: at("data"), state: at("state"), record_keys: at("record-keys") };
        Ledger::open(&folders, "test.example/log", key)
    }

    fn draft(object: Digest) -> Draft {
        Draft {
            actor: Actor::Broker,
            time: Timestamp::from_unix_seconds(1_800_000_000).unwrap(),
            person: None,
            event: Event::accepted(Action::DatasetSealed, object),
        }
    }

    #[test]
    fn sequence_goes_on_after_reopening_and_proofs_verify() {
        let folder = tempfile::tempdir().unwrap();
        let first = open(folder.path()).unwrap().record(draft(Digest::of(b"1")), ()).unwrap();
        let ledger = open(folder.path()).unwrap();
        let second = ledger.record(draft(Digest::of(b"2")), "value").unwrap();
        assert_eq!((first.place().index, second.place().index), (0, 1));
        let entries = ledger.entries().unwrap();
        assert_eq!(entries.iter().map(|(_, e)| e.sequence).collect::<Vec<_>>(), [0, 1]);
        let (leaf, proof) = ledger.prove(1).unwrap();
        let included = tlog::verify::verify_inclusion(&leaf, &proof, ledger.key()).unwrap();
        assert_eq!(included.index(), 1);
    }

    #[test]
    fn decisions_that_belong_together_are_numbered_in_their_order() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = open(folder.path()).unwrap();
        let airlock = |object: &[u8]| Draft { actor: Actor::Airlock, ..draft(Digest::of(object)) };
        ledger.record(draft(Digest::of(b"1")), ()).unwrap();
        let others = vec![airlock(b"3"), draft(Digest::of(b"4"))];
        let first = ledger.record_all(airlock(b"2"), others, ()).unwrap();
        assert_eq!(first.place().index, 1);
        let numbers = |entries: Vec<(u64, Entry)>| -> Vec<(Actor, u64)> {
            entries.into_iter().map(|(_, entry)| (entry.actor, entry.sequence)).collect()
        };
        let expected =
            [(Actor::Broker, 0), (Actor::Airlock, 0), (Actor::Airlock, 1), (Actor::Broker, 1)];
        assert_eq!(numbers(ledger.entries().unwrap()), expected);
        drop(ledger);
        assert_eq!(numbers(open(folder.path()).unwrap().entries().unwrap()), expected);
    }

    /// An append that failed after its entry was committed shows up later: its number is taken.
    #[test]
    fn a_number_is_not_used_twice_after_a_failed_append() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = open(folder.path()).unwrap();
        ledger.record(draft(Digest::of(b"1")), ()).unwrap();
        // The checkpoint is written beside its place, last: with a folder there, all else is done.
        let obstacle = folder.path().join("data/log/.checkpoint.new");
        std::fs::create_dir(&obstacle).unwrap();
        let failed = ledger.record(draft(Digest::of(b"2")), ()).unwrap_err();
        assert_eq!(failed.reason(), "log.unavailable");
        assert_eq!(ledger.entries().unwrap_err().reason(), "log.unavailable");
        std::fs::remove_dir(&obstacle).unwrap();
        ledger.record(draft(Digest::of(b"3")), ()).unwrap();
        let numbers: Vec<u64> =
            ledger.entries().unwrap().iter().map(|(_, entry)| entry.sequence).collect();
        assert_eq!(numbers, [0, 1, 2]);
    }

    #[test]
    fn two_writers_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let _first = open(folder.path()).unwrap();
        assert_eq!(open(folder.path()).unwrap_err().reason(), "log.second-writer");
    }

    #[test]
    fn an_altered_object_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = open(folder.path()).unwrap();
        let digest = ledger.keep(b"statement").unwrap();
        assert_eq!(ledger.object(&digest).unwrap(), b"statement");
        let path = folder.path().join("data/objects").join(digest.hex());
        std::fs::write(path, b"altered").unwrap();
        assert_eq!(ledger.object(&digest).unwrap_err().reason(), "object.altered");
        assert_eq!(ledger.object(&Digest::of(b"?")).unwrap_err().reason(), "object.missing");
    }
}
