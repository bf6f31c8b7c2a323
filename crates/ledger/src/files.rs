//! Files that are whole and durable, or not there.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

/// Makes `folder`, and those above it, for its owner alone, and its name durable: also if it is there
/// already, since whoever made it may have ended before that.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    folder.parent().filter(|above| !above.as_os_str().is_empty()).map_or(Ok(()), sync)
}

/// Writes `bytes` under `name`: beside its place, synced, renamed, and the folder synced. A reader
/// sees all or nothing, and a crash loses nothing for which this returned `Ok`.
pub(crate) fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let beside = folder.join(format!(".{name}.{:?}", std::thread::current().id()));
    let options = |file: &mut fs::OpenOptions| {
        file.write(true).create(true).truncate(true).mode(0o600).open(&beside)
    };
    let mut file = options(&mut File::options())?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, folder.join(name))?;
    sync(folder)
}

/// Makes durable what [`write`] left under `name`: a file that can be read may still be lost, if whoever
/// wrote it failed or was killed before its end, or is not there yet.
pub(crate) fn settle(folder: &Path, name: &str) -> io::Result<()> {
    File::open(folder.join(name))?.sync_all()?;
    sync(folder)
}

/// The content of a file, or `None` if there is none.
pub(crate) fn read(folder: &Path, name: &str) -> io::Result<Option<Vec<u8>>> {
    match fs::read(folder.join(name)) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Removes a file, durably; it is no error if there is none.
pub(crate) fn remove(folder: &Path, name: &str) -> io::Result<()> {
    match fs::remove_file(folder.join(name)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => sync(folder),
    }
}

fn sync(folder: &Path) -> io::Result<()> {
    // A folder that cannot be synced is nothing that a test could make otherwise.
    #[cfg(test)]
    tests::may_sync()?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::Cell;
    use std::io;

    thread_local! {
        /// How many more folders are synced before one is not.
        static BEFORE_FAILURE: Cell<Option<u32>> = const { Cell::new(None) };
    }

    /// On this thread the folder sync after `successes` fails, and only that.
    pub(crate) fn fail_after(successes: u32) {
        BEFORE_FAILURE.set(Some(successes));
    }

    pub(super) fn may_sync() -> io::Result<()> {
        let left = BEFORE_FAILURE.get();
        BEFORE_FAILURE.set(left.and_then(|left| left.checked_sub(1)));
        if left == Some(0) { Err(io::Error::other("injected")) } else { Ok(()) }
    }
}
