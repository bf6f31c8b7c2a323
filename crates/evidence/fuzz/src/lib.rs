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
pub use input::{edited, joined, parts};

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
