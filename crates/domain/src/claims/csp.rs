//! The provider to whom AMD lent a key.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// CSP_ID of a VLEK certificate (AMD 57230 §3.1): the cloud provider's name, such as
/// `CN=cc-us-east-2.amazonaws.com`. 1 to 128 printable ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CspId(String);

impl FromStr for CspId {
    type Err = CspIdError;

    fn from_str(text: &str) -> Result<Self, CspIdError> {
        let printable = text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
        if printable && (1..=128).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(CspIdError)
        }
    }
}

impl TryFrom<String> for CspId {
    type Error = CspIdError;

    fn try_from(text: String) -> Result<Self, CspIdError> {
        text.parse()
    }
}

impl From<CspId> for String {
    fn from(id: CspId) -> Self {
        id.0
    }
}

impl fmt::Display for CspId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is not a provider's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a provider's name is 1 to 128 printable ASCII characters")]
pub struct CspIdError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_printable_and_bounded() {
        for name in ["CN=cc-us-east-2.amazonaws.com", "a", &"x".repeat(128)] {
            assert_eq!(name.parse::<CspId>().unwrap().to_string(), name);
        }
        for wrong in ["", "tab\t", "é", &"x".repeat(129)] {
            assert_eq!(wrong.parse::<CspId>(), Err(CspIdError), "{wrong}");
        }
    }
}
