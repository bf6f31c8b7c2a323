//! A log in a folder, with its commit cell in a file elsewhere.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tlog::{Commit, Store, StoreError, TilePath};

use crate::disk::{Disk, Held, Os};
use crate::durable::{self, Writer, lock};
use crate::reader::CHECKPOINT;

/// The storage of one log, locked for this process.
#[derive(Debug)]
pub struct FileStore {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    cell: PathBuf,
    objects: Writer,
    outside: Writer,
    /// Held for as long as the store lives; the operating system releases them if the process ends.
    _locks: [Box<dyn Held>; 2],
}

impl FileStore {
    /// Opens, and creates where needed, the log in `folder` with its commit cell in the file
    /// `cell`, which must lie outside `folder`, and be neither backed up nor restored with it.
    ///
    /// # Errors
    /// `log.second-writer` if another store of this folder or cell is open, in this or any other
    /// process; `log.store-full`, `log.store-read-only` or `log.unavailable` if they cannot be
    /// created and locked, or `cell` is inside `folder`.
    pub fn open(folder: &Path, cell: &Path) -> Result<Self, StoreError> {
        Self::open_on(Arc::new(Os), folder, cell)
    }

    /// As [`Self::open`], on `disk`.
    pub(crate) fn open_on(
        disk: Arc<dyn Disk>,
        folder: &Path,
        cell: &Path,
    ) -> Result<Self, StoreError> {
        if cell.starts_with(folder) {
            let error = io::Error::new(io::ErrorKind::InvalidInput, "inside the log's folder");
            return Err(durable::unavailable(cell, error));
        }
        let objects = Writer::new(disk.clone(), folder)?;
        let outside = Writer::new(disk.clone(), durable::parent(cell))?;
        let cell_lock = cell.with_file_name(format!(".{}.lock", name(cell)));
        let locks = [lock(&*disk, &folder.join(".lock"))?, lock(&*disk, &cell_lock)?];
        let (folder, cell) = (folder.to_owned(), cell.to_owned());
        Ok(Self { disk, folder, cell, objects, outside, _locks: locks })
    }

    fn path(&self, object: &TilePath) -> PathBuf {
        self.folder.join(object.to_string())
    }
}

impl Store for FileStore {
    fn read(&self, path: &TilePath) -> Result<Option<Vec<u8>>, StoreError> {
        durable::read(&*self.disk, &self.path(path))
    }

    fn write(&mut self, objects: &[(TilePath, Vec<u8>)]) -> Result<(), StoreError> {
        let files = objects.iter().map(|(path, bytes)| (self.path(path), bytes.as_slice()));
        let files = files.collect::<Vec<_>>();
        self.objects.write_all(&files)
    }

    fn remove_partials(&mut self, full: &TilePath, most: usize) -> Result<bool, StoreError> {
        // Not durable: should they come back, they only take up space.
        self.objects.thin_folder(&self.folder.join(full.partials()), most)
    }

    fn checkpoint(&self) -> Result<Option<Vec<u8>>, StoreError> {
        durable::read(&*self.disk, &self.folder.join(CHECKPOINT))
    }

    fn publish(&mut self, note: &[u8]) -> Result<(), StoreError> {
        self.objects.write_all(&[(self.folder.join(CHECKPOINT), note)])
    }

    fn committed(&self) -> Result<Option<Commit>, StoreError> {
        let Some(bytes) = durable::read(&*self.disk, &self.cell)? else {
            return Ok(None);
        };
        // An empty or torn cell is not an absent one: only whoever lost it knows what it held.
        let malformed = || io::Error::new(io::ErrorKind::InvalidData, "not a commit cell");
        let commit = parse(&bytes).ok_or_else(|| durable::unavailable(&self.cell, malformed()))?;
        Ok(Some(commit))
    }

    fn compare_and_swap(
        &mut self,
        expected: Option<Commit>,
        new: Commit,
    ) -> Result<(), StoreError> {
        // The lock makes comparing and swapping one step among all who take it.
        if self.committed()? != expected {
            return Err(StoreError::SecondWriter { place: self.cell.display().to_string() });
        }
        self.outside.write_all(&[(self.cell.clone(), format_cell(&new).as_bytes())])
    }
}

/// The cell's text: a line that names the format, the size, the root.
fn format_cell(commit: &Commit) -> String {
    format!("{HEADER}\n{}\n{}\n", commit.size, commit.root)
}

fn parse(bytes: &[u8]) -> Option<Commit> {
    let text = str::from_utf8(bytes).ok()?;
    let lines: Vec<_> = text.split('\n').collect();
    let [HEADER, size, root, ""] = lines.as_slice() else {
        return None;
    };
    let commit = Commit { size: size.parse().ok()?, root: root.parse().ok()? };
    (format_cell(&commit) == text).then_some(commit)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

const HEADER: &str = "cloister-log-commit/v1";
