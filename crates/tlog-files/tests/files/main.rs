//! Logs on a real file system.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::string_slice,
    reason = "a helper that fails is a failed test"
)]

mod common;
mod disks;
mod folder;
mod go;
mod killed;
mod tessera;
