//! A type for each kind of identifier, so that one cannot be passed for another.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The text is not an identifier of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an identifier is 1 to 64 lower-case letters, digits and inner hyphens")]
pub struct IdError;

fn well_formed(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=64).contains(&text.len())
        && text.bytes().all(plain)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

macro_rules! identifiers {
    ($($(#[$doc:meta])* $name:ident, $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// An identifier made of 128 random bits that the caller drew.
            #[must_use]
            pub fn from_random(bits: [u8; 16]) -> Self {
                Self(format!(concat!($prefix, "-{}"), hex::encode(bits)))
            }

            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                if well_formed(text) { Ok(Self(text.to_owned())) } else { Err(IdError) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                if well_formed(&text) { Ok(Self(text)) } else { Err(IdError) }
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    )*};
}

identifiers! {
    /// A research project: one proposal, its approvals, jobs and exports.
    ProjectId, "project";
    /// A dataset, by the name that its custodian gave it.
    DatasetId, "dataset";
    /// One run of one workload.
    JobId, "job";
    /// One launch of one enclave; drawn by the broker, used once.
    LaunchId, "launch";
    /// One sealed output of one job.
    OutputId, "output";
    /// One released export.
    ExportId, "export";
    /// A person, as a pseudonym: what log entries may hold.
    PersonId, "person";
    /// One entry of the log.
    EntryId, "entry";
}
