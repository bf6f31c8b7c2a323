//! Judges what a log's entries mean together: no key without a verdict on an approved launch, no
//! output without checks and reviewers, no gap in anybody's numbering.
//!
//! The services that write the log decide by the same rules, from the statements and the evidence
//! themselves. A [`Monitor`] has the entries alone, so that anyone can run one, on another machine and
//! without any secret. What it finds, a service should not have written: either that is not the
//! program it is said to be, or its log was written by somebody else with its key.
//!
//! Nothing here reads a file or a clock. That the entries are those of a signed tree is for `tlog` to
//! say, before anything that a monitor finds is believed: a [`Watch`] holds both.

mod approvals;
mod freshness;
mod launches;
mod monitor;
mod names;
mod outputs;
mod saved;
mod violation;
mod watch;

pub use freshness::{Stale, fresh};
pub use monitor::{CLOCK_SECONDS, Monitor};
pub use saved::{Saved, SavedError};
pub use violation::{Finding, Violation};
pub use watch::Watch;
