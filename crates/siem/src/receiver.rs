//! Where events go, and what counts as an acknowledgement there.

mod file;
mod http;
mod syslog;

pub use file::FileReceiver;
pub use http::{HttpBody, HttpReceiver};
pub use syslog::SyslogReceiver;

use domain::canonical::CanonicalError;

use crate::error::Undelivered;
use crate::event::Event;
use crate::{json, ocsf};

/// A receiver of events.
#[derive(Debug)]
pub enum Receiver {
    /// A file, or standard output.
    File(FileReceiver),
    /// A syslog server over TLS.
    Syslog(SyslogReceiver),
    /// An HTTP server.
    Http(HttpReceiver),
}

impl Receiver {
    /// Gives it `events`; returns after its acknowledgement, with what it had to say besides.
    ///
    /// # Errors
    /// [`Undelivered`]: the receiver may have none, some or all of them.
    pub async fn deliver(&mut self, events: &[Event]) -> Result<Option<String>, Undelivered> {
        match self {
            Self::File(file) => file.deliver(events).map(|()| None),
            Self::Syslog(syslog) => syslog.deliver(events).await.map(|()| None),
            Self::Http(http) => http.deliver(events).await,
        }
    }
}

/// A format of one JSON object a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// [`crate::json`]
    Json,
    /// [`crate::ocsf`]
    Ocsf,
}

impl Lines {
    /// The lines of `events`.
    ///
    /// # Errors
    /// As [`domain::canonical::to_vec`].
    pub fn of(self, events: &[Event]) -> Result<String, CanonicalError> {
        let line = match self {
            Self::Json => json::line,
            Self::Ocsf => ocsf::line,
        };
        events.iter().map(line).collect()
    }
}
