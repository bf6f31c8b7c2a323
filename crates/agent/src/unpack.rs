//! Unpacking image layers (image-spec 1.1, layer.md) into a folder that nothing else writes to:
//! no path leaves it, no link is followed, no device is made, nothing grows without bound.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _, symlink};
use std::path::{Component, Path, PathBuf};

use flate2::read::MultiGzDecoder;
use tar::{Archive, Entry, EntryType};

use crate::WorkloadError;

/// How much all layers together may hold.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of tar stream, uncompressed.
    pub bytes: u64,
    /// Entries.
    pub entries: u64,
}

impl Limits {
    /// What fits beside the rest into a guest of 1 GiB.
    pub const GUEST: Self = Self { bytes: 512 << 20, entries: 100_000 };
}

/// Unpacks layers one over the other.
#[derive(Debug)]
pub struct Unpacker<'a> {
    root: &'a Path,
    limits: Limits,
    entries: u64,
    bytes: u64,
}

impl<'a> Unpacker<'a> {
    /// Unpacks below `root`, a folder of which this process is the only user.
    #[must_use]
    pub const fn new(root: &'a Path, limits: Limits) -> Self {
        Self { root, limits, entries: 0, bytes: 0 }
    }

    /// Unpacks a gzip-compressed layer.
    ///
    /// # Errors
    /// As [`Unpacker::tar`].
    pub fn gzip(&mut self, layer: &[u8]) -> Result<(), WorkloadError> {
        self.tar(MultiGzDecoder::new(layer))
    }

    /// Unpacks a layer.
    ///
    /// # Errors
    /// [`WorkloadError`], by what is wrong; what was unpacked before stays.
    pub fn tar(&mut self, layer: impl Read) -> Result<(), WorkloadError> {
        let left = self.limits.bytes.saturating_sub(self.bytes);
        let mut stream = Counted { inner: layer, left };
        let done = self.entries(&mut stream);
        self.bytes = self.limits.bytes.saturating_sub(stream.left);
        // A stream that was cut off at the limit fails in whatever way the parser notices.
        if stream.left == 0 {
            Err(WorkloadError::LayerTooLarge { limit: self.limits.bytes })
        } else {
            done
        }
    }

    fn entries(&mut self, stream: impl Read) -> Result<(), WorkloadError> {
        let mut archive = Archive::new(stream);
        for entry in archive.entries().map_err(malformed)? {
            self.entries = self.entries.saturating_add(1);
            if self.entries > self.limits.entries {
                return Err(WorkloadError::LayerTooLarge { limit: self.limits.entries });
            }
            self.entry(entry.map_err(malformed)?)?;
        }
        Ok(())
    }

    fn entry(&self, mut entry: Entry<'_, impl Read>) -> Result<(), WorkloadError> {
        let path = entry.path().map_err(malformed)?.into_owned();
        let Some((folder, name)) = split(&path)? else { return Ok(()) }; // `./`
        let folder = self.folder(&folder)?;
        if let Some(hidden) = name.strip_prefix(".wh.") {
            return if hidden == OPAQUE {
                clear(&folder)
            } else {
                remove(&folder.join(plain(hidden)?))
            };
        }
        let target = folder.join(&name);
        let mode = entry.header().mode().map_err(malformed)? & 0o777;
        match entry.header().entry_type() {
            EntryType::Directory => make_folder(&target, mode),
            EntryType::Regular | EntryType::Continuous => {
                remove(&target)?;
                let mut file = OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .mode(mode)
                    .open(&target)
                    .map_err(WorkloadError::Unpack)?;
                io::copy(&mut entry, &mut file).map_err(malformed)?;
                file.set_permissions(Permissions::from_mode(mode)).map_err(WorkloadError::Unpack)
            }
            EntryType::Symlink => {
                let to = entry.link_name().map_err(malformed)?.ok_or(WorkloadError::LayerPath)?;
                remove(&target)?;
                // Never followed here; the container resolves it under its own root.
                symlink(to, &target).map_err(WorkloadError::Unpack)
            }
            EntryType::Link => {
                let to = entry.link_name().map_err(malformed)?.ok_or(WorkloadError::LayerPath)?;
                let existing = self.existing_file(&to)?;
                if existing == target {
                    return Ok(());
                }
                remove(&target)?;
                fs::hard_link(existing, &target).map_err(WorkloadError::Unpack)
            }
            EntryType::Block | EntryType::Char | EntryType::Fifo => Err(WorkloadError::LayerDevice),
            EntryType::XGlobalHeader => Ok(()),
            _ => Err(WorkloadError::LayerMalformed("it holds an entry of an unknown kind")),
        }
    }

    /// The folder at these names below the root, made where it is absent. Each step must be a real
    /// folder: a link on the way is refused, wherever it points.
    fn folder(&self, names: &[String]) -> Result<PathBuf, WorkloadError> {
        let mut folder = self.root.to_owned();
        for name in names {
            folder.push(name);
            match fs::symlink_metadata(&folder) {
                Ok(found) if found.is_dir() => {}
                Ok(_) => return Err(WorkloadError::LayerPath),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    make_folder(&folder, 0o755)?
                }
                Err(error) => return Err(WorkloadError::Unpack(error)),
            }
        }
        Ok(folder)
    }

    /// The regular file that a hard link names: below the root, through no link, no link itself.
    fn existing_file(&self, path: &Path) -> Result<PathBuf, WorkloadError> {
        let (folder, name) = split(path)?.ok_or(WorkloadError::LayerPath)?;
        let file = self.folder(&folder)?.join(name);
        match fs::symlink_metadata(&file) {
            Ok(found) if found.is_file() => Ok(file),
            _ => Err(WorkloadError::LayerPath),
        }
    }
}

/// The names on the way to an entry and its own; `None` for the root itself.
fn split(path: &Path) -> Result<Option<(Vec<String>, String)>, WorkloadError> {
    let mut names = Vec::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::Normal(name) => {
                names.push(plain(name.to_str().ok_or(WorkloadError::LayerPath)?)?)
            }
            Component::ParentDir | Component::Prefix(_) | Component::RootDir => {
                return Err(WorkloadError::LayerPath);
            }
        }
    }
    Ok(names.pop().map(|name| (names, name)))
}

/// A name of one component.
fn plain(name: &str) -> Result<String, WorkloadError> {
    if matches!(name, "" | "." | "..") || name.contains(['/', '\0']) {
        Err(WorkloadError::LayerPath)
    } else {
        Ok(name.to_owned())
    }
}

/// Makes the folder, in place of anything else that is there; an existing folder keeps its content.
fn make_folder(path: &Path, mode: u32) -> Result<(), WorkloadError> {
    if !fs::symlink_metadata(path).is_ok_and(|found| found.is_dir()) {
        remove(path)?;
        fs::create_dir(path).map_err(WorkloadError::Unpack)?;
    }
    // The owner must get in to unpack what comes next.
    fs::set_permissions(path, Permissions::from_mode(mode | 0o700)).map_err(WorkloadError::Unpack)
}

/// Removes whatever is at `path`, without following it; absence is fine.
fn remove(path: &Path) -> Result<(), WorkloadError> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path).map_err(WorkloadError::Unpack),
        Ok(_) => fs::remove_file(path).map_err(WorkloadError::Unpack),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(WorkloadError::Unpack(error)),
    }
}

fn clear(folder: &Path) -> Result<(), WorkloadError> {
    for entry in fs::read_dir(folder).map_err(WorkloadError::Unpack)? {
        remove(&entry.map_err(WorkloadError::Unpack)?.path())?;
    }
    Ok(())
}

fn malformed(error: io::Error) -> WorkloadError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::OutOfMemory => WorkloadError::Unpack(error),
        _ => WorkloadError::LayerMalformed("it is no tar archive"),
    }
}

/// `.wh..wh..opq` hides everything that lower layers put into its folder.
const OPAQUE: &str = ".wh..opq";

/// A stream that ends after so many bytes.
struct Counted<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = (&mut self.inner).take(self.left).read(buffer)?;
        self.left = self.left.saturating_sub(u64::try_from(read).unwrap_or(u64::MAX));
        Ok(read)
    }
}

#[cfg(test)]
mod tests;
