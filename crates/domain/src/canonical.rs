//! The one byte form of a JSON value: RFC 8785 (JCS). Whatever is hashed or signed goes through here.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Digest, Reason};

/// The RFC 8785 bytes of `value`.
///
/// # Errors
/// [`CanonicalError::NotJson`] if the value has no JSON form (a map with non-string keys, a NaN).
pub fn to_vec<T: Serialize>(value: &T) -> Result<Vec<u8>, CanonicalError> {
    serde_json_canonicalizer::to_vec(value).map_err(CanonicalError::NotJson)
}

/// The digest of the RFC 8785 bytes of `value`.
///
/// # Errors
/// As [`to_vec`].
pub fn digest<T: Serialize>(value: &T) -> Result<Digest, CanonicalError> {
    to_vec(value).map(|bytes| Digest::of(&bytes))
}

/// Reads `bytes` as a `T` and refuses every spelling but the canonical one, so that two parties
/// that read equal values hold equal bytes.
///
/// # Errors
/// [`CanonicalError::NotJson`] if the bytes are no `T`, [`CanonicalError::NotCanonical`] if they
/// are one in another spelling (white space, key order, unknown fields, duplicate keys).
pub fn from_slice<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Result<T, CanonicalError> {
    let value: T = serde_json::from_slice(bytes).map_err(CanonicalError::NotJson)?;
    if to_vec(&value)? == bytes { Ok(value) } else { Err(CanonicalError::NotCanonical) }
}

/// Why a value has no canonical form, or bytes are not one.
#[derive(Debug, thiserror::Error)]
pub enum CanonicalError {
    /// Not the JSON that was expected.
    #[error("not the expected JSON")]
    NotJson(#[source] serde_json::Error),
    /// The expected JSON, but not in its RFC 8785 spelling.
    #[error("JSON is not in its canonical form (RFC 8785)")]
    NotCanonical,
}

impl Reason for CanonicalError {
    fn reason(&self) -> &'static str {
        match self {
            Self::NotJson(_) => "format.not-json",
            Self::NotCanonical => "format.not-canonical",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn one_spelling_only() {
        let map: BTreeMap<String, u32> = from_slice(br#"{"a":1,"b":2}"#).unwrap();
        assert_eq!(to_vec(&map).unwrap(), br#"{"a":1,"b":2}"#);
        for other in [&br#"{"b":2,"a":1}"#[..], br#"{"a":1, "b":2}"#, br#"{"a":1,"a":1,"b":2}"#] {
            let refused = from_slice::<BTreeMap<String, u32>>(other).unwrap_err();
            assert_eq!(refused.reason(), "format.not-canonical");
        }
    }
}
