//! Development tasks: the guest image, the demo's workloads.
//! The tidy rules and dependency fences are this package's tests.

mod apt;
mod cache;
mod cosign;
mod cpio;
mod elf;
mod image;
mod oci;
mod run;
mod tree;
mod workloads;

use anyhow::Result;
use clap::Parser;

#[derive(Parser)]
#[command(name = "xtask", about = "Development tasks of Cloister")]
enum Task {
    /// Build the guest image from Debian packages and the agent of this tree
    Image(image::Options),
    /// Build the demo's workloads: an OCI image and a WebAssembly component
    Workloads(workloads::Options),
    /// Put Debian's cosign into the cache and print where it is
    Cosign,
}

fn main() -> Result<()> {
    match Task::parse() {
        Task::Image(options) => image::build(&options),
        Task::Workloads(options) => workloads::build(&options),
        Task::Cosign => cosign::install(),
    }
}
