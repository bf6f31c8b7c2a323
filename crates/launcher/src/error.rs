//! Why no enclave ran, or not to its end.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use domain::Reason;

/// Why no enclave ran, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum LauncherError {
    /// The enclave did not finish in time and was stopped.
    #[error("the enclave did not finish within {seconds} s and was stopped")]
    Deadline {
        /// The time that it had.
        seconds: u64,
        /// The end of the guest's console.
        console: String,
    },
    /// A file of the guest image is not the one that was built.
    #[error("`{}` is not what image.json describes; run `cargo xtask image` again", .0.display())]
    ImageDamaged(PathBuf),
    /// There is no guest image.
    #[error("the guest image has no readable `{}`; run `cargo xtask image`", path.display())]
    ImageMissing {
        /// What could not be read.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file that the launch needs cannot be read.
    #[error("cannot read `{}`", path.display())]
    Input {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Confidential hardware needs KVM.
    #[error(
        "a confidential guest needs KVM, which does not run guests on this machine; use a host with SEV-SNP"
    )]
    KvmRequired,
    /// No launch measurement follows from the image.
    #[error("the launch cannot be measured")]
    Measurement(#[source] evidence::launch::LaunchError),
    /// Neither an explicit cache folder nor a home folder is known.
    #[error("no cache folder is known; set CLOISTER_CACHE or HOME")]
    NoCache,
    /// The emulated platform stopped answering.
    #[error("the platform of the enclave stopped answering")]
    Platform(#[source] io::Error),
    /// QEMU could not be started.
    #[error("`{}` cannot be started", program.display())]
    QemuStart {
        /// The program.
        program: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// QEMU ended with an error.
    #[error("QEMU failed ({status}) saying `{said}`")]
    QemuFailed {
        /// How it ended.
        status: ExitStatus,
        /// Its last line of error output.
        said: String,
        /// The end of the guest's console.
        console: String,
    },
    /// QEMU is not installed.
    #[error("`qemu-system-x86_64` is not in PATH; install `qemu-system-x86` (10.0 or later)")]
    QemuMissing,
    /// The folder of this run cannot be made or filled.
    #[error("cannot write to the run folder `{}`", path.display())]
    RunFolder {
        /// What could not be written.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The program that ties QEMU to its parent is not installed.
    #[error("`setpriv` is not in PATH; install `util-linux`")]
    SetprivMissing,
}

impl LauncherError {
    /// The end of the guest's console, where there was a guest. Control characters are removed.
    #[must_use]
    pub fn console(&self) -> Option<&str> {
        match self {
            Self::Deadline { console, .. } | Self::QemuFailed { console, .. } => Some(console),
            _ => None,
        }
    }

    pub(crate) fn image(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::ImageMissing { path: path.to_owned(), source }
    }

    pub(crate) fn input(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Input { path: path.to_owned(), source }
    }

    pub(crate) fn run_folder(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::RunFolder { path: path.to_owned(), source }
    }
}

impl Reason for LauncherError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Deadline { .. } => "launcher.deadline",
            Self::ImageDamaged(_) => "launcher.image-damaged",
            Self::ImageMissing { .. } => "launcher.image-missing",
            Self::Input { .. } => "launcher.input",
            Self::KvmRequired => "launcher.kvm-required",
            Self::Measurement(_) => "launcher.measurement",
            Self::NoCache => "launcher.no-cache",
            Self::Platform(_) => "launcher.platform",
            Self::QemuStart { .. } => "launcher.qemu-start",
            Self::QemuFailed { .. } => "launcher.qemu-failed",
            Self::QemuMissing => "launcher.qemu-missing",
            Self::RunFolder { .. } => "launcher.run-folder",
            Self::SetprivMissing => "launcher.setpriv-missing",
        }
    }
}
