//! Rules that the whole work tree keeps: what may depend on what, and how files look.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "this program is a test; to stop is to fail"
)]

mod fences;
mod graph;
mod sources;
mod tidy;
