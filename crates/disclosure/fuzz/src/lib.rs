//! What the fuzz targets share: rules of every kind of output, people, files that pass, and what must
//! hold of whatever passes.

pub mod gate;
pub mod hierarchies;
#[path = "../../../evidence/fuzz/src/input.rs"]
pub mod input;

pub use input::{joined, parts};
