//! What a job left behind, as the agent's walker saw it: data, not yet believed in any respect.

use std::fmt;

/// One thing below the output folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputEntry {
    /// The raw bytes of the path relative to the output folder, `/` between its parts, exactly as
    /// the file system gave them.
    pub path: Vec<u8>,
    /// What it is, by a look that follows no link.
    pub kind: EntryKind,
}

/// What an [`OutputEntry`] is.
#[derive(Clone, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file that was read whole.
    Regular {
        /// The content.
        bytes: Vec<u8>,
        /// The number of hard links to it (`st_nlink`).
        links: u64,
    },
    /// A regular file longer than [`crate::Limits::max_file_bytes`], which is not read.
    TooLarge {
        /// Its length in bytes (`st_size`).
        bytes: u64,
    },
    /// A folder.
    Directory,
    /// A symbolic link, wherever it points.
    Symlink,
    /// A block device.
    BlockDevice,
    /// A character device.
    CharDevice,
    /// A named pipe.
    Fifo,
    /// A socket.
    Socket,
    /// Anything else.
    Other,
}

/// Shows lengths, never content: what a workload wrote is confidential until it is checked.
impl fmt::Debug for EntryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Regular { bytes, links } => {
                write!(f, "Regular({} bytes, {links} links)", bytes.len())
            }
            Self::TooLarge { bytes } => write!(f, "TooLarge({bytes} bytes)"),
            Self::Directory => f.write_str("Directory"),
            Self::Symlink => f.write_str("Symlink"),
            Self::BlockDevice => f.write_str("BlockDevice"),
            Self::CharDevice => f.write_str("CharDevice"),
            Self::Fifo => f.write_str("Fifo"),
            Self::Socket => f.write_str("Socket"),
            Self::Other => f.write_str("Other"),
        }
    }
}
