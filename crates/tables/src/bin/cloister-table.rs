//! `cloister-table`: what `cloister table` runs.

use std::process::ExitCode;

fn main() -> ExitCode {
    tables::cli::main()
}
