//! How far a reader of a log has come, in a file.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tlog::{Commit, Follower, LogError, StoreError, VerifierKey};

use crate::disk::{Disk, Held, Os};
use crate::durable::{self, Writer, lock};

/// The file in which the reader of one log, for one purpose, keeps how far it has come; locked for this
/// process.
///
/// It has a line that names the format, size and root of the tree of all entries that were dealt with,
/// an empty line, and the newest checkpoint that was seen, as the log signed it. With this note a log that
/// goes back or has a second head is noticed, and can be shown to others.
#[derive(Debug)]
pub struct Cursor {
    path: PathBuf,
    disk: Arc<dyn Disk>,
    writer: Writer,
    _lock: Box<dyn Held>,
}

impl Cursor {
    /// The cursor in the file `path`, which need not exist yet; its folder is made if there is none.
    ///
    /// # Errors
    /// `log.second-writer` if another process has it; a storage reason if it cannot be locked.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let disk: Arc<dyn Disk> = Arc::new(Os);
        let writer = Writer::new(Arc::clone(&disk), durable::parent(path))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let lock = lock(&*disk, &path.with_file_name(format!(".{name}.lock")))?;
        Ok(Self { path: path.to_owned(), disk, writer, _lock: lock })
    }

    /// A follower of the log `key` that goes on where this cursor is; at the first entry, if there is no
    /// file.
    ///
    /// # Errors
    /// `log.malformed` if the file is not a cursor: an empty or torn one is not an absent one. The
    /// reasons of [`Follower::resume`] if it is of another log; a storage reason if it cannot be read.
    pub fn follower(&self, key: VerifierKey) -> Result<Follower, LogError> {
        let Some(bytes) = durable::read(&*self.disk, &self.path)? else {
            return Ok(Follower::begin(key));
        };
        let (position, note) = parse(&bytes).ok_or(LogError::Malformed { what: "cursor" })?;
        Follower::resume(key, note, position)
    }

    /// Writes down how far `follower` has come. With `Ok` it is durable. Before the first checkpoint was
    /// seen there is nothing to write.
    ///
    /// # Errors
    /// A storage reason; the file then has the old content or the new one.
    pub fn save(&mut self, follower: &Follower) -> Result<(), StoreError> {
        let Some(newest) = follower.newest() else { return Ok(()) };
        let Commit { size, root } = follower.position();
        let text = format!("{HEADER}\n{size}\n{root}\n\n{}", newest.note());
        self.writer.write_all(&[(self.path.clone(), text.as_bytes())])
    }

    /// Keeps `note`, a checkpoint that does not agree with what was seen, beside the cursor: two such notes
    /// prove that the log has two heads. The first one is kept.
    ///
    /// # Errors
    /// A storage reason.
    pub fn keep_conflict(&mut self, note: &str) -> Result<PathBuf, StoreError> {
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(".conflict");
        let path = self.path.with_file_name(name);
        match path.try_exists() {
            Ok(true) => {}
            Ok(false) => self.writer.write_all(&[(path.clone(), note.as_bytes())])?,
            Err(error) => return Err(failed(&path, error)),
        }
        Ok(path)
    }
}

fn failed(path: &Path, error: io::Error) -> StoreError {
    durable::unavailable(path, error)
}

fn parse(bytes: &[u8]) -> Option<(Commit, &str)> {
    let text = str::from_utf8(bytes).ok()?;
    let (position, note) = text.split_once("\n\n")?;
    let lines: Vec<_> = position.split('\n').collect();
    let [HEADER, size, root] = lines.as_slice() else {
        return None;
    };
    let commit = Commit { size: size.parse().ok()?, root: root.parse().ok()? };
    let same = format!("{HEADER}\n{}\n{}", commit.size, commit.root) == position;
    same.then_some((commit, note))
}

const HEADER: &str = "cloister-log-cursor/v1";
