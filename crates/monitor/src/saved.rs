//! What a monitor keeps between two runs, so that the next one reads what is new and nothing else.

use domain::canonical::{self, CanonicalError};
use domain::{Digest, Reason};
use serde::{Deserialize, Serialize};

use crate::monitor::Monitor;

/// A monitor, the tree whose entries it has taken in, and the newest checkpoint that was seen: a file
/// in canonical JSON.
///
/// Whoever can write the file can make the next run believe anything of what was before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    version: Version,
    /// The signed note; with it, a log that goes back or has a second head can be shown to others.
    pub checkpoint: String,
    /// Root of the tree of as many entries as the monitor has taken in (RFC 9162 §2.1.1).
    pub root: Digest,
    /// The monitor.
    pub monitor: Monitor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Version {
    #[serde(rename = "cloister-log-monitor/v1")]
    V1,
}

impl Saved {
    /// `monitor`, which has taken in the tree with this root, and the newest checkpoint.
    #[must_use]
    pub const fn new(checkpoint: String, root: Digest, monitor: Monitor) -> Self {
        Self { version: Version::V1, checkpoint, root, monitor }
    }

    /// The bytes to keep.
    ///
    /// # Errors
    /// [`SavedError`], which no monitor comes to.
    pub fn to_bytes(&self) -> Result<Vec<u8>, SavedError> {
        canonical::to_vec(self).map_err(SavedError)
    }

    /// Reads what was kept. Whether the checkpoint is the log's is not said by that.
    ///
    /// # Errors
    /// [`SavedError`]: an empty or torn file is not an absent one.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SavedError> {
        canonical::from_slice(bytes).map_err(SavedError)
    }
}

/// The bytes are no saved state.
#[derive(Debug, thiserror::Error)]
#[error("the monitor's state is malformed")]
pub struct SavedError(#[source] CanonicalError);

impl Reason for SavedError {
    fn reason(&self) -> &'static str {
        "monitor.state"
    }
}
