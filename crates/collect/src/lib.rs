//! What a workload left in its output folder, as `disclosure` wants to see it. No link is followed,
//! no device opened, and the walk is over as soon as there is more than the rules allow. The agent
//! calls this in the guest and `cloister output check` on a desk: one walk, one verdict.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use disclosure::{EntryKind, Limits, OutputEntry};
use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat, fstat, openat, statat};

/// Everything below `folder`, which itself must be no link.
///
/// # Errors
/// Whatever the file system says.
pub fn walk(folder: &Path, limits: &Limits) -> io::Result<Vec<OutputEntry>> {
    let mut walk = Walk { limits, entries: Vec::new(), bytes: 0 };
    let folder = openat(CWD, folder, FOLDER, Mode::empty())?;
    walk.folder(&folder, &[], 1)?;
    Ok(walk.entries)
}

struct Walk<'a> {
    limits: &'a Limits,
    entries: Vec<OutputEntry>,
    bytes: u64,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &OwnedFd, path: &[u8], depth: u64) -> io::Result<()> {
        let mut names = Vec::new();
        for entry in Dir::read_from(folder)? {
            let entry = entry?;
            if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
                names.push(entry.file_name().to_owned());
            }
        }
        names.sort();
        for name in names {
            if self.is_full() {
                break;
            }
            let path = if path.is_empty() {
                name.to_bytes().to_vec()
            } else {
                [path, b"/", name.to_bytes()].concat()
            };
            let found = statat(folder, &name, AtFlags::SYMLINK_NOFOLLOW)?;
            let kind = self.kind(folder, &name, &found)?;
            let descend = kind == EntryKind::Directory && depth <= self.limits.max_depth;
            self.entries.push(OutputEntry { path: path.clone(), kind });
            if descend {
                let inner = openat(folder, &name, FOLDER, Mode::empty())?;
                self.folder(&inner, &path, depth.saturating_add(1))?;
            }
        }
        Ok(())
    }

    /// More than is allowed has been seen: the check refuses it all, and needs no more to do so.
    fn is_full(&self) -> bool {
        u64::try_from(self.entries.len()).is_ok_and(|count| count > self.limits.max_files)
            || self.bytes > self.limits.max_total_bytes
    }

    fn kind(
        &mut self,
        folder: &OwnedFd,
        name: &std::ffi::CStr,
        found: &Stat,
    ) -> io::Result<EntryKind> {
        Ok(match FileType::from_raw_mode(found.st_mode) {
            FileType::RegularFile => self.file(folder, name)?,
            FileType::Directory => EntryKind::Directory,
            FileType::Symlink => EntryKind::Symlink,
            FileType::BlockDevice => EntryKind::BlockDevice,
            FileType::CharacterDevice => EntryKind::CharDevice,
            FileType::Fifo => EntryKind::Fifo,
            FileType::Socket => EntryKind::Socket,
            FileType::Unknown => EntryKind::Other,
        })
    }

    fn file(&mut self, folder: impl AsFd, name: &std::ffi::CStr) -> io::Result<EntryKind> {
        let file = openat(folder, name, FILE, Mode::empty())?;
        let found = fstat(&file)?;
        let size = u64::try_from(found.st_size).unwrap_or(u64::MAX);
        self.bytes = self.bytes.saturating_add(size);
        if size > self.limits.max_file_bytes {
            return Ok(EntryKind::TooLarge { bytes: size });
        }
        let mut bytes = Vec::new();
        File::from(file).take(self.limits.max_file_bytes).read_to_end(&mut bytes)?;
        Ok(EntryKind::Regular { bytes, links: found.st_nlink })
    }
}

const FOLDER: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
const FILE: OFlags =
    OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const LIMITS: Limits = Limits {
        max_files: 4,
        max_file_bytes: 10,
        max_total_bytes: 25,
        max_depth: 1,
        max_rows: 10,
        max_columns: 10,
        max_cell_chars: 10,
        significant_digits: 6,
    };

    fn walked(lay_out: impl FnOnce(&Path)) -> Vec<(String, EntryKind)> {
        let folder = tempfile::tempdir().unwrap();
        lay_out(folder.path());
        let entries = walk(folder.path(), &LIMITS).unwrap();
        entries.into_iter().map(|e| (String::from_utf8(e.path).unwrap(), e.kind)).collect()
    }

    fn regular(bytes: &[u8], links: u64) -> EntryKind {
        EntryKind::Regular { bytes: bytes.to_vec(), links }
    }

    #[test]
    fn kinds_are_told_apart_without_following() {
        let found = walked(|out| {
            fs::write(out.join("a.csv"), "x").unwrap();
            fs::hard_link(out.join("a.csv"), out.join("b.csv")).unwrap();
            std::os::unix::fs::symlink("/etc/passwd", out.join("c.csv")).unwrap();
            let fifo = FileType::Fifo;
            rustix::fs::mknodat(CWD, out.join("d.csv"), fifo, Mode::RUSR, 0).unwrap();
        });
        let expected = [
            ("a.csv".to_owned(), regular(b"x", 2)),
            ("b.csv".to_owned(), regular(b"x", 2)),
            ("c.csv".to_owned(), EntryKind::Symlink),
            ("d.csv".to_owned(), EntryKind::Fifo),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn depth_is_bounded_one_below_the_limit() {
        let found = walked(|out| fs::create_dir_all(out.join("a/b/c")).unwrap());
        let names: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a", "a/b"]);
    }

    #[test]
    fn large_files_are_not_read() {
        let found = walked(|out| fs::write(out.join("a"), [0; 11]).unwrap());
        assert_eq!(found, [("a".to_owned(), EntryKind::TooLarge { bytes: 11 })]);
    }

    #[test]
    fn the_walk_stops_once_there_is_too_much() {
        let found = walked(|out| {
            for name in 0..9 {
                fs::write(out.join(name.to_string()), "").unwrap();
            }
        });
        assert_eq!(found.len(), 5);
        let found = walked(|out| {
            for name in 0..5 {
                fs::write(out.join(name.to_string()), [0; 10]).unwrap();
            }
        });
        assert_eq!(found.len(), 3);
    }
}
