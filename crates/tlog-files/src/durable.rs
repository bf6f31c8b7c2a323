//! Files that are whole and durable, or not there.
//!
//! The recipe: write a temporary file beside the target, fsync it, rename it over the target, fsync
//! the folder. Without the first fsync the name may survive a power failure and the content not;
//! without the second, the content and not the name.
//!
//! An fsync that fails may drop the dirty pages and report success the next time. So nothing here
//! is ever retried on the same file: the next attempt writes a new one.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tlog::StoreError;

/// Writes below one folder, and remembers which folders in it are durable themselves.
#[derive(Debug)]
pub(crate) struct Writer {
    root: PathBuf,
    settled: BTreeSet<PathBuf>,
}

impl Writer {
    /// Writes below `root`, which is made if there is none.
    pub(crate) fn new(root: &Path) -> Result<Self, StoreError> {
        let mut writer = Self { root: root.to_owned(), settled: BTreeSet::new() };
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
            staged.push((stage(path, bytes).map_err(|error| failed(path, error))?, path));
            folders.insert(folder);
        }
        // CRASH: temporary files stay; each is replaced when its target is written next.
        for (temporary, path) in staged {
            fs::rename(&temporary, path).map_err(|error| failed(path, error))?;
        }
        // CRASH: some targets are new, some old, none is torn.
        for folder in folders {
            sync_folder(folder).map_err(|error| failed(folder, error))?;
        }
        Ok(())
    }

    /// Removes `folder` with all that is in it. Not durable.
    pub(crate) fn remove_folder(&mut self, folder: &Path) -> Result<(), StoreError> {
        self.settled.remove(folder);
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(folder, error)),
            _ => Ok(()),
        }
    }

    /// Makes `folder`, and those above it, each durable in the one above. A folder that is there
    /// already may have been made by a process that ended before its fsync: so each is fsynced
    /// once by every process.
    fn settle(&mut self, folder: &Path) -> io::Result<()> {
        let ours = folder.starts_with(&self.root);
        if folder.is_dir() && (!ours || self.settled.contains(folder)) {
            return Ok(());
        }
        let above = parent(folder);
        if above != folder {
            self.settle(above)?;
        }
        match fs::create_dir(folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => sync_folder(above)?,
        }
        self.settled.insert(folder.to_owned());
        Ok(())
    }
}

/// Writes `bytes`, durably, to a temporary file beside `path`.
fn stage(path: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.new"));
    // Never reuse the file of a failed attempt: see above.
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = File::create_new(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(temporary)
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// The folder that `path` is in; the current one for a bare name.
pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// The content of a file, or `None` if there is none.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    match fs::read(path) {
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
