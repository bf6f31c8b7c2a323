//! Content-addressed files: `objects/<64 hex digits>`.

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
        let place = self.folder.join(digest.hex());
        if self.read(&digest).is_ok() {
            return Ok(digest);
        }
        let write = || -> io::Result<()> {
            let beside =
                self.folder.join(format!(".{}.{:?}", digest.hex(), std::thread::current().id()));
            let mut file = File::create(&beside)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&beside, &place)?;
            File::open(&self.folder)?.sync_all()
        };
        write().map_err(ObjectError::Store)?;
        Ok(digest)
    }

    pub(crate) fn read(&self, digest: &Digest) -> Result<Vec<u8>, ObjectError> {
        let bytes = fs::read(self.folder.join(digest.hex())).map_err(|error| {
            if error.kind() == io::ErrorKind::NotFound {
                ObjectError::Missing(*digest)
            } else {
                ObjectError::Store(error)
            }
        })?;
        if Digest::of(&bytes) == *digest { Ok(bytes) } else { Err(ObjectError::Altered(*digest)) }
    }
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
