//! The one writer of the log: a decision becomes a durable, included entry before anything rests
//! on it, and the objects that entries name by digest are kept beside it.
//!
//! Broker and airlock share one [`Ledger`]. [`Ledger::record`] is the only caller of
//! [`Recorded::assertion`]: holding a `Recorded<T>` means that the event of `T` is in a signed,
//! published checkpoint.

mod objects;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use domain::event::{Actor, Entry, Event};
use domain::ids::{EntryId, PersonId};
use domain::keys::SecretKey;
use domain::leaf::{LeafError, PublishedSignature};
use domain::recorded::LogPlace;
use domain::{Digest, Leaf, Reason, Recorded, Timestamp};
use tlog::{LeafProof, Log, LogError, VerifierKey};
use tlog_files::FileStore;

pub use objects::ObjectError;

/// The log of one deployment, open for writing, and its objects.
#[derive(Debug)]
pub struct Ledger {
    state: Mutex<State>,
    objects: objects::Objects,
    key: VerifierKey,
}

#[derive(Debug)]
struct State {
    log: Log<FileStore>,
    /// Every entry that the log is known to hold.
    entries: Vec<(u64, Entry)>,
    /// Every published signature that it is known to hold.
    published: BTreeMap<u64, PublishedSignature>,
    /// How many leaves were read.
    read: u64,
}

impl State {
    /// Lets the log finish or discard what a failed append left behind, and reads what is new. An
    /// append whose outcome was unknown may have come through: then its entry counts.
    fn catch_up(&mut self) -> Result<(), LedgerError> {
        self.log.append(&[])?;
        for index in self.read..self.log.size() {
            self.know(index, Leaf::from_bytes(&self.log.entry(index)?)?);
        }
        Ok(())
    }

    fn know(&mut self, index: u64, leaf: Leaf) {
        match leaf {
            Leaf::Entry(entry) => self.entries.push((index, *entry)),
            Leaf::Published(signature) => drop(self.published.insert(index, *signature)),
        }
        self.read = index.saturating_add(1);
    }

    /// Appends leaves in one step; the index of the first.
    fn append(&mut self, leaves: Vec<Leaf>) -> Result<u64, LedgerError> {
        let bytes = leaves.iter().map(Leaf::to_bytes).collect::<Result<Vec<_>, _>>();
        let first = self.log.append(&bytes.map_err(LeafError::Json)?)?.first_index;
        for (index, leaf) in (first..).zip(leaves) {
            self.know(index, leaf);
        }
        Ok(first)
    }

    /// The entry of a draft, with the next sequence number of its actor; `drafted` are the entries
    /// that will precede it.
    fn entry(&self, draft: Draft, drafted: &[Entry]) -> Result<Entry, LedgerError> {
        let last = drafted
            .iter()
            .rev()
            .chain(self.entries.iter().rev().map(|(_, entry)| entry))
            .find(|entry| entry.actor == draft.actor);
        Ok(Entry {
            id: EntryId::from_random(random_bits()?),
            sequence: last.map_or(0, |entry| entry.sequence.saturating_add(1)),
            time: draft.time,
            actor: draft.actor,
            person: draft.person,
            event: draft.event,
        })
    }
}

impl Ledger {
    /// Opens the ledger in `folder` (`log/`, `objects/`), with the log's commit cell in the separate
    /// folder `state`, and creates what is missing. `origin` and `key` are the log's.
    ///
    /// # Errors
    /// The log's own reasons, and [`LedgerError::Entry`] if it holds a leaf that is none.
    pub fn open(
        folder: &Path,
        state: &Path,
        origin: &str,
        key: SecretKey,
    ) -> Result<Self, LedgerError> {
        let store = FileStore::open(&folder.join("log"), &state.join("log-head"))
            .map_err(LogError::from)?;
        let log = Log::open(store, origin, key)?;
        let key = log.key().clone();
        let mut state = State { log, entries: Vec::new(), published: BTreeMap::new(), read: 0 };
        state.catch_up()?;
        let objects = objects::Objects::open(&folder.join("objects"))?;
        Ok(Self { state: Mutex::new(state), objects, key })
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
        self.record_leaves(draft, others, Vec::new(), value)
    }

    /// Writes a decision and, right behind it in the same step, a signature that it publishes.
    ///
    /// # Errors
    /// As [`Ledger::record`].
    pub fn record_published<T>(
        &self,
        draft: Draft,
        signature: PublishedSignature,
        value: T,
    ) -> Result<Recorded<T>, LedgerError> {
        let signature = Leaf::Published(Box::new(signature));
        self.record_leaves(draft, Vec::new(), vec![signature], value)
    }

    fn record_leaves<T>(
        &self,
        draft: Draft,
        others: Vec<Draft>,
        signatures: Vec<Leaf>,
        value: T,
    ) -> Result<Recorded<T>, LedgerError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.catch_up()?;
        let first = state.entry(draft, &[])?;
        let entry = first.id.clone();
        let mut drafted = vec![first];
        for other in others {
            drafted.push(state.entry(other, &drafted)?);
        }
        let entries = drafted.into_iter().map(|entry| Leaf::Entry(Box::new(entry)));
        let index = state.append(entries.chain(signatures).collect())?;
        Ok(Recorded::assertion(value, LogPlace { entry, index }))
    }

    /// Keeps `bytes` durably under their digest. Keeping the same bytes twice is harmless.
    ///
    /// # Errors
    /// [`LedgerError::Object`].
    pub fn keep(&self, bytes: &[u8]) -> Result<Digest, LedgerError> {
        Ok(self.objects.keep(bytes)?)
    }

    /// The kept bytes with this digest, checked against it.
    ///
    /// # Errors
    /// [`LedgerError::Object`] if there are none or they were altered.
    pub fn object(&self, digest: &Digest) -> Result<Vec<u8>, LedgerError> {
        Ok(self.objects.read(digest)?)
    }

    /// Keeps the time stamp (RFC 3161) on a signature durably, under the signature's SHA-256.
    ///
    /// # Errors
    /// [`LedgerError::Object`].
    pub fn keep_stamp(&self, signature: &[u8], stamp: &[u8]) -> Result<(), LedgerError> {
        Ok(self.objects.keep_stamp(&Digest::of(signature), stamp)?)
    }

    /// The kept time stamp on a signature. It is not checked here: whoever believes it must verify it.
    ///
    /// # Errors
    /// [`LedgerError::Object`] if there is none.
    pub fn stamp(&self, signature: &[u8]) -> Result<Vec<u8>, LedgerError> {
        Ok(self.objects.stamp(&Digest::of(signature))?)
    }

    /// Every entry with its index, oldest first: what services rebuild their state from.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn entries(&self) -> Result<Vec<(u64, Entry)>, LedgerError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.catch_up()?;
        Ok(state.entries.clone())
    }

    /// The published signature at `index`, if that is one.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn published(&self, index: u64) -> Result<Option<PublishedSignature>, LedgerError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.catch_up()?;
        Ok(state.published.get(&index).cloned())
    }

    /// The leaf at `index` and its proof against the newest checkpoint.
    ///
    /// # Errors
    /// [`LedgerError::Log`].
    pub fn prove(&self, index: u64) -> Result<(Vec<u8>, LeafProof), LedgerError> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
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
    /// A leaf is neither an entry nor a published signature in its canonical form.
    #[error("a log entry is malformed")]
    Entry(#[from] LeafError),
    /// The log did not take or give an entry.
    #[error("the log is not available")]
    Log(#[from] LogError),
    /// An object could not be kept or read.
    #[error("an object that the log names cannot be kept or read")]
    Object(#[from] ObjectError),
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
            Self::Random(_) => "system.no-randomness",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::event::Action;
    use zeroize::Zeroizing;

    fn open(folder: &Path) -> Result<Ledger, LedgerError> {
        let key = SecretKey::from_seed(&Zeroizing::new([9; 32]));
        Ledger::open(&folder.join("data"), &folder.join("state"), "test.example/log", key)
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

    #[test]
    fn a_published_signature_stands_behind_its_decision_and_is_no_entry() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = open(folder.path()).unwrap();
        let signature = PublishedSignature::from_leaf(SIGNATURE.as_bytes()).unwrap();
        let first =
            ledger.record_published(draft(Digest::of(b"1")), signature.clone(), ()).unwrap();
        let second = ledger.record(draft(Digest::of(b"2")), ()).unwrap();
        assert_eq!((first.place().index, second.place().index), (0, 2));
        let check = |ledger: &Ledger| {
            let entries = ledger.entries().unwrap();
            let places: Vec<_> = entries.iter().map(|(index, e)| (*index, e.sequence)).collect();
            assert_eq!(places, [(0, 0), (2, 1)]);
            assert_eq!(ledger.published(1).unwrap().as_ref(), Some(&signature));
            assert_eq!(ledger.published(0).unwrap(), None);
            let (leaf, proof) = ledger.prove(1).unwrap();
            assert_eq!(leaf, SIGNATURE.as_bytes());
            tlog::verify::verify_inclusion(&leaf, &proof, ledger.key()).unwrap();
        };
        check(&ledger);
        drop(ledger);
        check(&open(folder.path()).unwrap());
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

    const SIGNATURE: &str = r#"{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{"data":{"algorithm":"SHA2_256","digest":"vAB/nrQwQMg1nOeFn8dIzzDGZwDZtDgyCxQ54tGF+V8="},"signature":{"content":"MEYCIQCzx/Zg7IVrU+lgdrEa5OorvSDeOFe03Tnv5nZUvwmlFwIhALB0znrZIYE2wHYhjVlWr4ZYBFP7VH1KJg0B3/pKfVvF","verifier":{"keyDetails":"PKIX_ECDSA_P256_SHA_256","publicKey":{"rawBytes":"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAECIu5/yKrKRp0yG/Gd7qJe6re43DMYSm4LRcLo/wmQVxELamnFgZ5VtkeqgK5OtQJSQ6HzV51jqajMaHet1uoRg=="}}}}}}"#;
}
