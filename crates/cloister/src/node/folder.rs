//! Where a node keeps what: one folder, each part with its own trust (docs/operating.md).

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::NodeError;

/// The layout of a node's folder.
#[derive(Clone, Debug)]
pub struct NodeFolder(PathBuf);

impl NodeFolder {
    /// The node's folder at `path`, created with its parts if it does not exist.
    ///
    /// # Errors
    /// [`NodeError::File`].
    pub fn open(path: &Path) -> Result<Self, NodeError> {
        let folder = Self(path.to_owned());
        for part in [
            folder.keys(),
            folder.state(),
            folder.record_keys(),
            folder.wrapped_keys(),
            folder.datasets(),
            folder.workloads(),
        ] {
            let private = DirBuilder::new().recursive(true).mode(0o700).create(&part);
            private.map_err(|error| NodeError::File(part, error))?;
        }
        Ok(folder)
    }

    /// Private keys of the services.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.0.join("keys")
    }

    /// Log and objects: not trusted, may be served and copied.
    #[must_use]
    pub fn ledger(&self) -> PathBuf {
        self.0.join("ledger")
    }

    /// The log's head, which must not be restored together with the log.
    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.0.join("state")
    }

    /// The keys of records about people: what is removed here is erased.
    #[must_use]
    pub fn record_keys(&self) -> PathBuf {
        self.0.join("record-keys")
    }

    /// The parts that are the ledger's.
    #[must_use]
    pub fn ledger_folders(&self) -> ledger::Folders {
        ledger::Folders {
            data: self.ledger(),
            state: self.state(),
            record_keys: self.record_keys(),
        }
    }

    /// Wrapped dataset keys.
    #[must_use]
    pub fn wrapped_keys(&self) -> PathBuf {
        self.0.join("wrapped-keys")
    }

    /// Sealed datasets: ciphertext.
    #[must_use]
    pub fn datasets(&self) -> PathBuf {
        self.0.join("datasets")
    }

    /// Workloads by digest.
    #[must_use]
    pub fn workloads(&self) -> PathBuf {
        self.0.join("workloads")
    }

    /// Control's database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.0.join("control.sqlite")
    }

    /// What verifiers are given.
    #[must_use]
    pub fn trust_file(&self) -> PathBuf {
        self.0.join("trust.json")
    }

    /// What verifiers of bundles are given: log and time stamping authorities (sigstore trusted root).
    #[must_use]
    pub fn trusted_root_file(&self) -> PathBuf {
        self.0.join("trusted_root.json")
    }

    /// What verifiers of bundles are given beside it: the public key that signs them (PEM).
    #[must_use]
    pub fn bundle_key_file(&self) -> PathBuf {
        self.0.join("bundles.pub")
    }
}

/// Writes a file that only its owner may read, whole or not at all.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> Result<(), NodeError> {
    write(path, content, 0o600)
}

/// Writes a file that anybody may read, whole or not at all.
pub(super) fn write_public(path: &Path, content: &[u8]) -> Result<(), NodeError> {
    write(path, content, 0o644)
}

/// Writes a file that only its owner may read, whole or not at all, unless there is one: of several who
/// come at a time the first one's stays.
pub(super) fn write_first(path: &Path, content: &[u8]) -> Result<(), NodeError> {
    let mut name = [0; 8];
    getrandom::fill(&mut name).map_err(|_| NodeError::Random)?;
    let beside = path.with_extension(format!("{:016x}.new", u64::from_be_bytes(name)));
    let placed = write_beside(&beside, content, 0o600).and_then(|()| fs::hard_link(&beside, path));
    let removed = fs::remove_file(&beside);
    match placed {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => removed.and_then(|()| sync_folder_of(path)),
    }
    .map_err(|error| NodeError::File(path.to_owned(), error))
}

fn write(path: &Path, content: &[u8], mode: u32) -> Result<(), NodeError> {
    let beside = path.with_extension("new");
    write_beside(&beside, content, mode)
        .and_then(|()| fs::rename(&beside, path))
        .and_then(|()| sync_folder_of(path))
        .map_err(|error| NodeError::File(path.to_owned(), error))
}

fn write_beside(beside: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let mut file =
        File::options().write(true).create(true).truncate(true).mode(mode).open(beside)?;
    file.write_all(content)?;
    file.sync_all()
}

/// A name that is not durable would let what rests on the file outlive it.
pub(super) fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
