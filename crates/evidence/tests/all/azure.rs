//! Azure's confidential machines: published evidence, evidence of an emulated machine that is wrong in
//! exactly one way, and evidence changed at random.

mod machine;
mod mutations;
mod published;
mod refused;
mod tdx;
