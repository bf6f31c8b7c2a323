//! The launcher's disks, found by the serials that `wire::guest` fixes.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use domain::Digest;
use domain::launch::LaunchManifest;
use wire::guest::MANIFEST_DISK;

use crate::AgentError;

/// The device file of the disk with this serial.
///
/// # Errors
/// [`AgentError::NoDevice`].
pub fn find(serial: &'static str) -> Result<PathBuf, AgentError> {
    let name = find_in(Path::new("/sys/block"), serial).ok_or(AgentError::NoDevice(serial))?;
    Ok(Path::new("/dev").join(name))
}

/// Opens the disk with this serial for reading.
///
/// # Errors
/// [`AgentError::NoDevice`] or [`AgentError::System`].
pub fn open(serial: &'static str) -> Result<File, AgentError> {
    File::open(find(serial)?).map_err(AgentError::system("opening a disk"))
}

fn find_in(block: &Path, serial: &str) -> Option<PathBuf> {
    fs::read_dir(block).ok()?.filter_map(Result::ok).find_map(|disk| {
        let found = fs::read_to_string(disk.path().join("serial")).ok()?;
        (found.trim_end() == serial).then(|| PathBuf::from(disk.file_name()))
    })
}

/// The launch manifest as the host gave it. What it says binds nobody before the platform's report
/// named its digest: see [`crate::platform::Measured`].
#[derive(Debug)]
pub struct GivenManifest {
    /// The parsed manifest.
    pub manifest: LaunchManifest,
    /// Its exact text.
    pub initdata: String,
    /// SHA-256 of that text.
    pub digest: Digest,
}

impl GivenManifest {
    /// Reads the manifest disk.
    ///
    /// # Errors
    /// [`AgentError::NoDevice`], [`AgentError::System`] or [`AgentError::LaunchManifest`].
    pub fn read() -> Result<Self, AgentError> {
        let mut bytes = Vec::new();
        let mut disk = open(MANIFEST_DISK)?.take(MAX_MANIFEST_BYTES);
        disk.read_to_end(&mut bytes).map_err(AgentError::system("reading the manifest disk"))?;
        Self::parse(&bytes)
    }

    fn parse(disk: &[u8]) -> Result<Self, AgentError> {
        let end = disk.iter().rposition(|byte| *byte != 0).map_or(0, |last| last.saturating_add(1));
        let initdata = disk.get(..end).unwrap_or_default();
        let manifest =
            LaunchManifest::from_initdata(initdata).map_err(AgentError::LaunchManifest)?;
        let digest = Digest::of(initdata);
        // `from_initdata` accepted the bytes as TOML around JSON: they are text.
        let initdata = String::from_utf8_lossy(initdata).into_owned();
        Ok(Self { manifest, initdata, digest })
    }
}

/// A longer manifest is cut off here and then does not parse.
const MAX_MANIFEST_BYTES: u64 = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Reason as _;

    #[test]
    fn a_disk_is_found_by_its_whole_serial() {
        let block = tempfile::tempdir().unwrap();
        for (disk, serial) in [("vda", "cloister-data"), ("vdb", "cloister-manifest")] {
            fs::create_dir(block.path().join(disk)).unwrap();
            fs::write(block.path().join(disk).join("serial"), serial).unwrap();
        }
        fs::create_dir(block.path().join("loop0")).unwrap();
        assert_eq!(find_in(block.path(), MANIFEST_DISK), Some(PathBuf::from("vdb")));
        assert_eq!(find_in(block.path(), "cloister"), None);
    }

    #[test]
    fn what_is_no_manifest_is_refused() {
        for disk in [&[][..], &[0; 512], b"version = \"0.1.0\"", &[0xff; 512]] {
            assert_eq!(GivenManifest::parse(disk).unwrap_err().reason(), "launch.malformed");
        }
    }
}
