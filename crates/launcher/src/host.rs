//! The programs of this machine that a launch needs.

use std::env;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::fs::{Access, access};

use crate::LauncherError;

/// The programs of this machine that a launch needs, as absolute paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// `qemu-system-x86_64`.
    pub qemu: PathBuf,
    /// `setpriv`, which has the kernel end QEMU with its parent.
    pub setpriv: PathBuf,
    /// The program that answers `relay ADDR:PORT` with [`crate::relay::run`].
    pub relay: PathBuf,
}

impl Host {
    /// Finds the programs in `PATH`; `relay` is mostly `std::env::current_exe()`.
    ///
    /// # Errors
    /// [`LauncherError::QemuMissing`] or [`LauncherError::SetprivMissing`].
    pub fn find(relay: PathBuf) -> Result<Self, LauncherError> {
        let path = env::var_os("PATH").unwrap_or_default();
        Self::find_in(&path, relay)
    }

    fn find_in(path: &OsStr, relay: PathBuf) -> Result<Self, LauncherError> {
        let program = |name| {
            let mut programs = env::split_paths(path).map(|folder| folder.join(name));
            programs.find(|path| is_program(path))
        };
        Ok(Self {
            qemu: program("qemu-system-x86_64").ok_or(LauncherError::QemuMissing)?,
            setpriv: program("setpriv").ok_or(LauncherError::SetprivMissing)?,
            relay,
        })
    }

    /// QEMU's version as it prints it.
    pub(crate) fn qemu_version(&self) -> io::Result<Vec<u8>> {
        let version = Command::new(&self.qemu).arg("--version").stdin(Stdio::null()).output()?;
        Ok(version.stdout)
    }
}

fn is_program(path: &Path) -> bool {
    path.is_absolute() && path.is_file() && access(path, Access::EXEC_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Reason as _;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_missing_program_says_what_to_install() {
        let folder = tempfile::tempdir().unwrap();
        let find = || Host::find_in(folder.path().as_os_str(), "/relay".into());
        let install = |name: &str, mode| {
            let path = folder.path().join(name);
            fs::write(&path, "").unwrap();
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        };
        install("qemu-system-x86_64", 0o644);
        let error = find().unwrap_err();
        assert_eq!(error.reason(), "launcher.qemu-missing");
        assert!(error.to_string().contains("install `qemu-system-x86`"), "{error}");
        install("qemu-system-x86_64", 0o755);
        let error = find().unwrap_err();
        assert_eq!(error.reason(), "launcher.setpriv-missing");
        assert!(error.to_string().contains("install `util-linux`"), "{error}");
        install("setpriv", 0o755);
        assert_eq!(find().unwrap().setpriv, folder.path().join("setpriv"));
    }
}
