//! Verifies attestation evidence against given roots, collateral, time and reference values, and
//! computes the measurement that a launch should have.
//!
//! Start with [`snp::verify`] for a release decision and [`snp::inspect`] to look at evidence
//! without deciding anything. Both are functions of bytes, expected values, roots and time; no
//! expected value can be left out.

mod error;
pub mod launch;
pub mod snp;
mod x509;

pub use error::EvidenceError;
