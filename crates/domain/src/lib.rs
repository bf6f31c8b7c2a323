//! Identifiers, roles and the nine stages of `docs/architecture.md` as consuming transitions that
//! yield events.
//!
//! Nothing here reads a clock, a file, a socket or a random source: time and randomness are
//! arguments, effects are return values.

pub mod canonical;
pub mod claims;
pub mod dataset;
pub mod digest;
pub mod dsse;
pub mod event;
pub mod grant;
pub mod ids;
pub mod keys;
pub mod launch;
pub mod leaf;
pub mod output;
pub mod project;
pub mod pseudonym;
pub mod reason;
pub mod recorded;
pub mod review;
mod text;
pub mod time;
pub mod verified;

pub use digest::Digest;
pub use leaf::Leaf;
pub use reason::{Reason, ReasonCode};
pub use recorded::Recorded;
pub use time::Timestamp;
pub use verified::Verified;

#[cfg(test)]
mod stage_tests;
