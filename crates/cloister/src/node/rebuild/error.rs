//! Why nothing is rebuilt.

use std::io;
use std::path::PathBuf;

use domain::Reason;
use domain::ids::ProjectId;
use ledger::LedgerError;

/// Why nothing is rebuilt.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RebuildError {
    /// The folder of datasets cannot be read.
    #[error("`{}` cannot be read", _0.display())]
    Folder(PathBuf, #[source] io::Error),
    /// An object does not say what its entry says.
    #[error("entry {index} and what it rests on do not belong together: {what}")]
    Inconsistent {
        /// The entry.
        index: u64,
        /// What of it.
        what: &'static str,
    },
    /// The log cannot be read.
    #[error("the log cannot be read")]
    Ledger(#[from] LedgerError),
    /// An object cannot be read.
    #[error("what entry {index} rests on cannot be read")]
    Object {
        /// The entry.
        index: u64,
        /// Why.
        #[source]
        source: LedgerError,
    },
    /// Two approvals under one name are for different datasets, which no broker accepts.
    #[error("`{project}` is approved for one dataset by entry {first} and for another by {second}")]
    ProjectTwice {
        /// The name.
        project: ProjectId,
        /// The earlier approval.
        first: u64,
        /// The later one.
        second: u64,
    },
}

impl Reason for RebuildError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Folder(..) => "node.file",
            Self::Inconsistent { .. } => "log.inconsistent",
            Self::Ledger(cause) | Self::Object { source: cause, .. } => cause.reason(),
            Self::ProjectTwice { .. } => "rebuild.project-twice",
        }
    }
}
