//! What vendors' services answer, after it was checked.

use domain::Timestamp;

/// An authentic answer, in the form in which a cache keeps it and verification reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The bytes.
    pub content: Vec<u8>,
    /// Until when they are good: a next update or the end of a certificate.
    pub until: Timestamp,
}
