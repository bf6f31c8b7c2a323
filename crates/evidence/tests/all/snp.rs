//! Reports of SEV-SNP guests, real and changed.

mod files;
mod malformed;
mod sev_crate;
mod table;
pub(crate) mod vectors;
