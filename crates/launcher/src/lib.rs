//! Turns a launch manifest into a running enclave: local QEMU.
//!
//! The launcher is not trusted. Whatever it alters shows up as a wrong measurement, a wrong
//! HOST_DATA or a wrong digest, and is refused by the agent or by the broker: so everything that
//! it gives to QEMU is plain data in a [`Plan`]. What it must get right is availability, and that
//! nothing outlives its owner: see [`Running`].

mod accelerator;
mod arguments;
mod error;
mod folder;
mod host;
mod image;
mod launch;
mod plan;
mod platform;
mod process;
mod progress;
pub mod relay;
mod running;

pub use accelerator::Accelerator;
pub use arguments::qemu_arguments;
pub use error::LauncherError;
pub use folder::RunFolder;
pub use host::Host;
pub use image::{GuestImage, cache_folder};
pub use launch::{Inputs, LaunchRequest, Launcher, Prepared};
pub use plan::{Disk, Machine, Network, Plan, RelayTargets, SNP_POLICY, Size};
pub use platform::{LaunchedFacts, Platform, SnpPlatform, serve_reports};
pub use running::{Finished, Running};
