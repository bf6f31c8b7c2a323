//! Append-only Merkle tile log: leaves, checkpoints, proofs, and the [`Store`] contract.
//!
//! Start with [`Log`] to write and with [`verify`] to check. The log takes opaque bytes: what an
//! entry means is the business of `domain`. The formats are C2SP tlog-tiles, signed-note,
//! tlog-checkpoint and tlog-proof over RFC 9162 §2.1 hashing with SHA-256; `docs/formats/log.md`
//! says what we fix beyond them.
//!
//! Nothing here touches a file, a clock or a socket: tiles are read through a function that the
//! caller passes in, and written through a [`Store`].

pub mod checkpoint;
pub mod cosignature;
mod edge;
pub mod error;
pub mod follow;
pub mod log;
pub mod merkle;
pub mod note;
pub mod path;
pub mod policy;
pub mod proof;
pub mod store;
#[cfg(test)]
mod testing;
pub mod tiles;
pub mod verify;
pub mod witness;

pub use checkpoint::{Checkpoint, SignedCheckpoint};
pub use cosignature::WitnessKey;
pub use error::LogError;
pub use follow::{Chunk, Follower};
pub use log::{Appended, Log};
pub use merkle::leaf_hash;
pub use note::VerifierKey;
pub use path::TilePath;
pub use policy::{Policy, Witnessed};
pub use proof::LeafProof;
pub use store::{Commit, Store, StoreError};
pub use verify::{Included, verify_consistency, verify_inclusion, verify_log};

/// The longest entry, in bytes: bundles give each entry a 16-bit length (C2SP tlog-tiles).
pub const MAX_ENTRY_LEN: usize = 65_535;
