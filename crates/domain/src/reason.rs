//! Stable reason codes: what a refusal is called in the log, on the command line and over HTTP.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An error or refusal with a stable code such as `evidence.debug-enabled`.
///
/// Codes are part of the interface: they are never reused and never change their meaning.
pub trait Reason {
    /// The code: `area.condition`, lower-case words joined by hyphens.
    fn reason(&self) -> &'static str;
}

/// A reason code as read back from a log entry or a message.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReasonCode(String);

impl ReasonCode {
    /// The code of an error.
    #[must_use]
    pub fn of(error: &impl Reason) -> Self {
        Self(error.reason().to_owned())
    }

    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ReasonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for ReasonCode {
    type Error = ReasonCodeError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let word = |word: &str| {
            !word.is_empty()
                && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        let well_formed = text.len() <= 96 && text.contains('.') && text.split('.').all(word);
        if well_formed { Ok(Self(text)) } else { Err(ReasonCodeError) }
    }
}

impl From<ReasonCode> for String {
    fn from(code: ReasonCode) -> Self {
        code.0
    }
}

/// The text is not a reason code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a reason code is lower-case words joined by `-` and `.`")]
pub struct ReasonCodeError;
