//! Azure's confidential virtual machines, where the hardware's report vouches for a virtual TPM and
//! that vouches for what was started.
//!
//! A program below the guest (the host compatibility layer, HCL) makes the TPM's attestation key (AK),
//! binds it to the hardware's report when the machine starts, and keeps both in the TPM. Guests read the
//! report there and have the key sign a quote over a nonce. So there are three links, and each must
//! hold:
//! 1. the hardware's report is authentic: [`crate::snp`] or [`crate::intel`] decides, nothing
//!    is checked twice;
//! 2. its report data is the digest of the runtime claims, which hold the AK;
//! 3. the AK signed a quote over the nonce and the measurements (PCRs).
//!
//! What makes the AK trustworthy is the launch measurement of the HCL: it alone knows the key.
//! [`snp_vtpm`] and [`tdx_vtpm`] each have a `verify` for decisions and an `inspect` for looking.

mod fields;
mod hcl;
mod input;
mod quote;
mod runtime;
pub mod snp_vtpm;
mod td_report;
pub mod tdx_vtpm;
mod vtpm;

pub use quote::{Clock, Nonce, PCRS, Pcrs};
pub use vtpm::{PcrSets, RuntimeClaims, VtpmClaims, VtpmExpected};
