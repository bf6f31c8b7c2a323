//! Azure's machines, whose hardware vouches for a virtual TPM.

pub(super) mod snp;
pub(super) mod tdx;
