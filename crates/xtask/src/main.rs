//! Development tasks: the guest image, the demo's workloads.
//! The tidy rules and dependency fences are this package's tests.

mod apt;
mod cache;
mod cpio;
mod elf;
mod image;
mod run;
mod tree;

use anyhow::Result;
use clap::Parser;

#[derive(Parser)]
#[command(name = "xtask", about = "Development tasks of Cloister")]
enum Task {
    /// Build the guest image from Debian packages and the agent of this tree
    Image(image::Options),
}

fn main() -> Result<()> {
    match Task::parse() {
        Task::Image(options) => image::build(&options),
    }
}
