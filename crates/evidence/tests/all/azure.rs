//! Azure's confidential machines: published evidence, evidence of an emulated machine that is wrong in
//! exactly one way, and evidence changed at random.

mod machine;
mod mutations;
pub(crate) mod published;
mod refused;
pub(crate) mod tdx;
