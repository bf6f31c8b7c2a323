//! The guest image as `cargo xtask image` builds it.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use domain::Digest;
use domain::claims::Measurement;
use evidence::launch::{KernelHashes, VcpuType};
use serde::Deserialize;

use crate::LauncherError;
use crate::plan::measure;

/// A guest image. The fields are public, so that tests can launch what was never built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuestImage {
    /// The kernel.
    pub kernel: PathBuf,
    /// The initrd, with the agent as its init.
    pub initrd: PathBuf,
    /// An initrd whose init powers off at once.
    pub bare_initrd: PathBuf,
    /// OVMF with SEV metadata.
    pub firmware: PathBuf,
    /// The kernel's command line.
    pub cmdline: String,
}

impl GuestImage {
    /// Where `cargo xtask image` puts the image: `image` in the cache folder.
    ///
    /// # Errors
    /// [`LauncherError::NoCache`].
    pub fn default_folder() -> Result<PathBuf, LauncherError> {
        Ok(cache_folder()?.join("image"))
    }

    /// Opens the image in `folder`, whose files must be those that its `image.json` lists. That
    /// finds a build that was interrupted; against an attacker it is the measurement that helps.
    ///
    /// # Errors
    /// [`LauncherError::ImageMissing`] or [`LauncherError::ImageDamaged`].
    pub fn open(folder: &Path) -> Result<Self, LauncherError> {
        let list = folder.join("image.json");
        let bytes = fs::read(&list).map_err(LauncherError::image(&list))?;
        let list: FileList =
            serde_json::from_slice(&bytes).map_err(|_| LauncherError::ImageDamaged(list))?;
        let digests = list.files.into_iter().map(|file| (file.name, file.sha256)).collect();
        let checked = |name: &str| check(folder, name, &digests);
        let (cmdline, text) = checked("cmdline")?;
        let text = String::from_utf8(text).map_err(|_| LauncherError::ImageDamaged(cmdline))?;
        Ok(Self {
            kernel: checked("vmlinuz")?.0,
            initrd: checked("initrd")?.0,
            bare_initrd: checked("bare-initrd")?.0,
            firmware: checked("OVMF.amdsev.fd")?.0,
            cmdline: text,
        })
    }

    /// The launch digest that an SEV-SNP guest of this image has.
    ///
    /// # Errors
    /// [`LauncherError::ImageMissing`] or [`LauncherError::Measurement`].
    pub fn expected_measurement(
        &self,
        vcpus: NonZeroU32,
        vcpu_type: VcpuType,
    ) -> Result<Measurement, LauncherError> {
        let read = |path: &Path| fs::read(path).map_err(LauncherError::image(path));
        let hashes = KernelHashes::of(&read(&self.kernel)?, &read(&self.initrd)?, &self.cmdline);
        measure(&read(&self.firmware)?, hashes, vcpus, vcpu_type)
    }
}

/// The cache folder: `$CLOISTER_CACHE`, or `cloister` in the user's cache folder.
///
/// # Errors
/// [`LauncherError::NoCache`].
pub fn cache_folder() -> Result<PathBuf, LauncherError> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    if let Some(folder) = variable("CLOISTER_CACHE") {
        return std::path::absolute(folder).map_err(|_| LauncherError::NoCache);
    }
    if let Some(folder) = variable("XDG_CACHE_HOME") {
        return Ok(PathBuf::from(folder).join("cloister"));
    }
    let home = variable("HOME").ok_or(LauncherError::NoCache)?;
    Ok(PathBuf::from(home).join(".cache/cloister"))
}

fn check(
    folder: &Path,
    name: &str,
    digests: &BTreeMap<String, String>,
) -> Result<(PathBuf, Vec<u8>), LauncherError> {
    let path = std::path::absolute(folder.join(name)).map_err(LauncherError::image(folder))?;
    let bytes = fs::read(&path).map_err(LauncherError::image(&path))?;
    if digests.get(name) == Some(&Digest::of(&bytes).hex()) {
        Ok((path, bytes))
    } else {
        Err(LauncherError::ImageDamaged(path))
    }
}

/// The part of `image.json` that concerns the launcher.
#[derive(Deserialize)]
struct FileList {
    files: Vec<ListedFile>,
}

#[derive(Deserialize)]
struct ListedFile {
    name: String,
    sha256: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Reason as _;
    use serde_json::json;

    const NAMES: [&str; 5] = ["vmlinuz", "initrd", "cmdline", "bare-initrd", "OVMF.amdsev.fd"];

    fn image() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let files: Vec<_> = NAMES
            .iter()
            .map(|name| {
                fs::write(folder.path().join(name), name).unwrap();
                json!({"name": name, "bytes": 1, "sha256": Digest::of(name.as_bytes()).hex()})
            })
            .collect();
        let list = json!({"name": "cloister-guest", "files": files}).to_string();
        fs::write(folder.path().join("image.json"), list).unwrap();
        folder
    }

    #[test]
    fn a_whole_image_opens() {
        let folder = image();
        let image = GuestImage::open(folder.path()).unwrap();
        assert_eq!(image.cmdline, "cmdline");
        assert_eq!(image.kernel, folder.path().join("vmlinuz"));
    }

    #[test]
    fn each_missing_or_altered_file_is_named() {
        for name in NAMES {
            let folder = image();
            let path = folder.path().join(name);
            fs::write(&path, "altered").unwrap();
            let damaged = GuestImage::open(folder.path()).unwrap_err();
            assert_eq!(damaged.reason(), "launcher.image-damaged");
            fs::remove_file(&path).unwrap();
            let missing = GuestImage::open(folder.path()).unwrap_err();
            assert_eq!(missing.reason(), "launcher.image-missing");
            for error in [damaged, missing] {
                assert!(error.to_string().contains(&format!("/{name}`")), "{error}");
                assert!(error.to_string().contains("cargo xtask image"), "{error}");
            }
        }
    }

    #[test]
    fn no_list_is_no_image_and_a_senseless_one_is_damage() {
        let folder = image();
        fs::write(folder.path().join("image.json"), "{").unwrap();
        let error = GuestImage::open(folder.path()).unwrap_err();
        assert_eq!(error.reason(), "launcher.image-damaged");
        let error = GuestImage::open(&folder.path().join("nowhere")).unwrap_err();
        assert_eq!(error.reason(), "launcher.image-missing");
    }

    #[test]
    fn firmware_without_sev_metadata_cannot_be_measured() {
        let folder = image();
        let image = GuestImage::open(folder.path()).unwrap();
        let error = image.expected_measurement(NonZeroU32::MIN, VcpuType::EPYC_V4).unwrap_err();
        assert_eq!(error.reason(), "launcher.measurement");
    }
}
