//! Byte strings in JSON: standard base64 with padding (RFC 4648 §4).
//!
//! Use as `#[serde(with = "wire::bytes")]` on a `Vec<u8>`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serializer};

/// Writes `bytes` as base64.
///
/// # Errors
/// Whatever the serializer says.
pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&STANDARD.encode(bytes))
}

/// Reads base64.
///
/// # Errors
/// The text is not base64.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    STANDARD.decode(text).map_err(serde::de::Error::custom)
}
