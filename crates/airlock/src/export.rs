//! Stage 8 and 9: what leaves, and how anyone verifies it offline.

mod bundle;
mod container;
mod error;
mod log;
mod receipt;
mod trust;
mod verify;

pub use bundle::verify_bundle;
pub use container::{Members, pack, unpack};
pub use error::ExportError;
pub use log::LogProofs;
pub use receipt::Receipt;
pub(crate) use receipt::{
    APPROVALS, BUNDLE, CHECKS, CRL, DATASET, EVIDENCE, FILES, LOG, MANIFEST, PROPOSAL, RECEIPT,
    REVIEWS, RULES,
};
pub use trust::{Trust, TrustVersion};
pub(crate) use verify::links;
pub use verify::{VerifiedExport, verify};
#[cfg(test)]
pub(crate) use verify::{logged, verify_members};
