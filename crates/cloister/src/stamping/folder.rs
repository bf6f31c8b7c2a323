//! Stamped checkpoints, a pair of files each: `SIZE.checkpoint`, the note, and `SIZE.tsr`, the response.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use domain::Reason;

/// A folder of stamped checkpoints.
#[derive(Clone, Debug)]
pub struct StampFolder(PathBuf);

/// A checkpoint and its time stamp, of which nothing was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptStamp {
    /// The size that the files are named after.
    pub size: u64,
    /// The checkpoint's note.
    pub note: String,
    /// The authority's response.
    pub response: Vec<u8>,
}

impl StampFolder {
    /// The folder at `path`, which [`Self::keep`] makes if there is none.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// The largest size that was stamped.
    ///
    /// # Errors
    /// `timestamp.folder` if the folder is there and cannot be read.
    pub fn newest(&self) -> Result<Option<u64>, StampFolderError> {
        Ok(self.sizes()?.pop())
    }

    /// All stamped checkpoints, by size.
    ///
    /// # Errors
    /// `timestamp.folder` if a file cannot be read.
    pub fn all(&self) -> Result<Vec<KeptStamp>, StampFolderError> {
        self.sizes()?.into_iter().map(|size| self.read(size)).collect()
    }

    /// The stamped checkpoint of the largest size.
    ///
    /// # Errors
    /// `timestamp.folder` if a file cannot be read.
    pub fn last(&self) -> Result<Option<KeptStamp>, StampFolderError> {
        self.newest()?.map(|size| self.read(size)).transpose()
    }

    fn read(&self, size: u64) -> Result<KeptStamp, StampFolderError> {
        let (note, response) = (self.path(size, NOTE), self.path(size, RESPONSE));
        Ok(KeptStamp {
            size,
            note: fs::read_to_string(&note).map_err(|error| refused(&note, error))?,
            response: fs::read(&response).map_err(|error| refused(&response, error))?,
        })
    }

    /// Keeps a stamp, durably, in place of another of its size. The response gets its name last, and another
    /// one loses it first, so where there is one there is its note.
    ///
    /// # Errors
    /// `timestamp.folder` if it cannot be written.
    pub fn keep(&self, stamp: &KeptStamp) -> Result<(), StampFolderError> {
        fs::create_dir_all(&self.0).map_err(|error| refused(&self.0, error))?;
        let (note, response) = (self.path(stamp.size, NOTE), self.path(stamp.size, RESPONSE));
        // First everything that needs room.
        for (path, content) in [(&note, stamp.note.as_bytes()), (&response, &stamp.response)] {
            write(&beside(path), content).map_err(|error| refused(path, error))?;
        }
        if response.exists() {
            fs::remove_file(&response).map_err(|error| refused(&response, error))?;
        }
        for path in [&note, &response] {
            // CRASH: a note without a stamp is not looked at, and replaced by the next stamp of its size.
            self.sync().map_err(|error| refused(path, error))?;
            fs::rename(beside(path), path).map_err(|error| refused(path, error))?;
        }
        self.sync().map_err(|error| refused(&self.0, error))
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.0)?.sync_all()
    }

    fn path(&self, size: u64, kind: &str) -> PathBuf {
        self.0.join(format!("{size}{kind}"))
    }

    fn sizes(&self) -> Result<Vec<u64>, StampFolderError> {
        let entries = match fs::read_dir(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|error| refused(&self.0, error))?,
        };
        let mut sizes = Vec::new();
        for entry in entries {
            let name = entry.map_err(|error| refused(&self.0, error))?.file_name();
            sizes.extend(name.to_str().and_then(stamped_size));
        }
        sizes.sort_unstable();
        Ok(sizes)
    }
}

fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.new"))
}

fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// `SIZE` of `SIZE.tsr`, in its one spelling.
fn stamped_size(name: &str) -> Option<u64> {
    let size = name.strip_suffix(RESPONSE)?;
    size.parse().ok().filter(|number: &u64| number.to_string() == size)
}

/// A file of the folder cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("`{path}` cannot be read or written")]
pub struct StampFolderError {
    path: String,
    #[source]
    source: io::Error,
}

impl Reason for StampFolderError {
    fn reason(&self) -> &'static str {
        "timestamp.folder"
    }
}

fn refused(path: &Path, source: io::Error) -> StampFolderError {
    StampFolderError { path: path.display().to_string(), source }
}

const NOTE: &str = ".checkpoint";
const RESPONSE: &str = ".tsr";

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(size: u64) -> KeptStamp {
        KeptStamp { size, note: format!("note {size}"), response: vec![1, 2] }
    }

    #[test]
    fn what_was_kept_is_found_by_size() {
        let folder = tempfile::tempdir().unwrap();
        let stamps = StampFolder::new(&folder.path().join("stamps"));
        assert_eq!((stamps.newest().unwrap(), stamps.all().unwrap()), (None, vec![]));
        assert_eq!(stamps.last().unwrap(), None);
        for size in [9, 100, 10] {
            stamps.keep(&stamp(size)).unwrap();
        }
        // The same size again, with another stamp.
        let again = KeptStamp { response: vec![3], ..stamp(10) };
        stamps.keep(&again).unwrap();
        for other in ["010.tsr", "x.tsr", "7.checkpoint", ".11.tsr.new", "+12.tsr", "tsr"] {
            fs::write(folder.path().join("stamps").join(other), "").unwrap();
        }
        assert_eq!(
            (stamps.newest().unwrap(), stamps.last().unwrap()),
            (Some(100), Some(stamp(100)))
        );
        assert_eq!(stamps.all().unwrap(), [stamp(9), again, stamp(100)]);
    }

    /// A checkpoint of the same size with newer cosignatures, and no room for its stamp.
    #[test]
    fn a_stamp_stands_beside_its_own_note_only() {
        let folder = tempfile::tempdir().unwrap();
        let stamps = StampFolder::new(folder.path());
        stamps.keep(&stamp(3)).unwrap();
        fs::create_dir(folder.path().join(".3.tsr.new")).unwrap();
        let newer = KeptStamp { note: "newer".to_owned(), ..stamp(3) };
        assert_eq!(stamps.keep(&newer).unwrap_err().reason(), "timestamp.folder");
        assert_eq!(stamps.all().unwrap(), [stamp(3)]);
    }

    #[test]
    fn a_stamp_without_its_note_and_a_file_for_a_folder_are_told() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("3.tsr"), "").unwrap();
        let stamps = StampFolder::new(folder.path());
        assert_eq!(stamps.all().unwrap_err().reason(), "timestamp.folder");
        let stamps = StampFolder::new(&folder.path().join("3.tsr"));
        assert_eq!(stamps.newest().unwrap_err().reason(), "timestamp.folder");
        assert_eq!(stamps.keep(&stamp(1)).unwrap_err().reason(), "timestamp.folder");
    }
}
