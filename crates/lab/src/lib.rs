//! The same services as `cloister` plus the emulated platform, for a laptop, demos and tests.
//!
//! Nothing that runs on the emulated platform is confidential, and everything that it touches says
//! so. The released program does not contain this crate.

pub mod demo;
pub mod edition;
pub mod error;
pub mod people;
pub mod platform;
pub mod serve;
pub mod served;
pub mod workspace;

pub use error::LabError;
