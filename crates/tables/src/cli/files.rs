//! Files that are read whole, and files that are there whole or not at all.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use super::Unusable;
use crate::TableFile;

pub(super) fn read(path: &Path) -> Result<Vec<u8>, Unusable> {
    std::fs::read(path).map_err(|error| unreadable(path, &error))
}

pub(super) fn table(path: &Path) -> Result<TableFile, Unusable> {
    TableFile::open(path).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &io::Error) -> Unusable {
    Unusable {
        reason: "input.unreadable",
        detail: format!("cannot read `{}`: {error}", path.display()),
    }
}

/// A file written beside its place, `.part` behind its name: removed again unless it is kept.
#[derive(Debug)]
pub(super) struct Part {
    part: PathBuf,
    path: PathBuf,
}

impl Part {
    /// Writes what will be `path`.
    pub(super) fn write(
        path: &Path,
        content: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> Result<Self, Unusable> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".part");
        let part = path.with_file_name(name);
        let file = File::create(&part).map_err(|error| unwritable(path, &error))?;
        // From here on it is removed if anything fails.
        let written = Self { part, path: path.to_owned() };
        let mut out = BufWriter::new(file);
        content(&mut out).and_then(|()| out.flush()).map_err(|error| unwritable(path, &error))?;
        Ok(written)
    }

    /// Puts it in its place.
    pub(super) fn keep(self) -> Result<(), Unusable> {
        std::fs::rename(&self.part, &self.path).map_err(|error| unwritable(&self.path, &error))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // Nothing is left to remove of one that was kept.
        let _removed = std::fs::remove_file(&self.part);
    }
}

fn unwritable(path: &Path, error: &io::Error) -> Unusable {
    Unusable {
        reason: "output.unwritable",
        detail: format!("cannot write `{}`: {error}", path.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_there_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.csv");
        let files = || std::fs::read_dir(folder.path()).unwrap().count();
        let dropped = Part::write(&path, |out| writeln!(out, "a")).ok().unwrap();
        assert_eq!((path.exists(), files()), (false, 1));
        drop(dropped);
        let failed = Part::write(&path, |_| Err(io::Error::other("full"))).err().unwrap();
        assert_eq!((failed.reason, files()), ("output.unwritable", 0));
        Part::write(&path, |out| writeln!(out, "b")).ok().unwrap().keep().ok().unwrap();
        assert_eq!((std::fs::read_to_string(&path).unwrap().as_str(), files()), ("b\n", 1));
    }
}
