//! The guest's init: report, attested channel, volumes, workload, checks, sealed output.
//!
//! Everything that reaches the guest from outside is the host's: disks, ports, the network. The
//! agent believes what the platform measured (the image, the launch manifest's digest) and what
//! follows from the manifest, and nothing else. `docs/architecture.md`, stages 4 to 7.
//!
//! [`job::run`] holds the order. A check that was done is a value that the next step needs:
//! [`platform::Measured`] → [`kbs::Session`] → [`admit::Admitted`] → [`volume::Volume`].

pub mod admit;
pub mod archive;
pub mod container;
pub mod deliver;
pub mod disks;
mod error;
pub mod http;
pub mod init;
pub mod inputs;
pub mod job;
pub mod jwe;
pub mod kbs;
pub mod network;
pub mod oci;
pub mod platform;
pub mod ports;
pub mod probe;
pub mod progress;
pub mod seccomp;
pub mod signature;
#[cfg(test)]
mod testing;
pub mod unpack;
pub mod volume;
pub mod wasm;

pub use error::{AgentError, Refusal, WorkloadError};
