//! The body of every refusal over HTTP: RFC 9457 problem details with our reason code.

use domain::{Reason, ReasonCode};
use serde::{Deserialize, Serialize};

/// `application/problem+json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The stable reason code, such as `approval.expired`.
    pub reason: ReasonCode,
    /// One sentence for people: what was refused and what to do next.
    pub detail: String,
}

impl Problem {
    /// What `error` looks like from outside: its own sentence, not its causes.
    #[must_use]
    pub fn of<E: Reason + std::fmt::Display>(error: &E) -> Self {
        Self { reason: ReasonCode::of(error), detail: error.to_string() }
    }

    /// The media type of RFC 9457.
    pub const MEDIA_TYPE: &'static str = "application/problem+json";
}
