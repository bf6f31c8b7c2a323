//! Why the laboratory stopped.

use std::io;
use std::path::PathBuf;

use airlock::export::ExportError;
use cloister::node::NodeError;
use cloister::sealing::{DescriptionError, SealingError};
use control::ControlError;
use domain::{Reason, ReasonCode};
use evidence::EvidenceError;
use launcher::LauncherError;
use testkit::emulated::EmulatedError;

/// Why a demo or laboratory stopped.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// A service answered with a refusal.
    #[error("{what} was refused ({reason}): {detail}")]
    Answered {
        /// What was asked for.
        what: &'static str,
        /// The refusal's code.
        reason: ReasonCode,
        /// The refusal's sentence.
        detail: String,
    },
    /// The control service's accounts cannot be set up.
    #[error("accounts cannot be set up")]
    Control(#[from] ControlError),
    /// The dataset's description cannot be read.
    #[error("the dataset's description cannot be read")]
    Description(#[from] DescriptionError),
    /// An export does not verify.
    #[error("the export does not verify")]
    Export(#[from] ExportError),
    /// The emulated root cannot be used.
    #[error("the emulated root cannot be used")]
    Evidence(#[from] EvidenceError),
    /// A file cannot be read or written.
    #[error("`{0}` cannot be read or written")]
    File(PathBuf, #[source] io::Error),
    /// The demo was interrupted and cleaned up.
    #[error("interrupted; everything that was started has been stopped")]
    Interrupted,
    /// A job ended otherwise than the demo needs.
    #[error("job `{job}` ended as `{state}`: {detail}")]
    Job {
        /// The job.
        job: String,
        /// Its state.
        state: String,
        /// Its reason and sentence.
        detail: String,
    },
    /// A key or digest could not be made.
    #[error("{0} could not be made")]
    Made(&'static str),
    /// The launcher cannot work.
    #[error("no guest can be launched: {0}")]
    Launcher(#[from] LauncherError),
    /// The services did not start.
    #[error("the services did not start")]
    Node(#[from] NodeError),
    /// The emulated security processor cannot be made or read.
    #[error("the emulated security processor cannot be made or read")]
    Processor(#[from] EmulatedError),
    /// The dataset was not sealed.
    #[error("the dataset was not sealed")]
    Sealing(#[from] SealingError),
    /// A tool is missing or failed.
    #[error("`{0}` failed or is missing; run `make setup`, then try again")]
    Tool(&'static str, #[source] io::Error),
    /// A service cannot be reached.
    #[error("a service cannot be reached")]
    Unreachable(#[from] reqwest::Error),
    /// Something that must be refused was accepted, or was refused for another reason.
    #[error("{what}: expected `{expected}`, found `{found}`")]
    Unexpected {
        /// What was tried.
        what: &'static str,
        /// The expected reason code.
        expected: &'static str,
        /// What came instead.
        found: String,
    },
}

impl Reason for LabError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Answered { .. } => "lab.refused",
            Self::Control(cause) => cause.reason(),
            Self::Description(cause) => cause.reason(),
            Self::Export(cause) => cause.reason(),
            Self::Evidence(cause) => cause.reason(),
            Self::File(..) => "lab.file",
            Self::Interrupted => "lab.interrupted",
            Self::Job { .. } => "lab.job",
            Self::Made(_) => "lab.internal",
            Self::Launcher(cause) => cause.reason(),
            Self::Node(cause) => cause.reason(),
            Self::Processor(_) => "lab.processor",
            Self::Sealing(cause) => cause.reason(),
            Self::Tool(..) => "lab.tool",
            Self::Unreachable(_) => "lab.unreachable",
            Self::Unexpected { .. } => "lab.unexpected",
        }
    }
}
