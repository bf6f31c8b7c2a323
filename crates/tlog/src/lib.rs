//! Append-only Merkle tile log: leaves, checkpoints, proofs, and the Store contract.
