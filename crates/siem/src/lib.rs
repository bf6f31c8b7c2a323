//! Tells a SIEM what the log holds.
//!
//! [`Forwarder`] follows the published log, believes what the log's key signed, maps each entry to an
//! [`Event`], gives it to a [`Receiver`], and only after the receiver's acknowledgement moves the cursor
//! in its file. So every entry arrives at least once, in order; index and leaf hash let the receiver drop
//! what comes twice. It is a process of its own: the log's writer neither knows nor waits for it.
//!
//! The formats are pure functions of an event: [`json`], [`syslog`], [`ocsf`], [`otlp`]. What they hold is
//! what a log entry may hold, digests and pseudonyms. `docs/formats/siem.md` has an example of each.

mod backoff;
mod error;
mod event;
mod forward;
pub mod json;
pub mod ocsf;
pub mod otlp;
mod receiver;
pub mod syslog;
#[cfg(test)]
mod testing;

pub use backoff::{Backoff, Random};
pub use error::{ForwardError, Undelivered};
pub use event::{Alarm, Content, Event, Happened, Severity};
pub use forward::{Clock, Forwarder, Observer, Progress, Published, Settings};
pub use receiver::{FileReceiver, HttpBody, HttpReceiver, Lines, Receiver, SyslogReceiver};
