//! The plaintext file-system image, which never has a name.

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom};
use std::path::Path;
use std::process::{Command, Stdio};

use seal::verity::BLOCK_BYTES;

use super::SealingError;

/// An erofs image of a folder, in a file without a name: gone when this value or the process is,
/// on whatever way, so that no plaintext is left behind.
pub(super) struct Plaintext {
    file: File,
    bytes: u64,
}

impl Plaintext {
    /// Runs `mkfs.erofs` over `source` into a nameless file in the folder `beside`. The same files
    /// give the same image: fixed time, owner and UUID, no extended attributes.
    pub(super) fn make(source: &Path, beside: &Path) -> Result<Self, SealingError> {
        let mut file = tempfile::tempfile_in(beside).map_err(SealingError::at(beside))?;
        // The program opens its standard input by its path in /proc, which needs no name elsewhere.
        let output = file.try_clone().map_err(SealingError::at(beside))?;
        let ran = Command::new("mkfs.erofs")
            .args(["-T0", "--all-root", "-x-1", "--quiet", "-U", UUID, "/proc/self/fd/0"])
            .arg(source.canonicalize().map_err(SealingError::at(source))?)
            .stdin(Stdio::from(output))
            .output()
            .map_err(SealingError::MkfsMissing)?;
        if !ran.status.success() {
            let said = String::from_utf8_lossy(&ran.stderr);
            return Err(SealingError::Mkfs(said.lines().take(3).collect::<Vec<_>>().join("; ")));
        }
        let bytes = whole_blocks(&mut file).map_err(SealingError::at(beside))?;
        Ok(Self { file, bytes })
    }

    /// The image's length: a multiple of 4096.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The image, read from its beginning.
    pub(super) const fn file(&mut self) -> &mut File {
        &mut self.file
    }
}

/// Pads the file to whole blocks and rewinds it.
fn whole_blocks(file: &mut File) -> io::Result<u64> {
    let bytes = file.metadata()?.len().next_multiple_of(BLOCK_BYTES as u64);
    file.set_len(bytes)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(bytes)
}

/// Of every image: it names nothing, and the ciphertext hides it.
const UUID: &str = "00000000-0000-0000-0000-000000000000";
