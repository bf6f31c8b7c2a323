//! What the ledger knows of people, each record under a key of its own: who a pseudonym is, and the
//! objects that hold what somebody said. Destroying the key makes every copy of the record, in
//! whatever backup, unreadable (crypto-shredding).
//!
//! `sealed/<64 hex digits>` is ciphertext and may be copied; `<64 hex digits>` in the folder of keys
//! is the key, and must be copied nowhere from where it cannot be removed again.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use domain::ids::{PersonId, ProjectId};
use domain::pseudonym::{Pseudonym, RecordKey};
use domain::{Digest, Reason, canonical};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::files;

/// The side store. Only the ledger writes it; anyone who may read its folders can look things up.
#[derive(Debug)]
pub struct Records {
    sealed: PathBuf,
    keys: PathBuf,
    /// Held while a record is made or destroyed: its key and its ciphertext go together.
    making: Mutex<()>,
}

/// Who a pseudonym is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The person.
    pub person: PersonId,
    /// The project in which they have the pseudonym.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectId>,
}

impl Records {
    /// The side store in these folders, as it is.
    #[must_use]
    pub fn at(sealed: &Path, keys: &Path) -> Self {
        Self { sealed: sealed.to_owned(), keys: keys.to_owned(), making: Mutex::new(()) }
    }

    pub(crate) fn open(sealed: &Path, keys: &Path) -> io::Result<Self> {
        files::make_folder(sealed)?;
        files::make_folder(keys)?;
        Ok(Self::at(sealed, keys))
    }

    /// Keeps an object that is about people. Keeping the same bytes twice is harmless.
    pub(crate) fn keep(&self, bytes: &[u8]) -> Result<Digest, RecordError> {
        let digest = Digest::of(bytes);
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        let name = digest.hex();
        if self.object(&digest).is_ok() {
            files::settle(&self.keys, &name)?;
            files::settle(&self.sealed, &name)?;
        } else {
            let key = self.key(&name)?.map_or_else(fresh_key, Ok)?;
            self.write(&name, &key, bytes)?;
        }
        Ok(digest)
    }

    /// A kept object, checked against its digest.
    ///
    /// # Errors
    /// [`RecordError`]; an erased record is missing here: only the log knows that it was erased.
    pub fn object(&self, digest: &Digest) -> Result<Vec<u8>, RecordError> {
        let bytes = self.read(&digest.hex())?;
        if Digest::of(&bytes) == *digest { Ok(bytes) } else { Err(RecordError::Altered) }
    }

    /// Makes a new pseudonym for `who`, durably.
    pub(crate) fn add(&self, who: &Person) -> Result<Pseudonym, RecordError> {
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        let key = fresh_key()?;
        let pseudonym = Pseudonym::new(&key, &who.person, who.project.as_ref());
        let bytes = canonical::to_vec(who).map_err(|_| RecordError::Altered)?;
        self.write(&pseudonym.hex(), &key, &bytes)?;
        Ok(pseudonym)
    }

    /// Who `pseudonym` is; the answer is shown to be the committed one.
    ///
    /// # Errors
    /// As [`Records::object`].
    pub fn person(&self, pseudonym: &Pseudonym) -> Result<Person, RecordError> {
        let name = pseudonym.hex();
        let who: Person =
            canonical::from_slice(&self.read(&name)?).map_err(|_| RecordError::Altered)?;
        let key = self.key(&name)?.ok_or(RecordError::Missing)?;
        let same = Pseudonym::new(&key, &who.person, who.project.as_ref()) == *pseudonym;
        if same { Ok(who) } else { Err(RecordError::Altered) }
    }

    /// Whether there is anything of a record.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.keys.join(name).exists() || self.sealed.join(name).exists()
    }

    /// Destroys a record: first its key, which is what counts.
    pub(crate) fn destroy(&self, name: &str) -> Result<(), RecordError> {
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        files::remove(&self.keys, name)?;
        // CRASH: ciphertext that nobody can read stays; opening the ledger removes it.
        files::remove(&self.sealed, name)?;
        Ok(())
    }

    fn write(&self, name: &str, key: &RecordKey, bytes: &[u8]) -> Result<(), RecordError> {
        files::write(&self.keys, name, key.expose())?;
        // CRASH: a key without a record. The next attempt takes it, or nobody asks for it.
        files::write(&self.sealed, name, &seal(name, key, bytes)?)?;
        Ok(())
    }

    fn read(&self, name: &str) -> Result<Vec<u8>, RecordError> {
        let key = self.key(name)?.ok_or(RecordError::Missing)?;
        let sealed = files::read(&self.sealed, name)?.ok_or(RecordError::Missing)?;
        open(name, &key, sealed)
    }

    fn key(&self, name: &str) -> Result<Option<RecordKey>, RecordError> {
        let Some(bytes) = files::read(&self.keys, name)?.map(Zeroizing::new) else {
            return Ok(None);
        };
        let bits = bytes.as_slice().try_into().map_err(|_| RecordError::Altered)?;
        Ok(Some(RecordKey::from_bytes(Zeroizing::new(bits))))
    }
}

fn fresh_key() -> Result<RecordKey, RecordError> {
    let mut bits = Zeroizing::new([0; RecordKey::LEN]);
    getrandom::fill(bits.as_mut_slice()).map_err(RecordError::Random)?;
    Ok(RecordKey::from_bytes(bits))
}

/// AES-256-GCM (NIST SP 800-38D) with the record's own key and so with one nonce, bound to the name.
fn seal(name: &str, key: &RecordKey, bytes: &[u8]) -> Result<Vec<u8>, RecordError> {
    let mut sealed = bytes.to_vec();
    cipher(key)?
        .seal_in_place_append_tag(nonce(), Aad::from(name), &mut sealed)
        .map_err(|_| RecordError::Altered)?;
    Ok(sealed)
}

fn open(name: &str, key: &RecordKey, mut sealed: Vec<u8>) -> Result<Vec<u8>, RecordError> {
    let opened = cipher(key)?.open_in_place(nonce(), Aad::from(name), &mut sealed);
    let length = opened.map_err(|_| RecordError::Altered)?.len();
    sealed.truncate(length);
    Ok(sealed)
}

fn cipher(key: &RecordKey) -> Result<LessSafeKey, RecordError> {
    let key = UnboundKey::new(&AES_256_GCM, key.sealing().as_slice());
    Ok(LessSafeKey::new(key.map_err(|_| RecordError::Altered)?))
}

/// One key encrypts one record, and writes it again only with the same content.
fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}

/// Why a record could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// Key and record do not belong together, or to this name.
    #[error("the record was altered")]
    Altered,
    /// It was erased: the log has the event.
    #[error("the record was erased, as the log says")]
    Erased,
    /// Key or record is not there, and the log says nothing of an erasure.
    #[error("the record is missing; restore the folder of record keys from its backup")]
    Missing,
    /// The operating system gave no randomness.
    #[error("the operating system gives no randomness")]
    Random(#[source] getrandom::Error),
    /// The folders cannot be read or written.
    #[error("the records cannot be read or written")]
    Store(#[from] io::Error),
}

impl Reason for RecordError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Altered => "record.altered",
            Self::Erased => "record.erased",
            Self::Missing => "record.missing",
            Self::Random(_) => "system.no-randomness",
            Self::Store(_) => "record.store",
        }
    }
}
