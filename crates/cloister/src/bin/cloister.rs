//! `cloister`: knows the hardware vendors' roots and no others; contains no emulated platform.

use std::process::ExitCode;

fn main() -> ExitCode {
    cloister::cli::main(cloister::edition::RELEASED)
}
