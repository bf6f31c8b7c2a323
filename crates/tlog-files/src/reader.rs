//! Reading a log's folder: a copy, a backup, what a web server serves.

use std::path::{Path, PathBuf};

use tlog::{LogError, SignedCheckpoint, StoreError, TilePath, VerifierKey, verify_log};

use crate::disk::Os;
use crate::durable;

/// A log's folder, for reading. It takes no lock and writes nothing.
#[derive(Clone, Debug)]
pub struct FolderReader {
    folder: PathBuf,
}

impl FolderReader {
    /// The log in `folder`.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// The published checkpoint: a signed note that nobody has verified yet.
    ///
    /// # Errors
    /// `log.unavailable` if there is none or it is not UTF-8.
    pub fn checkpoint(&self) -> Result<String, StoreError> {
        let path = self.folder.join(CHECKPOINT);
        std::fs::read_to_string(&path).map_err(|error| durable::unavailable(&path, error))
    }

    /// The bytes of an object, or `None` if there is none.
    ///
    /// # Errors
    /// `log.unavailable` if it cannot be read.
    pub fn read(&self, path: &TilePath) -> Result<Option<Vec<u8>>, StoreError> {
        durable::read(&Os, &self.folder.join(path.to_string()))
    }
}

/// Checks a whole log in a folder: see [`verify_log`].
///
/// # Errors
/// As [`verify_log`], and `log.unavailable` if there is no checkpoint.
pub fn verify_folder(
    folder: &Path,
    key: &VerifierKey,
    on_entry: impl FnMut(u64, &[u8]),
) -> Result<SignedCheckpoint, LogError> {
    let reader = FolderReader::new(folder);
    let note = reader.checkpoint()?;
    verify_log(|path| reader.read(path), &note, key, on_entry)
}

/// The name of the published checkpoint.
pub(crate) const CHECKPOINT: &str = "checkpoint";
