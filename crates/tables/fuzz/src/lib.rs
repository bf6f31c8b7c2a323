//! What the fuzz targets share.

#[path = "../../../evidence/fuzz/src/input.rs"]
pub mod input;

pub use input::{joined, parts};
