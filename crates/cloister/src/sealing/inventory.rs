//! What a folder holds: files with their digests, tables with their columns and rows.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use domain::Digest;
use domain::dataset::DataFile;
use sha2::{Digest as _, Sha256};

use super::SealingError;

/// The content of a folder at the time it was read.
pub(super) struct Inventory {
    /// By path, sorted.
    pub(super) files: Vec<DataFile>,
    /// Over all tables, in order of first appearance.
    pub(super) columns: Vec<String>,
    /// Over all tables.
    pub(super) rows: u64,
    seen: Vec<(PathBuf, u64, SystemTime)>,
}

impl Inventory {
    /// Reads everything below `source`. A file whose name ends in `.csv` is a table.
    pub(super) fn take(source: &Path, separator: u8) -> Result<Self, SealingError> {
        let mut inventory =
            Self { files: Vec::new(), columns: Vec::new(), rows: 0, seen: Vec::new() };
        for path in plain_files(source)? {
            inventory.add(source, path, separator)?;
        }
        if inventory.files.is_empty() {
            return Err(SealingError::NoFiles(source.to_owned()));
        }
        Ok(inventory)
    }

    fn add(&mut self, source: &Path, path: PathBuf, separator: u8) -> Result<(), SealingError> {
        let name = path.strip_prefix(source).ok().and_then(Path::to_str);
        let name = name.ok_or_else(|| SealingError::Name(path.clone()))?.to_owned();
        let metadata = fs::metadata(&path).map_err(SealingError::at(&path))?;
        let sha256 = digest(&path).map_err(SealingError::at(&path))?;
        self.files.push(DataFile { name, sha256, bytes: metadata.len() });
        self.seen.push(stamp(&path, &metadata)?);
        let is_table = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv"));
        if is_table { self.add_table(&path, separator) } else { Ok(()) }
    }

    fn add_table(&mut self, path: &Path, separator: u8) -> Result<(), SealingError> {
        let refused = |error| SealingError::Csv(path.to_owned(), error);
        let mut reader =
            csv::ReaderBuilder::new().delimiter(separator).from_path(path).map_err(refused)?;
        for column in reader.headers().map_err(refused)? {
            if !self.columns.iter().any(|known| known == column) {
                self.columns.push(column.to_owned());
            }
        }
        let mut record = csv::ByteRecord::new();
        while reader.read_byte_record(&mut record).map_err(refused)? {
            self.rows += 1;
        }
        Ok(())
    }

    /// Refuses if a file was changed since [`Self::take`]: the digests would be of other bytes than
    /// the image.
    pub(super) fn unchanged(&self) -> Result<(), SealingError> {
        for seen in &self.seen {
            let metadata = fs::metadata(&seen.0).map_err(SealingError::at(&seen.0))?;
            if stamp(&seen.0, &metadata)? != *seen {
                return Err(SealingError::SourceChanged(seen.0.clone()));
            }
        }
        Ok(())
    }
}

fn stamp(path: &Path, metadata: &Metadata) -> Result<(PathBuf, u64, SystemTime), SealingError> {
    let modified = metadata.modified().map_err(SealingError::at(path))?;
    Ok((path.to_owned(), metadata.len(), modified))
}

/// Every regular file below `folder`, sorted; anything else than files and folders is refused.
fn plain_files(folder: &Path) -> Result<Vec<PathBuf>, SealingError> {
    let mut folders = vec![folder.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        readable(&folder, OTHERS_ENTER)?;
        for entry in fs::read_dir(&folder).map_err(SealingError::at(&folder))? {
            let entry = entry.map_err(SealingError::at(&folder))?;
            let kind = entry.file_type().map_err(SealingError::at(&entry.path()))?;
            match () {
                () if kind.is_dir() => folders.push(entry.path()),
                () if kind.is_file() => files.push(entry.path()),
                () => return Err(SealingError::NotPlain(entry.path())),
            }
        }
    }
    files.sort();
    for file in &files {
        readable(file, OTHERS_READ)?;
    }
    Ok(files)
}

/// The image keeps permissions, and a workload is not the files' owner.
fn readable(path: &Path, bits: u32) -> Result<(), SealingError> {
    let mode = fs::metadata(path).map_err(SealingError::at(path))?.permissions().mode();
    if mode & bits == bits { Ok(()) } else { Err(SealingError::NotReadable(path.to_owned())) }
}

fn digest(path: &Path) -> io::Result<Digest> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut chunk)?;
        let Some(bytes) = chunk.get(..read).filter(|bytes| !bytes.is_empty()) else {
            return Ok(Digest::from_bytes(hasher.finalize().into()));
        };
        hasher.update(bytes);
    }
}

const OTHERS_READ: u32 = 0o004;
const OTHERS_ENTER: u32 = 0o005;
