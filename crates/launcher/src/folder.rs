//! The folder of one run: what QEMU reads and writes, gone when the run is over.

use std::fs::{self, File, Permissions};
use std::io::{self, Read, Seek as _, SeekFrom};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use wire::guest::{INPUT_BUNDLE, INPUT_DATASET, INPUT_HEADER, INPUT_RULES, INPUT_WORKLOAD};

use crate::{Inputs, LauncherError};

/// The folder of one run, readable by its owner alone and removed with this value. It holds
/// nothing secret: ciphertext and public inputs.
#[derive(Debug)]
pub struct RunFolder(TempDir);

impl RunFolder {
    /// A new folder in `runs`, which is made if it is absent.
    ///
    /// # Errors
    /// [`LauncherError::RunFolder`].
    pub fn create(runs: &Path) -> Result<Self, LauncherError> {
        let create = || {
            fs::create_dir_all(runs)?;
            let runs = std::path::absolute(runs)?;
            tempfile::Builder::new()
                .prefix("run-")
                .permissions(Permissions::from_mode(0o700))
                .tempdir_in(runs)
        };
        create().map(Self).map_err(LauncherError::run_folder(runs))
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Where the guest's console is written to.
    #[must_use]
    pub fn console(&self) -> PathBuf {
        self.path().join("console.log")
    }

    /// Where QEMU's own error output goes.
    pub(crate) fn errors(&self) -> PathBuf {
        self.path().join("qemu.log")
    }

    /// The end of the guest's console.
    pub(crate) fn console_tail(&self) -> String {
        tail(&self.console())
    }

    /// The last line that QEMU said.
    pub(crate) fn last_error(&self) -> String {
        tail(&self.errors()).lines().last().unwrap_or_default().to_owned()
    }

    /// Writes the manifest disk: the manifest and zeros up to a whole sector.
    pub(crate) fn write_manifest(&self, initdata: &[u8]) -> Result<PathBuf, LauncherError> {
        let path = self.path().join("manifest.img");
        fs::write(&path, padded(initdata)).map_err(LauncherError::run_folder(&path))?;
        Ok(path)
    }

    /// Writes the inputs disk.
    pub(crate) fn write_inputs(
        &self,
        dataset: &Path,
        inputs: &Inputs,
    ) -> Result<PathBuf, LauncherError> {
        let path = self.path().join("inputs.tar");
        let file = File::create(&path).map_err(LauncherError::run_folder(&path))?;
        let mut archive = Archive { tar: tar::Builder::new(file), path: path.clone() };
        archive.copy(INPUT_DATASET, &dataset.join("manifest.dsse.json"))?;
        archive.copy(INPUT_HEADER, &dataset.join("header.img"))?;
        archive.bytes(INPUT_RULES, &inputs.rules)?;
        if let Some(bundle) = &inputs.bundle {
            archive.bytes(INPUT_BUNDLE, bundle)?;
        }
        archive.copy(INPUT_WORKLOAD, &inputs.workload)?;
        archive.tar.finish().map_err(LauncherError::run_folder(&path))?;
        Ok(path)
    }
}

/// A tar archive whose bytes follow from its members alone.
struct Archive {
    tar: tar::Builder<File>,
    path: PathBuf,
}

impl Archive {
    fn copy(&mut self, name: &str, from: &Path) -> Result<(), LauncherError> {
        let mut file = File::open(from).map_err(LauncherError::input(from))?;
        let length = file.metadata().map_err(LauncherError::input(from))?.len();
        self.append(name, length, &mut file)
    }

    fn bytes(&mut self, name: &str, bytes: &[u8]) -> Result<(), LauncherError> {
        self.append(name, bytes.len() as u64, bytes)
    }

    fn append(&mut self, name: &str, length: u64, from: impl Read) -> Result<(), LauncherError> {
        let mut header = tar::Header::new_ustar();
        header.set_size(length);
        header.set_mode(0o444);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        let appended = self.tar.append_data(&mut header, name, from.take(length));
        appended.map_err(LauncherError::run_folder(&self.path))
    }
}

/// A disk is whole sectors; no manifest ends in a zero byte, so the padding can be told from it.
fn padded(bytes: &[u8]) -> Vec<u8> {
    let mut disk = bytes.to_vec();
    disk.resize(bytes.len().max(1).next_multiple_of(SECTOR), 0);
    disk
}

/// The last 4 KiB of a file, fit for a terminal. The guest wrote it, or the host: no control
/// character of theirs gets through.
fn tail(path: &Path) -> String {
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
        let mut bytes = Vec::new();
        file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let text = read().unwrap_or_default();
    let printable = |c: &char| !c.is_control() || *c == '\n';
    String::from_utf8_lossy(&text).chars().filter(printable).collect()
}

const SECTOR: usize = 512;
const TAIL_BYTES: u64 = 4096;

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Digest, Reason as _};

    fn dataset() -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in ["manifest.dsse.json", "header.img", "workload.tar"] {
            fs::write(folder.path().join(name), name).unwrap();
        }
        folder
    }

    fn inputs(dataset: &TempDir, bundle: Option<Vec<u8>>) -> Inputs {
        Inputs { rules: b"rules".to_vec(), bundle, workload: dataset.path().join("workload.tar") }
    }

    fn archive(bundle: Option<Vec<u8>>) -> Vec<u8> {
        let (runs, dataset) = (tempfile::tempdir().unwrap(), dataset());
        let folder = RunFolder::create(runs.path()).unwrap();
        let path = folder.write_inputs(dataset.path(), &inputs(&dataset, bundle)).unwrap();
        fs::read(path).unwrap()
    }

    #[test]
    fn inputs_are_the_members_that_the_agent_knows() {
        let bytes = archive(Some(b"bundle".to_vec()));
        let mut members = Vec::new();
        for entry in tar::Archive::new(bytes.as_slice()).entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut content = String::new();
            entry.read_to_string(&mut content).unwrap();
            members.push((entry.path().unwrap().display().to_string(), content));
        }
        let expected = [
            (INPUT_DATASET, "manifest.dsse.json"),
            (INPUT_HEADER, "header.img"),
            (INPUT_RULES, "rules"),
            (INPUT_BUNDLE, "bundle"),
            (INPUT_WORKLOAD, "workload.tar"),
        ];
        assert_eq!(members, expected.map(|(name, text)| (name.to_owned(), text.to_owned())));
    }

    #[test]
    fn the_same_inputs_are_the_same_bytes() {
        assert_eq!(Digest::of(&archive(None)), Digest::of(&archive(None)));
        assert_eq!(archive(None).len() % SECTOR, 0);
    }

    #[test]
    fn a_missing_input_is_named() {
        let (runs, dataset) = (tempfile::tempdir().unwrap(), dataset());
        let folder = RunFolder::create(runs.path()).unwrap();
        fs::remove_file(dataset.path().join("header.img")).unwrap();
        let inputs = inputs(&dataset, None);
        let error = folder.write_inputs(dataset.path(), &inputs).unwrap_err();
        assert_eq!(error.reason(), "launcher.input");
        assert!(error.to_string().contains("header.img"), "{error}");
    }

    #[test]
    fn a_disk_is_whole_sectors() {
        for (length, disk) in [(0, 512), (1, 512), (512, 512), (513, 1024)] {
            let bytes = padded(&vec![b'x'; length]);
            assert_eq!(bytes.len(), disk);
            assert!(bytes[..length].iter().all(|byte| *byte == b'x'));
            assert!(bytes[length..].iter().all(|byte| *byte == 0));
        }
    }

    #[test]
    fn the_folder_is_private_and_goes_away() {
        let runs = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(&runs.path().join("new")).unwrap();
        let path = folder.path().to_owned();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        fs::write(folder.console(), [b"a".repeat(5000), b"\x1b[2Jb\r\n\xff".to_vec()].concat())
            .unwrap();
        let tail = folder.console_tail();
        assert!(tail.ends_with("a[2Jb\n\u{fffd}") && tail.len() < 4100, "{tail}");
        drop(folder);
        assert!(!path.exists());
    }
}
