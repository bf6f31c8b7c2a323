//! What a monitor keeps between two runs, so that the next one reads what is new and nothing else.

use domain::canonical::{self, CanonicalError};
use domain::{Digest, Reason};
use serde::{Deserialize, Serialize};

use crate::monitor::Monitor;

/// A monitor, and the tree whose entries it has taken in: a file in canonical JSON.
///
/// Whoever can write the file can make the next run believe anything of what was before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    version: Version,
    /// The log's name.
    origin: String,
    /// Root of the tree of as many entries as the monitor has taken in (RFC 9162 §2.1.1).
    root: Digest,
    monitor: Monitor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Version {
    #[serde(rename = "cloister-log-monitor/v1")]
    V1,
}

impl Saved {
    /// `monitor`, which has taken in the tree of `origin` with this root.
    #[must_use]
    pub const fn new(origin: String, root: Digest, monitor: Monitor) -> Self {
        Self { version: Version::V1, origin, root, monitor }
    }

    /// The root of the tree.
    #[must_use]
    pub const fn root(&self) -> Digest {
        self.root
    }

    /// The monitor.
    #[must_use]
    pub fn into_monitor(self) -> Monitor {
        self.monitor
    }

    /// The bytes to keep.
    ///
    /// # Errors
    /// [`SavedError::Format`], which no monitor comes to.
    pub fn to_bytes(&self) -> Result<Vec<u8>, SavedError> {
        canonical::to_vec(self).map_err(SavedError::Format)
    }

    /// Reads what was kept of the log called `origin`.
    ///
    /// # Errors
    /// [`SavedError::Format`], or [`SavedError::Origin`] if it is of another log.
    pub fn from_bytes(bytes: &[u8], origin: &str) -> Result<Self, SavedError> {
        let saved: Self = canonical::from_slice(bytes).map_err(SavedError::Format)?;
        if saved.origin == origin { Ok(saved) } else { Err(SavedError::Origin(saved.origin)) }
    }
}

/// Why a saved state cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SavedError {
    /// Not in the format above.
    #[error("the monitor's state is malformed")]
    Format(#[source] CanonicalError),
    /// Of another log.
    #[error("the monitor's state is of the log `{0}`")]
    Origin(String),
}

impl Reason for SavedError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Format(_) => "monitor.state",
            Self::Origin(_) => "monitor.state-origin",
        }
    }
}
