//! Content-addressed files that say nothing of people, `objects/<64 hex digits>`, time stamps on
//! signatures, `objects/stamp-…`, and checkpoints for proofs, `objects/checkpoint-…`.

use std::io;
use std::path::{Path, PathBuf};

use domain::{Digest, Reason};

use crate::files;

/// A folder of objects named by their SHA-256.
#[derive(Debug)]
pub(crate) struct Objects {
    folder: PathBuf,
}

impl Objects {
    pub(crate) fn open(folder: &Path) -> Result<Self, ObjectError> {
        files::make_folder(folder).map_err(ObjectError::Store)?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// Keeping the same bytes twice is harmless.
    pub(crate) fn keep(&self, bytes: &[u8]) -> Result<Digest, ObjectError> {
        let digest = Digest::of(bytes);
        let kept = match self.read(&digest) {
            Ok(_) => files::settle(&self.folder, &digest.hex()),
            Err(_) => files::write(&self.folder, &digest.hex(), bytes),
        };
        kept.map_err(ObjectError::Store)?;
        Ok(digest)
    }

    /// Keeps the time stamp on a signature, under the digest of that signature: it did not exist
    /// before its signature, so nothing that was logged can name it, and it proves itself.
    pub(crate) fn keep_stamp(&self, of: &Digest, stamp: &[u8]) -> Result<(), ObjectError> {
        files::write(&self.folder, &stamp_name(of), stamp).map_err(ObjectError::Store)
    }

    pub(crate) fn stamp(&self, of: &Digest) -> Result<Vec<u8>, ObjectError> {
        self.bytes(&stamp_name(of), of)
    }

    /// Keeps the checkpoint of the proofs that belong to what has this digest.
    pub(crate) fn keep_checkpoint(&self, of: &Digest, note: &str) -> Result<(), ObjectError> {
        files::write(&self.folder, &checkpoint_name(of), note.as_bytes())
            .map_err(ObjectError::Store)
    }

    /// That checkpoint, if one was kept.
    pub(crate) fn checkpoint(&self, of: &Digest) -> Result<Option<String>, ObjectError> {
        let name = checkpoint_name(of);
        let note = files::read(&self.folder, &name).map_err(ObjectError::Store)?;
        if note.is_some() {
            files::settle(&self.folder, &name).map_err(ObjectError::Store)?;
        }
        note.map(String::from_utf8).transpose().map_err(|_| ObjectError::Altered(*of))
    }

    pub(crate) fn read(&self, digest: &Digest) -> Result<Vec<u8>, ObjectError> {
        let bytes = self.bytes(&digest.hex(), digest)?;
        if Digest::of(&bytes) == *digest { Ok(bytes) } else { Err(ObjectError::Altered(*digest)) }
    }

    fn bytes(&self, name: &str, digest: &Digest) -> Result<Vec<u8>, ObjectError> {
        let bytes = files::read(&self.folder, name).map_err(ObjectError::Store)?;
        bytes.ok_or(ObjectError::Missing(*digest))
    }
}

fn checkpoint_name(of: &Digest) -> String {
    format!("checkpoint-{}", of.hex())
}

fn stamp_name(of: &Digest) -> String {
    format!("stamp-{}", of.hex())
}

/// Why an object could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// The bytes found are not those that were kept.
    #[error("object `{0}` was altered")]
    Altered(Digest),
    /// What it said of people was erased: the log has the event.
    #[error("object `{0}` was erased, as the log says")]
    Erased(Digest),
    /// There is no such object.
    #[error("object `{0}` is missing")]
    Missing(Digest),
    /// The folder cannot be read or written.
    #[error("the object folder cannot be read or written")]
    Store(#[source] io::Error),
}

impl Reason for ObjectError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Altered(_) => "object.altered",
            Self::Erased(_) => "object.erased",
            Self::Missing(_) => "object.missing",
            Self::Store(_) => "object.store",
        }
    }
}
