//! What a monitor makes of logs: of those that the services write, and of every other kind.
#![expect(
    clippy::unwrap_used,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "a helper that fails is a failed test"
)]

mod good;
mod mutants;
mod watched;
mod world;
