//! Reports of SEV-SNP guests, real and changed.

mod files;
mod malformed;
mod mutations;
mod second_opinion;
mod sev_crate;
mod table;
pub(crate) mod vectors;
