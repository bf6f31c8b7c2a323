//! The contract between the sequencer and its storage.

use domain::{Digest, Reason};

use crate::path::TilePath;

/// Size and root of the tree that the log has committed to: the content of the commit cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Number of entries.
    pub size: u64,
    /// Root of the tree of that size (RFC 9162 §2.1.1).
    pub root: Digest,
}

/// Where one log lives: objects and a checkpoint, which anyone may read, and the commit cell.
///
/// Requirements, which recovery relies on:
/// - **Durable**: when a method returns `Ok`, its effect survives a crash of process and machine.
///   When it returns `Err`, or the process ends inside it, the effect may have happened or not,
///   and of several objects any subset may have been written; but each object, the checkpoint and
///   the cell hold either their old or their new bytes, never a mixture.
/// - **Read after write**: a read sees the last write that returned `Ok`, across processes.
/// - **Cell apart**: the cell lies in storage that is not restored or rolled back together with
///   the objects, so that an old copy of one does not match the other.
/// - **One writer**: at most one `Store` of a log exists at a time.
///
/// The objects and the checkpoint are not trusted for integrity: whatever is read is checked
/// against the cell. The cell is.
pub trait Store {
    /// The bytes of an object, or `None` if there is none.
    ///
    /// # Errors
    /// [`StoreError`] if that cannot be known.
    fn read(&self, path: &TilePath) -> Result<Option<Vec<u8>>, StoreError>;

    /// Writes all of `objects`, in any order. An object that exists is replaced: the sequencer
    /// writes only objects that no committed tree has, so what is there is left from a failed append.
    ///
    /// # Errors
    /// [`StoreError`] if any of them may not be durable.
    fn write(&mut self, objects: &[(TilePath, Vec<u8>)]) -> Result<(), StoreError>;

    /// Removes partial forms of the full object `full`, no more than some `most` of them, and says whether
    /// none remain. Need not be durable.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be removed.
    fn remove_partials(&mut self, full: &TilePath, most: usize) -> Result<bool, StoreError>;

    /// The published checkpoint, or `None` if there is none yet.
    ///
    /// # Errors
    /// [`StoreError`] if that cannot be known.
    fn checkpoint(&self) -> Result<Option<Vec<u8>>, StoreError>;

    /// Replaces the published checkpoint.
    ///
    /// # Errors
    /// [`StoreError`] if the new one may not be durable.
    fn publish(&mut self, note: &[u8]) -> Result<(), StoreError>;

    /// The content of the commit cell, or `None` if it was never written.
    ///
    /// # Errors
    /// [`StoreError`] if that cannot be known.
    fn committed(&self) -> Result<Option<Commit>, StoreError>;

    /// Writes `new` to the commit cell if it holds `expected`; writes it anew even if they are equal.
    ///
    /// # Errors
    /// [`StoreError::SecondWriter`] if the cell holds something else, which is then left as it is;
    /// another [`StoreError`] if `new` may not be durable.
    fn compare_and_swap(&mut self, expected: Option<Commit>, new: Commit)
    -> Result<(), StoreError>;
}

/// Why the storage did not do what it was asked. The cause is in `source()`.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No space, quota or inodes left.
    #[error("no space left to write `{place}`")]
    Full {
        /// What was being written.
        place: String,
        /// What the storage said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The storage may be read but not written.
    #[error("`{place}` cannot be written: the storage is read-only")]
    ReadOnly {
        /// What was being written.
        place: String,
        /// What the storage said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Another writer holds the log, or has extended it.
    #[error("another writer has the log at `{place}`")]
    SecondWriter {
        /// The lock or cell where this was seen.
        place: String,
    },
    /// Anything else: the storage is gone, failing, or holds something that is no log.
    #[error("`{place}` cannot be read or written")]
    Unavailable {
        /// What was being read or written.
        place: String,
        /// What the storage said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Reason for StoreError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Full { .. } => "log.store-full",
            Self::ReadOnly { .. } => "log.store-read-only",
            Self::SecondWriter { .. } => "log.second-writer",
            Self::Unavailable { .. } => "log.unavailable",
        }
    }
}
