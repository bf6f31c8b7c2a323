//! Why events were not taken, or forwarding ended.

use std::io;
use std::time::Duration;

use domain::Reason;
use domain::canonical::CanonicalError;
use tlog::{LogError, StoreError};

/// Why a receiver did not acknowledge what it was given. It may have it nevertheless.
#[derive(Debug, thiserror::Error)]
pub enum Undelivered {
    /// Nobody answers there.
    #[error("`{place}` cannot be reached")]
    Unreachable {
        /// The receiver's address.
        place: String,
        /// What was said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Nobody who may have the events answers there. Nothing was sent.
    #[error(
        "`{place}` is not the receiver: no certificate of the given authorities, or no TLS 1.3"
    )]
    Certificate {
        /// The receiver's address.
        place: String,
        /// What was said.
        source: io::Error,
    },
    /// The connection ended, or time was up, before the acknowledgement.
    #[error("`{place}` did not acknowledge: {detail}")]
    NotAcknowledged {
        /// The receiver's address.
        place: String,
        /// What came instead.
        detail: String,
    },
    /// It asks to come again.
    #[error("`{place}` cannot take events now (status {status})")]
    Busy {
        /// The receiver's address.
        place: String,
        /// 429, 502, 503 or 504.
        status: u16,
        /// How long it asks to wait.
        retry_after: Option<Duration>,
    },
    /// It will not have them, now or later.
    #[error("`{place}` rejects {what}: {said:?}")]
    Rejected {
        /// The receiver's address.
        place: String,
        /// The status, or how many of the events.
        what: String,
        /// The beginning of what it said.
        said: String,
    },
    /// The file cannot be written.
    #[error("`{place}` cannot be written")]
    File {
        /// Its path.
        place: String,
        /// What the system said.
        source: io::Error,
    },
    /// The events have no such form.
    #[error("the events cannot be written in this format")]
    Format(#[from] CanonicalError),
}

impl Undelivered {
    /// Whether the same events would fare the same next time.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Rejected { .. } | Self::Format(_))
    }

    /// How long the receiver asks to wait.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

impl Reason for Undelivered {
    fn reason(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "siem.unreachable",
            Self::Certificate { .. } => "siem.certificate",
            Self::NotAcknowledged { .. } => "siem.not-acknowledged",
            Self::Busy { .. } => "siem.busy",
            Self::Rejected { .. } => "siem.rejected",
            Self::File { .. } => "siem.file",
            Self::Format(error) => error.reason(),
        }
    }
}

/// Why forwarding ended.
#[derive(Debug, thiserror::Error)]
pub enum ForwardError {
    /// The log was refused; the receiver has the alarm. Or its storage failed, when that was not to be
    /// waited for.
    #[error(transparent)]
    Log(LogError),
    /// The log was refused, and the receiver does not have the alarm.
    #[error("{log}; and the receiver was not told")]
    Untold {
        /// Why the log was refused.
        log: LogError,
        /// Why the receiver was not told.
        source: Box<Undelivered>,
    },
    /// What was delivered cannot be written down; it will be sent again.
    #[error("the cursor cannot be kept")]
    Cursor(#[source] StoreError),
    /// The receiver will not have the events, or has not taken them when that was not to be waited for.
    #[error(transparent)]
    Undelivered(Undelivered),
}

impl Reason for ForwardError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Log(error) | Self::Untold { log: error, .. } => error.reason(),
            Self::Cursor(error) => error.reason(),
            Self::Undelivered(error) => error.reason(),
        }
    }
}

/// An error and its causes, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let said = cause.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        next = cause.source();
    }
    text
}
