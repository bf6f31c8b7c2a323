//! Keeps a [`tlog`] in a folder, durably, and reads such a folder.
//!
//! The folder can be served by any web server as it is: `checkpoint`, `tile/…` (C2SP tlog-tiles).
//! The commit cell is a file of its own, elsewhere: whoever backs up, restores or rolls back the
//! folder must not do the same to the cell, or an old copy cannot be told from the log.
//! Names that begin with a dot are ours: the lock, and files that are being written.

mod disk;
mod durable;
mod reader;
mod store;
#[cfg(test)]
mod storm;
mod witness;

pub use reader::{FolderReader, verify_folder};
pub use store::FileStore;
pub use witness::WitnessFolder;
