//! Verifies attestation evidence against given roots, collateral, time and reference values, and
//! computes the measurement that a launch should have.
//!
//! Start with [`snp::verify`] for a release decision and [`snp::inspect`] to look at evidence
//! without deciding anything, or with the functions of the same names in [`intel`] and [`nvidia`].
//! All are functions of bytes, expected values, roots, collateral and time; no expected value can be
//! left out. A caller that verifies often keeps [`KnownSignatures`], and lends them to
//! [`snp::verify_knowing`] or [`intel::verify_knowing`]: same verdict, sooner.

pub mod azure;
mod crl;
mod error;
pub mod eventlog;
mod fetched;
pub mod intel;
pub mod launch;
pub mod nvidia;
mod pem;
mod register;
mod signatures;
pub mod snp;
mod x509;

pub use error::EvidenceError;
pub use fetched::Fetched;
pub use signatures::KnownSignatures;
