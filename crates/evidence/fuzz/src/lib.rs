//! What the fuzz targets share: emulated platforms whose evidence is right, and changes to it.
//!
//! A target that starts with a signature check would never get behind it with random bytes, so each
//! of those changes what is signed and signs again.

pub mod azure;
pub mod input;
pub mod intel;
pub mod nvidia;
pub mod snp;

use domain::Timestamp;
pub use input::{joined, parts};

/// When everything is created.
#[must_use]
pub fn created() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().expect("a time")
}

/// When everything is judged.
#[must_use]
pub fn now() -> Timestamp {
    "2026-01-02T00:00:00Z".parse().expect("a time")
}

/// `base` changed as `edits` says: each edit is a position (two bytes, big-endian), a kind and one
/// byte. Kinds replace a byte, flip bits of one, insert one, or cut the rest off.
#[must_use]
pub fn edited(base: &[u8], edits: &[u8]) -> Vec<u8> {
    let mut bytes = base.to_vec();
    for edit in edits.chunks_exact(4) {
        let [high, low, kind, value] = edit else { continue };
        let position = usize::from(u16::from_be_bytes([*high, *low])) % (bytes.len() + 1);
        match (kind % 16, bytes.get_mut(position)) {
            (0, _) => bytes.insert(position, *value),
            (1, _) => bytes.truncate(position),
            (2..=8, Some(byte)) => *byte = *value,
            (_, Some(byte)) => *byte ^= 1 << (value % 8),
            (_, None) => bytes.push(*value),
        }
    }
    bytes
}
