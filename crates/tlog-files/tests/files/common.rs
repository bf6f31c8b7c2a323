//! What the tests share.

use std::fs;
use std::path::{Path, PathBuf};

use domain::Reason as _;
use domain::keys::SecretKey;
use tlog::{Log, LogError, VerifierKey};
use tlog_files::{FileStore, verify_folder};
use zeroize::Zeroizing;

const ORIGIN: &str = "log.example/files";

pub(crate) fn secret() -> SecretKey {
    SecretKey::from_seed(&Zeroizing::new([7; 32]))
}

pub(crate) fn key() -> VerifierKey {
    VerifierKey::new(ORIGIN, secret().public()).unwrap()
}

pub(crate) fn open(folder: &Path, cell: &Path) -> Result<Log<FileStore>, LogError> {
    Log::open(FileStore::open(folder, cell)?, ORIGIN, secret())
}

pub(crate) fn entry(number: usize) -> Vec<u8> {
    format!("entry {number}").into_bytes()
}

/// A folder for the log and a cell elsewhere.
pub(crate) struct Place {
    _temporary: tempfile::TempDir,
    pub(crate) folder: PathBuf,
    pub(crate) cell: PathBuf,
}

impl Place {
    pub(crate) fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().join("deep/log");
        let cell = temporary.path().join("state/log-head");
        Self { _temporary: temporary, folder, cell }
    }

    pub(crate) fn open(&self) -> Log<FileStore> {
        open(&self.folder, &self.cell).unwrap()
    }

    /// Why the log does not open.
    pub(crate) fn refusal(&self) -> &'static str {
        open(&self.folder, &self.cell).unwrap_err().reason()
    }

    /// Every entry as an auditor reads it.
    pub(crate) fn audit(&self) -> Result<Vec<Vec<u8>>, &'static str> {
        let mut all = Vec::new();
        verify_folder(&self.folder, &key(), |_, entry| all.push(entry.to_vec()))
            .map_err(|error| error.reason())?;
        Ok(all)
    }
}

/// Every file below `folder`, sorted.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The names of the files below `folder`, relative to it.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let relative = |path: PathBuf| path.strip_prefix(folder).unwrap().display().to_string();
    files(folder).into_iter().map(relative).collect()
}
