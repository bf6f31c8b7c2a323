//! Files that are whole and durable, or not there.
//!
//! The recipe: write a temporary file beside the target, fsync it, rename it over the target, fsync
//! the folder. Without the first fsync the name may survive a power failure and the content not;
//! without the second, the content and not the name.
//!
//! An fsync that fails may drop the dirty pages and report success the next time. So nothing here
//! is ever retried on the same file: the next attempt writes a new one.

use std::collections::BTreeSet;
use std::fs::TryLockError;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tlog::StoreError;

use crate::disk::{Disk, Held};

/// Writes below one folder, and remembers which folders in it are durable themselves.
#[derive(Debug)]
pub(crate) struct Writer {
    disk: Arc<dyn Disk>,
    root: PathBuf,
    settled: BTreeSet<PathBuf>,
}

impl Writer {
    /// Writes below `root`, which is made if there is none.
    pub(crate) fn new(disk: Arc<dyn Disk>, root: &Path) -> Result<Self, StoreError> {
        let mut writer = Self { disk, root: root.to_owned(), settled: BTreeSet::new() };
        writer.settle(root).map_err(|error| failed(root, error))?;
        Ok(writer)
    }

    /// Writes all `files`; when this returns `Ok`, they and the folders they are in are durable.
    pub(crate) fn write_all(&mut self, files: &[(PathBuf, &[u8])]) -> Result<(), StoreError> {
        let mut folders = BTreeSet::new();
        let mut staged = Vec::with_capacity(files.len());
        for (path, bytes) in files {
            let folder = parent(path);
            self.settle(folder).map_err(|error| failed(folder, error))?;
            staged.push((self.stage(path, bytes).map_err(|error| failed(path, error))?, path));
            folders.insert(folder);
        }
        // CRASH: temporary files stay; each is replaced when its target is written next.
        for (temporary, path) in staged {
            self.disk.rename(&temporary, path).map_err(|error| failed(path, error))?;
        }
        // CRASH: some targets are new, some old, none is torn.
        for folder in folders {
            self.disk.sync_folder(folder).map_err(|error| failed(folder, error))?;
        }
        Ok(())
    }

    /// Makes `folder` with the one file `name` in it, durably: it is there with the file or not at all.
    /// The folder must not be there, the one above it must.
    pub(crate) fn write_folder(
        &mut self,
        folder: &Path,
        name: &str,
        bytes: &[u8],
    ) -> Result<(), StoreError> {
        let above = parent(folder);
        let temporary = temporary(folder);
        self.remove_folder(&temporary)?;
        let mut write = || {
            self.settle(above)?;
            self.disk.create_folder(&temporary)?;
            let mut file = self.disk.create(&temporary.join(name))?;
            file.write_all(bytes)?;
            file.sync()?;
            self.disk.sync_folder(&temporary)?;
            // CRASH: the temporary folder stays; it is replaced next time.
            self.disk.rename(&temporary, folder)?;
            self.disk.sync_folder(above)
        };
        write().map_err(|error| failed(folder, error))?;
        self.settled.insert(folder.to_owned());
        Ok(())
    }

    /// Removes `folder` with all that is in it. Not durable.
    pub(crate) fn remove_folder(&mut self, folder: &Path) -> Result<(), StoreError> {
        self.settled.remove(folder);
        match self.disk.remove_folder(folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(folder, error)),
            _ => Ok(()),
        }
    }

    /// Removes `most` of the files in `folder`, or with the last of them the folder, and says whether it
    /// is gone. Not durable.
    pub(crate) fn thin_folder(&mut self, folder: &Path, most: usize) -> Result<bool, StoreError> {
        let names = match self.disk.names(folder, most) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
            names => names.map_err(|error| failed(folder, error))?,
        };
        if names.len() < most {
            return self.remove_folder(folder).map(|()| true);
        }
        for path in names.iter().map(|name| folder.join(name)) {
            self.disk.remove_file(&path).map_err(|error| failed(&path, error))?;
        }
        Ok(false)
    }

    /// Makes `folder`, and those above it, each durable in the one above. A folder that is there
    /// already may have been made by a process that ended before its fsync, also one above the root:
    /// so each is fsynced once by every process.
    fn settle(&mut self, folder: &Path) -> io::Result<()> {
        let above = parent(folder);
        if folder.parent().is_none() || above == folder || self.settled.contains(folder) {
            return Ok(());
        }
        self.settle(above)?;
        let new = !self.disk.is_folder(folder);
        if new {
            match self.disk.create_folder(folder) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
        }
        match self.disk.sync_folder(above) {
            // Above the root are folders that we did not make, some not ours to open.
            Err(error) if !new && !folder.starts_with(&self.root) && is_foreign(&error) => {}
            synced => synced?,
        }
        self.settled.insert(folder.to_owned());
        Ok(())
    }

    /// Writes `bytes`, durably, to a temporary file beside `path`.
    fn stage(&self, path: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
        let temporary = temporary(path);
        // Never reuse the file of a failed attempt: see above.
        match self.disk.remove_file(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = self.disk.create(&temporary)?;
        file.write_all(bytes)?;
        file.sync()?;
        Ok(temporary)
    }
}

/// What `path` is called while it is being written.
fn temporary(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.new"))
}

/// Whether a folder cannot be fsynced because of what it is, not because of a fault.
fn is_foreign(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidInput, PermissionDenied, ReadOnlyFilesystem, Unsupported};
    matches!(error.kind(), InvalidInput | PermissionDenied | ReadOnlyFilesystem | Unsupported)
}

/// The folder that `path` is in; the current one for a bare name.
pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Locks the file at `path`.
pub(crate) fn lock(disk: &dyn Disk, path: &Path) -> Result<Box<dyn Held>, StoreError> {
    disk.lock(path).map_err(|error| match error {
        TryLockError::WouldBlock => StoreError::SecondWriter { place: path.display().to_string() },
        TryLockError::Error(error) => failed(path, error),
    })
}

/// The content of a file, or `None` if there is none.
pub(crate) fn read(disk: &dyn Disk, path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    match disk.read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unavailable(path, error)),
    }
}

/// What it means that something cannot be read.
pub(crate) fn unavailable(path: &Path, error: io::Error) -> StoreError {
    StoreError::Unavailable { place: path.display().to_string(), source: error.into() }
}

/// What it means that something cannot be written, sorted by what an operator has to do.
pub(crate) fn failed(path: &Path, error: io::Error) -> StoreError {
    use io::ErrorKind::{PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    let (place, kind) = (path.display().to_string(), error.kind());
    let source = error.into();
    match kind {
        StorageFull | QuotaExceeded => StoreError::Full { place, source },
        PermissionDenied | ReadOnlyFilesystem => StoreError::ReadOnly { place, source },
        _ => StoreError::Unavailable { place, source },
    }
}
