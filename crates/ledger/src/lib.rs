//! The one writer of the log: a decision becomes a durable, included entry before anything rests
//! on it, and the objects that entries name by digest are kept beside it.
//!
//! Broker and airlock share one [`Ledger`]. [`Ledger::record`] is the only caller of
//! [`Recorded::assertion`]: holding a `Recorded<T>` means that the event of `T` is in a signed,
//! published checkpoint, and where a quorum of witnesses is configured, that they cosigned it.

mod entries;
mod erase;
mod files;
mod known;
mod objects;
mod queue;
mod records;
mod state;
mod writer;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::event::{Actor, Event};
use domain::ids::PersonId;
use domain::keys::SecretKey;
use domain::leaf::{LeafError, PublishedSignature};
use domain::pseudonym::Pseudonym;
use domain::{Digest, Reason, Recorded, Timestamp};
use tlog::{LeafProof, Log, LogError, Policy, SignedCheckpoint, VerifierKey, Witnesses};
use tlog_files::FileStore;

pub use entries::{Entries, Indexed};
pub use erase::{EraseError, Erased};
pub use objects::ObjectError;
use queue::Queue;
pub use records::{Person, RecordError, Records};
use state::State;
use writer::{Order, Outcome};

/// The log of one deployment, open for writing, and its objects.
#[derive(Debug)]
pub struct Ledger {
    /// Held for as long as the disk takes, never while witnesses are asked.
    state: Mutex<State>,
    queue: Queue<Order, Outcome>,
    witnesses: Option<Box<dyn Witnesses>>,
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

impl Ledger {
    /// Opens the ledger in `folders` and creates what is missing. `origin` and `key` are the log's.
    /// An erasure that did not come to its end is finished.
    ///
    /// # Errors
    /// The log's own reasons, and [`LedgerError::Entry`] if it holds a leaf that is none.
    pub fn open(folders: &Folders, origin: &str, key: SecretKey) -> Result<Self, LedgerError> {
        let Folders { data, state, record_keys } = folders;
        let store =
            FileStore::open(&data.join("log"), &state.join("log-head")).map_err(LogError::from)?;
        let log = Log::open(store, origin, key)?;
        let key = log.key().clone();
        let records =
            Records::open(&data.join("sealed"), record_keys).map_err(RecordError::from)?;
        let mut state = State::new(log);
        state.catch_up(&records)?;
        state.finish_erasures(&records)?;
        let objects = objects::Objects::open(&data.join("objects"))?;
        let (state, queue) = (Mutex::new(state), Queue::new());
        Ok(Self { state, queue, witnesses: None, objects, records, key })
    }

    /// From now on a decision is recorded only when a quorum of these witnesses has cosigned. They are
    /// asked once for what is in the log; if they are not there, [`Ledger::record`] asks again.
    ///
    /// # Errors
    /// `log.origin` if their policy is not for this log, see `tlog::Policy::of_log`; and the log's own
    /// reasons.
    pub fn with_quorum(mut self, witnesses: Box<dyn Witnesses>) -> Result<Self, LedgerError> {
        let policy = witnesses.policy();
        if !policy.logs().iter().any(|log| log.key == self.key) {
            let found = policy.logs().first().map(|log| log.key.origin().to_owned());
            let (expected, found) = (self.key.origin().to_owned(), found.unwrap_or_default());
            return Err(LogError::Origin { expected, found }.into());
        }
        self.witnesses = Some(witnesses);
        match self.order(Order::default()) {
            Err(error) if error.reason() != "log.quorum" => Err(error),
            _ => Ok(self),
        }
    }

    /// Writes a decision to the log and, once it is durable, included and cosigned as configured, hands
    /// `value` back as recorded. Decisions of several threads share one append. This blocks on the disk
    /// and on witnesses: call it from a blocking task.
    ///
    /// # Errors
    /// [`LedgerError`]; nothing may be released then. The decision may be in the log nevertheless.
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
        self.record_order(
            Order { drafts: [vec![draft], others].concat(), ..Order::default() },
            value,
        )
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
        let order = Order { drafts: vec![draft], signature: Some(signature), anew: false };
        self.record_order(order, value)
    }

    /// Has the published checkpoint cosigned now, whenever it was before: who watches a log that does
    /// not grow sees that it is alive, and has not been shown an old state. Older cosignatures stay where
    /// a witness is away. Without witnesses or entries there is nothing to do.
    ///
    /// # Errors
    /// As [`Ledger::record`].
    pub fn refresh(&self) -> Result<(), LedgerError> {
        self.order(Order { anew: true, ..Order::default() }).map(drop)
    }

    fn record_order<T>(&self, order: Order, value: T) -> Result<Recorded<T>, LedgerError> {
        let places = self.order(order)?;
        // As many as there were drafts.
        let place = places.into_iter().next().ok_or(LedgerError::Interrupted)?;
        Ok(Recorded::assertion(value, place))
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

    /// Every entry: what services rebuild their state from, and decide by. Entries whose recording
    /// failed may be among them: what rests on them is recorded itself, after them.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn entries(&self) -> Result<Entries, LedgerError> {
        let mut state = self.state();
        state.catch_up(&self.records)?;
        Ok(state.history.entries().clone())
    }

    /// The published signature at `index`, if that is one.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn published(&self, index: u64) -> Result<Option<PublishedSignature>, LedgerError> {
        let mut state = self.state();
        state.catch_up(&self.records)?;
        Ok(state.published.get(&index).cloned())
    }

    /// Every published signature with its index, oldest first.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn signatures(&self) -> Result<Vec<(u64, PublishedSignature)>, LedgerError> {
        let mut state = self.state();
        state.catch_up(&self.records)?;
        Ok(state.published.iter().map(|(index, it)| (*index, it.clone())).collect())
    }

    /// The leaf at `index` and its proof against the newest checkpoint that is acknowledged. Witnesses
    /// are asked if none that has the leaf is.
    ///
    /// # Errors
    /// As [`Ledger::record`].
    pub fn prove(&self, index: u64) -> Result<(Vec<u8>, LeafProof), LedgerError> {
        let state = self.acknowledged(index)?;
        state.prove(index, state.newest())
    }

    /// The leaves at `indices` and their proofs against one checkpoint, for `name` always the same: the
    /// newest when it was asked for first, which is kept. So a file with these proofs stays what it is.
    ///
    /// # Errors
    /// As [`Ledger::record`], [`LedgerError::Object`] if the checkpoint cannot be kept or read.
    pub fn prove_for(
        &self,
        name: &Digest,
        indices: &[u64],
    ) -> Result<Vec<(Vec<u8>, LeafProof)>, LedgerError> {
        // Two who ask first at a time get the same: the state is locked until one is kept.
        let state = self.acknowledged(indices.iter().copied().max().unwrap_or_default())?;
        let checkpoint = if let Some(note) = self.objects.checkpoint(name)? {
            SignedCheckpoint::verify(&note, &self.key)?
        } else {
            self.objects.keep_checkpoint(name, state.newest().note())?;
            state.newest().clone()
        };
        indices.iter().map(|&index| state.prove(index, &checkpoint)).collect()
    }

    /// The state, when the entry at `index` is acknowledged.
    fn acknowledged(&self, index: u64) -> Result<MutexGuard<'_, State>, LedgerError> {
        let state = self.state();
        if self.witnesses.is_none() || state.is_cosigned(index) {
            return Ok(state);
        }
        drop(state);
        self.order(Order::default())?;
        Ok(self.state())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who has to cosign, if anybody has.
    #[must_use]
    pub fn policy(&self) -> Option<&Policy> {
        self.witnesses.as_deref().map(Witnesses::policy)
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

/// Why a decision could not be recorded or read back.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// A leaf is neither an entry nor a published signature in its canonical form.
    #[error("a log entry is malformed")]
    Entry(#[from] LeafError),
    /// The thread that wrote for several broke down.
    #[error("writing the log was interrupted; what was being written may be in the log")]
    Interrupted,
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
    /// What all got whose decisions were to be written together.
    #[error(transparent)]
    Shared(Arc<LedgerError>),
}

impl Reason for LedgerError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Entry(_) => "log.malformed",
            Self::Interrupted => "log.interrupted",
            Self::Log(cause) => cause.reason(),
            Self::Object(cause) => cause.reason(),
            Self::Record(cause) => cause.reason(),
            Self::Random(_) => "system.no-randomness",
            Self::Shared(cause) => cause.reason(),
        }
    }
}

#[cfg(test)]
mod tests;
