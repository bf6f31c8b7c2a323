//! `cloister table`: the program `cloister-table`, found beside the running one. It is a program of
//! its own so that nothing that people must trust links polars.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use clap::Args;

use super::{Failure, Format, report};

/// What is passed on.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct TableOptions {
    /// A command of `cloister-table` and its options; see `cloister table measure --help`
    #[arg(
        value_name = "COMMAND",
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    arguments: Vec<OsString>,
}

/// Becomes `cloister-table`, whose output and exit code are those of the command; returns only if
/// it cannot.
pub(super) fn run(options: TableOptions, format: Format) -> ExitCode {
    let outcome = match beside() {
        Ok(program) => {
            let json = (format == Format::Json).then_some("--json");
            let error = Command::new(&program).args(json).args(options.arguments).exec();
            missing(&program, &error)
        }
        Err(error) => Failure::unusable("table.program-missing", &error),
    };
    report(&Err(outcome), format)
}

/// Where `cloister-table` must be.
fn beside() -> io::Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name("cloister-table"))
}

fn missing(program: &std::path::Path, error: &io::Error) -> Failure {
    let detail = format!(
        "cannot run `{}`: {error}; build it with `cargo build -p tables` (with `--release` if this \
         program was), or copy the installed `cloister-table` there",
        program.display()
    );
    Failure::unusable_because("table.program-missing", detail)
}

const EXAMPLES: &str = "\
Examples:
  cloister table measure --help
  cloister table measure --input hospital.csv --qi age,gender,city --sa disease --json

Runs `cloister-table` from the folder of this program.";
