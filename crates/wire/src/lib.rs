//! Every message between processes, versioned by the path that carries it (`/kbs/v0`, `/v0`).
//!
//! Types here are plain data: nothing in them is trusted because it parsed. Checks belong to
//! `domain`, `evidence`, `seal` and `disclosure`, which read their own types out of these.

pub mod airlock;
pub mod broker;
pub mod bytes;
pub mod guest;
pub mod kbs;
pub mod problem;

pub use problem::Problem;
