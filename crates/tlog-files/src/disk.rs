//! The file operations that a durable log needs, and nothing else: the tests put a disk that fails,
//! tears and forgets in the place of the operating system's.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;

/// A file system. Nothing is durable before the `sync` that is for it.
pub(crate) trait Disk: fmt::Debug + Send + Sync {
    /// The content of a file.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// Whether there is a folder at `path`; `false` also if that cannot be known.
    fn is_folder(&self, path: &Path) -> bool;

    /// Names in a folder, `most` at most, in any order.
    fn names(&self, folder: &Path, most: usize) -> io::Result<Vec<OsString>>;

    /// Makes an empty file, which must not be there.
    fn create(&self, path: &Path) -> io::Result<Box<dyn NewFile>>;

    /// Gives a file another name in the same folder, in place of the file that has it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Removes a folder with all that is in it.
    fn remove_folder(&self, folder: &Path) -> io::Result<()>;

    /// Makes a folder, which must not be there, in one that is.
    fn create_folder(&self, folder: &Path) -> io::Result<()>;

    /// Makes the names in a folder durable, but not what they name.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;

    /// Locks a file, made if there is none, until the value is dropped or the process ends.
    fn lock(&self, path: &Path) -> Result<Box<dyn Held>, TryLockError>;
}

/// A file that is being written.
pub(crate) trait NewFile: io::Write {
    /// Makes the content durable, but not the name.
    fn sync(&mut self) -> io::Result<()>;
}

/// A lock that is held.
pub(crate) trait Held: fmt::Debug + Send + Sync {}

/// The operating system's.
#[derive(Debug)]
pub(crate) struct Os;

impl Disk for Os {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs::read(path)
    }

    fn is_folder(&self, path: &Path) -> bool {
        path.is_dir()
    }

    fn names(&self, folder: &Path, most: usize) -> io::Result<Vec<OsString>> {
        fs::read_dir(folder)?.take(most).map(|entry| Ok(entry?.file_name())).collect()
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn NewFile>> {
        Ok(Box::new(File::create_new(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_folder(&self, folder: &Path) -> io::Result<()> {
        fs::remove_dir_all(folder)
    }

    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir(folder)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }

    fn lock(&self, path: &Path) -> Result<Box<dyn Held>, TryLockError> {
        let open = File::options().create(true).truncate(false).write(true).open(path);
        let file = open.map_err(TryLockError::Error)?;
        file.try_lock()?;
        Ok(Box::new(file))
    }
}

impl NewFile for File {
    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }
}

impl Held for File {}
