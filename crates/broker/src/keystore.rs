//! Where wrapped dataset keys are kept.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use domain::{Digest, Reason};
use seal::WrappedDatasetKey;
use serde::{Deserialize, Serialize};

/// Holds dataset keys as they came: wrapped to the broker's key, useless without it.
///
/// A store is not trusted with secrecy, and a key that it mixes up does not unwrap: each is bound
/// to its dataset's manifest.
pub trait KeyStore: Send + Sync {
    /// Keeps `key` for the dataset with this manifest digest, durably, in place of any other.
    ///
    /// # Errors
    /// [`KeyStoreError::Store`].
    fn put(&self, dataset: &Digest, key: &WrappedDatasetKey) -> Result<(), KeyStoreError>;

    /// The key that was kept.
    ///
    /// # Errors
    /// [`KeyStoreError`].
    fn get(&self, dataset: &Digest) -> Result<WrappedDatasetKey, KeyStoreError>;
}

/// A folder with one file for each dataset: `<64 hex digits of the manifest's digest>.json`.
#[derive(Debug)]
pub struct FolderKeyStore {
    folder: PathBuf,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    dataset: Digest,
    wrapped_key: WrappedDatasetKey,
}

impl FolderKeyStore {
    /// Opens the store in `folder` and creates it if it is missing.
    ///
    /// # Errors
    /// [`KeyStoreError::Store`].
    pub fn open(folder: &Path) -> Result<Self, KeyStoreError> {
        fs::create_dir_all(folder).map_err(KeyStoreError::Store)?;
        Ok(Self { folder: folder.to_owned() })
    }

    fn path(&self, dataset: &Digest) -> PathBuf {
        self.folder.join(format!("{}.json", dataset.hex()))
    }
}

impl KeyStore for FolderKeyStore {
    /// Written beside its place, synced, renamed, and the folder synced: a reader sees the old key
    /// or the new one, and a crash loses nothing that was returned.
    fn put(&self, dataset: &Digest, key: &WrappedDatasetKey) -> Result<(), KeyStoreError> {
        let file = KeyFile { dataset: *dataset, wrapped_key: key.clone() };
        let text = serde_json::to_vec(&file).map_err(|_| KeyStoreError::Malformed(*dataset))?;
        let write = || -> io::Result<()> {
            let beside = self.folder.join(format!(".{}.new", dataset.hex()));
            let mut file = File::create(&beside)?;
            file.write_all(&text)?;
            file.sync_all()?;
            fs::rename(&beside, self.path(dataset))?;
            File::open(&self.folder)?.sync_all()
        };
        write().map_err(KeyStoreError::Store)
    }

    fn get(&self, dataset: &Digest) -> Result<WrappedDatasetKey, KeyStoreError> {
        let text = fs::read(self.path(dataset)).map_err(|error| {
            if error.kind() == io::ErrorKind::NotFound {
                KeyStoreError::Missing(*dataset)
            } else {
                KeyStoreError::Store(error)
            }
        })?;
        let malformed = KeyStoreError::Malformed(*dataset);
        match serde_json::from_slice::<KeyFile>(&text) {
            Ok(file) if file.dataset == *dataset => Ok(file.wrapped_key),
            _ => Err(malformed),
        }
    }
}

/// Why a wrapped key was not kept or found.
#[derive(Debug, thiserror::Error)]
pub enum KeyStoreError {
    /// What is kept for the dataset is not its wrapped key.
    #[error("the key kept for dataset `{0}` cannot be read")]
    Malformed(Digest),
    /// No key is kept for the dataset.
    #[error("no key is kept for dataset `{0}`")]
    Missing(Digest),
    /// The store cannot be read or written.
    #[error("the key store cannot be read or written")]
    Store(#[source] io::Error),
}

impl Reason for KeyStoreError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "keystore.malformed",
            Self::Missing(_) => "keystore.missing",
            Self::Store(_) => "keystore.unavailable",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> WrappedDatasetKey {
        text.to_owned().try_into().unwrap()
    }

    #[test]
    fn keys_are_kept_by_dataset_and_damage_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let store = FolderKeyStore::open(&folder.path().join("keys")).unwrap();
        let (one, two) = (Digest::of(b"1"), Digest::of(b"2"));
        assert_eq!(store.get(&one).unwrap_err().reason(), "keystore.missing");
        store.put(&one, &key("AAAA")).unwrap();
        store.put(&one, &key("BBBB")).unwrap();
        assert_eq!(store.get(&one).unwrap(), key("BBBB"));
        fs::copy(store.path(&one), store.path(&two)).unwrap();
        assert_eq!(store.get(&two).unwrap_err().reason(), "keystore.malformed");
        fs::remove_dir_all(folder.path().join("keys")).unwrap();
        assert_eq!(store.put(&one, &key("AAAA")).unwrap_err().reason(), "keystore.unavailable");
    }
}
