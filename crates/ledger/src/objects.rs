//! Content-addressed files, `objects/<64 hex digits>`, and time stamps, `objects/stamp-…`.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use domain::{Digest, Reason};

/// A folder of objects named by their SHA-256.
#[derive(Debug)]
pub(crate) struct Objects {
    folder: PathBuf,
}

impl Objects {
    pub(crate) fn open(folder: &Path) -> Result<Self, ObjectError> {
        fs::create_dir_all(folder).map_err(ObjectError::Store)?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// Written beside its place, synced, renamed, and the folder synced: a reader sees all or
    /// nothing, and a crash loses nothing that was returned.
    pub(crate) fn keep(&self, bytes: &[u8]) -> Result<Digest, ObjectError> {
        let digest = Digest::of(bytes);
        if self.read(&digest).is_err() {
            self.write(&digest.hex(), bytes).map_err(ObjectError::Store)?;
        }
        Ok(digest)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let beside = self.folder.join(format!(".{name}.{:?}", std::thread::current().id()));
        let mut file = File::create(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, self.folder.join(name))?;
        File::open(&self.folder)?.sync_all()
    }

    /// Keeps the time stamp on a signature, under the digest of that signature: it did not exist
    /// before its signature, so nothing that was logged can name it, and it proves itself.
    pub(crate) fn keep_stamp(&self, of: &Digest, stamp: &[u8]) -> Result<(), ObjectError> {
        self.write(&stamp_name(of), stamp).map_err(ObjectError::Store)
    }

    pub(crate) fn stamp(&self, of: &Digest) -> Result<Vec<u8>, ObjectError> {
        self.bytes(&stamp_name(of), of)
    }

    pub(crate) fn read(&self, digest: &Digest) -> Result<Vec<u8>, ObjectError> {
        let bytes = self.bytes(&digest.hex(), digest)?;
        if Digest::of(&bytes) == *digest { Ok(bytes) } else { Err(ObjectError::Altered(*digest)) }
    }

    fn bytes(&self, name: &str, digest: &Digest) -> Result<Vec<u8>, ObjectError> {
        fs::read(self.folder.join(name)).map_err(|error| {
            if error.kind() == io::ErrorKind::NotFound {
                ObjectError::Missing(*digest)
            } else {
                ObjectError::Store(error)
            }
        })
    }
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
            Self::Missing(_) => "object.missing",
            Self::Store(_) => "object.store",
        }
    }
}
