//! `cloister-lab`: every command of `cloister`, and the emulated platform.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use cloister::cli::{self, Format};
use domain::Reason as _;
use lab::edition::LAB;
use lab::{LabError, demo, serve};
use serde_json::json;
use tokio::runtime::Runtime;

/// Cloister on an emulated platform, for a laptop, demos and tests. NOTHING HERE IS CONFIDENTIAL.
#[derive(Debug, Parser)]
#[command(name = "cloister-lab", version, after_help = cli::EXIT_CODES)]
struct Cli {
    #[command(flatten)]
    global: cli::GlobalOptions,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// All nine stages on real data in a real guest; prints the exports that it verified
    ///
    /// Example: cloister-lab demo --figures
    Demo(demo::Options),
    /// Everything on one machine with embedded defaults; prints the URL and one login per role
    ///
    /// Example: cloister-lab serve --folder .cloister/lab --listen 127.0.0.1:8443
    Serve(serve::Options),
    #[command(flatten)]
    Released(cli::Command),
}

fn main() -> ExitCode {
    let Cli { global, command } = Cli::parse();
    let format = global.format();
    match command {
        Command::Demo(options) => finish(format, run_demo(&options, global.json)),
        Command::Serve(options) => finish(format, run_serve(&options, global.json)),
        Command::Released(command) => cli::run(command, LAB, format),
    }
}

fn run_demo(options: &demo::Options, json: bool) -> Result<(), LabError> {
    let mut console = demo::Console::new(json);
    demo::run(options, &mut console, runtime()?).map(|_| ())
}

fn run_serve(options: &serve::Options, json: bool) -> Result<(), LabError> {
    runtime()?.block_on(serve::run(options, json))
}

fn runtime() -> Result<Runtime, LabError> {
    Runtime::new().map_err(|error| LabError::Tool("tokio", error))
}

fn finish(format: Format, result: Result<(), LabError>) -> ExitCode {
    let Err(error) = result else { return ExitCode::SUCCESS };
    if matches!(format, Format::Json) {
        let refusal = json!({
            "verdict": "refused", "reason": error.reason(), "detail": error.to_string(),
        });
        println!("{refusal}");
    }
    eprintln!("cloister-lab: {error}");
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        eprintln!("  because: {inner}");
        cause = inner.source();
    }
    ExitCode::FAILURE
}
