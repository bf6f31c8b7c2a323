//! The emulated platform with its own root, for laptops, demonstrations and tests.
//!
//! Nothing that runs on it is confidential, and everything that it signs says so. No released
//! program contains this crate.

pub mod azure;
pub mod bundles;
pub mod der;
pub mod direct_boot;
pub mod emulated;
pub mod intel;
pub mod loopback;
pub mod nvidia;
pub mod stamps;
