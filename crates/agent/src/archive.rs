//! Tar archives on an untrusted disk, read in place: nothing is unpacked, nothing is kept.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use crate::AgentError;

/// A part of a file or disk, read as if it were all.
#[derive(Debug)]
pub struct Window {
    file: File,
    start: u64,
    bytes: u64,
    position: u64,
}

impl Window {
    /// All of `file`, which may be a disk.
    ///
    /// # Errors
    /// Whatever the kernel says.
    pub fn whole(mut file: File) -> io::Result<Self> {
        let bytes = file.seek(SeekFrom::End(0))?;
        Ok(Self { file, start: 0, bytes, position: 0 })
    }

    /// A part of this window, if it lies within.
    fn part(&self, section: Section) -> io::Result<Self> {
        let end = section.offset.checked_add(section.bytes).ok_or(io::ErrorKind::InvalidInput)?;
        if end > self.bytes {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let start = self.start.saturating_add(section.offset);
        Ok(Self { file: self.file.try_clone()?, start, bytes: section.bytes, position: 0 })
    }
}

impl Read for Window {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.bytes.saturating_sub(self.position)).unwrap_or(usize::MAX);
        let length = left.min(buffer.len());
        let Some(buffer) = buffer.get_mut(..length) else { return Ok(0) };
        self.file.seek(SeekFrom::Start(self.start.saturating_add(self.position)))?;
        let read = self.file.read(buffer)?;
        self.position = self.position.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        Ok(read)
    }
}

impl Seek for Window {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(offset) => self.bytes.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = target.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

/// Where the members of an archive lie.
#[derive(Debug)]
pub struct Index {
    window: Window,
    members: BTreeMap<String, Section>,
}

#[derive(Clone, Copy, Debug)]
struct Section {
    offset: u64,
    bytes: u64,
}

impl Index {
    /// Finds the regular files of the archive in `window`. Directories are passed over, a leading
    /// `./` is left off; anything else is refused: links, devices, extension headers, duplicates.
    ///
    /// # Errors
    /// [`AgentError::Inputs`].
    pub fn of(window: Window) -> Result<Self, AgentError> {
        let unreadable = |_: io::Error| AgentError::Inputs("an archive cannot be read");
        let everything = Section { offset: 0, bytes: window.bytes };
        let mut archive = tar::Archive::new(window.part(everything).map_err(unreadable)?);
        let mut members = BTreeMap::new();
        for entry in archive.entries_with_seek().map_err(unreadable)?.raw(true) {
            let entry = entry.map_err(unreadable)?;
            if entry.header().entry_type().is_dir() {
                continue;
            }
            if !entry.header().entry_type().is_file() {
                return Err(AgentError::Inputs("an archive holds something else than files"));
            }
            let name = String::from_utf8(entry.path_bytes().into_owned())
                .map_err(|_| AgentError::Inputs("a file in an archive has no text for a name"))?;
            let name = name.strip_prefix("./").unwrap_or(&name).to_owned();
            let section = Section { offset: entry.raw_file_position(), bytes: entry.size() };
            if members.len() >= MAX_MEMBERS || members.insert(name, section).is_some() {
                return Err(AgentError::Inputs("an archive holds a file twice, or too many files"));
            }
        }
        Ok(Self { window, members })
    }

    /// The members' names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.members.keys().map(String::as_str)
    }

    /// The member called `name`, to be read in place.
    ///
    /// # Errors
    /// [`AgentError::Inputs`] if the archive ends before the member does.
    pub fn window(&self, name: &str) -> Result<Option<Window>, AgentError> {
        let Some(section) = self.members.get(name) else { return Ok(None) };
        let window = self.window.part(*section);
        window.map(Some).map_err(|_| AgentError::Inputs("an archive is cut off"))
    }

    /// The content of the member called `name`, if there is one.
    ///
    /// # Errors
    /// [`AgentError::Inputs`] if it is longer than `limit` or cannot be read.
    pub fn read(&self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, AgentError> {
        self.window(name)?.map(|window| read_all(window, limit)).transpose()
    }
}

/// The bytes of `window`, if they are no more than `limit`.
///
/// # Errors
/// [`AgentError::Inputs`].
pub fn read_all(mut window: Window, limit: u64) -> Result<Vec<u8>, AgentError> {
    if window.bytes > limit {
        return Err(AgentError::Inputs("an input is longer than it may be"));
    }
    let expected = window.bytes;
    let mut content = Vec::with_capacity(usize::try_from(expected).unwrap_or_default());
    window.read_to_end(&mut content).map_err(|_| AgentError::Inputs("an input cannot be read"))?;
    if u64::try_from(content.len()) == Ok(expected) {
        Ok(content)
    } else {
        Err(AgentError::Inputs("an input is cut off"))
    }
}

/// An OCI layout of 128 layers has fewer.
const MAX_MEMBERS: usize = 256;

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::io::Write as _;

    /// A file with an archive of these entries: name, type, content.
    pub(crate) fn archive(entries: &[(&str, tar::EntryType, &[u8])]) -> File {
        let mut builder = tar::Builder::new(tempfile::tempfile().unwrap());
        for (name, kind, content) in entries {
            let mut header = tar::Header::new_ustar();
            header.set_entry_type(*kind);
            header.set_mode(0o644);
            header.set_size(content.len().try_into().unwrap());
            if !content.is_empty() && kind.is_symlink() {
                header.set_size(0);
            }
            builder.append_data(&mut header, name, *content).unwrap();
        }
        builder.into_inner().unwrap()
    }

    fn refusal(entries: &[(&str, tar::EntryType, &[u8])]) -> String {
        Index::of(Window::whole(archive(entries)).unwrap()).unwrap_err().to_string()
    }

    #[test]
    fn members_are_read_in_place_and_bounded() {
        use tar::EntryType::{Directory, Regular};
        let inner = archive(&[("./index.json", Regular, b"{}")]);
        let inner = read_all(Window::whole(inner).unwrap(), 1 << 20).unwrap();
        let disk = archive(&[
            ("folder", Directory, b""),
            ("rules.toml", Regular, b"version = 1"),
            ("workload", Regular, &inner),
        ]);
        let index = Index::of(Window::whole(disk).unwrap()).unwrap();
        assert_eq!(index.read("rules.toml", 11).unwrap().unwrap(), b"version = 1");
        assert_eq!(index.read("absent", 11).unwrap(), None);
        let long = index.read("rules.toml", 10).unwrap_err().to_string();
        assert_eq!(long, "the inputs cannot be used: an input is longer than it may be");
        let layout = Index::of(index.window("workload").unwrap().unwrap()).unwrap();
        assert_eq!(layout.read("index.json", 10).unwrap().unwrap(), b"{}");
    }

    #[test]
    fn only_plain_files_once_each() {
        use tar::EntryType::{Block, Link, Regular, Symlink, XHeader};
        for kind in [Symlink, Link, Block, XHeader] {
            let refused = refusal(&[("a", kind, b"")]);
            assert_eq!(
                refused,
                "the inputs cannot be used: an archive holds something else than files"
            );
        }
        assert_eq!(
            refusal(&[("a", Regular, b"1"), ("./a", Regular, b"2")]),
            "the inputs cannot be used: an archive holds a file twice, or too many files"
        );
    }

    #[test]
    fn garbage_and_truncation_are_refused() {
        let mut garbage = tempfile::tempfile().unwrap();
        garbage.write_all(&[0xaa; 4096]).unwrap();
        let refused = Index::of(Window::whole(garbage).unwrap()).unwrap_err().to_string();
        assert_eq!(refused, "the inputs cannot be used: an archive cannot be read");

        let cut = archive(&[("a", tar::EntryType::Regular, &[7; 4000])]);
        cut.set_len(2048).unwrap();
        let index = Index::of(Window::whole(cut).unwrap());
        let refused = index.and_then(|index| index.read("a", 4000)).unwrap_err().to_string();
        assert_eq!(refused, "the inputs cannot be used: an archive is cut off");
    }
}
