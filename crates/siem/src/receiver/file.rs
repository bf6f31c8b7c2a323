//! Lines in a file, or on standard output.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use crate::error::Undelivered;
use crate::event::Event;
use crate::receiver::Lines;

/// A file that lines are appended to, or standard output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileReceiver {
    path: Option<PathBuf>,
    lines: Lines,
}

impl FileReceiver {
    /// Appends `lines` to the file `path`. It is opened for each delivery, so that it may be moved away; the
    /// acknowledgement is an fsync. A line that a crash cut short is ended, and comes again whole.
    #[must_use]
    pub fn new(path: &Path, lines: Lines) -> Self {
        Self { path: Some(path.to_owned()), lines }
    }

    /// Writes `lines` to standard output. That the system took them is the acknowledgement: whoever reads
    /// them must not lose them.
    #[must_use]
    pub const fn standard_output(lines: Lines) -> Self {
        Self { path: None, lines }
    }

    pub(super) fn deliver(&self, events: &[Event]) -> Result<(), Undelivered> {
        let text = self.lines.of(events)?;
        let written = match &self.path {
            Some(path) => append(path, text.as_bytes()),
            None => print(text.as_bytes()),
        };
        let place = self.path.as_ref().map(|path| path.display().to_string());
        let place = place.unwrap_or_else(|| "standard output".to_owned());
        written.map_err(|source| Undelivered::File { place, source })
    }
}

fn append(path: &Path, text: &[u8]) -> io::Result<()> {
    let new = !path.try_exists()?;
    let mut file = File::options().create(true).append(true).read(true).open(path)?;
    if !ends_a_line(&mut file)? {
        file.write_all(b"\n")?;
    }
    file.write_all(text)?;
    file.sync_all()?;
    if new {
        // The name is durable too.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

/// Whether what is in the file ends with a line break; so it does if there is nothing.
fn ends_a_line(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

fn print(text: &[u8]) -> io::Result<()> {
    let mut output = io::stdout().lock();
    output.write_all(text)?;
    output.flush()
}

#[cfg(test)]
mod tests;
