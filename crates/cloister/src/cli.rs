//! The command line: one file per group of commands. Each command turns its arguments into an
//! [`Outcome`]; only [`report`] prints it and chooses the exit code.

mod answer;
mod bundle;
mod check;
mod dataset;
mod doctor;
mod event_log;
mod evidence;
mod export;
mod files;
mod job;
mod key;
mod log;
mod measure;
mod output;
mod progress;
mod project;
mod proposal;
mod review;
mod serve;
mod server;
mod table;

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::Edition;
pub use answer::{Answer, Failure, Format, Outcome, report};
pub(crate) use answer::{chain, say};

/// Options of every command.
#[derive(Clone, Copy, Debug, Args)]
pub struct GlobalOptions {
    /// Print JSON
    #[arg(long, global = true)]
    pub json: bool,
}

impl GlobalOptions {
    /// How to print.
    #[must_use]
    pub const fn format(self) -> Format {
        if self.json { Format::Json } else { Format::Human }
    }
}

/// The commands that every edition has.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make and show the signing keys of people
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Seal datasets, check them, hand their keys to a broker
    #[command(subcommand)]
    Dataset(dataset::DatasetCommand),
    /// Propose projects and approve them
    #[command(subcommand)]
    Project(project::ProjectCommand),
    /// Start jobs and follow them
    #[command(subcommand)]
    Job(job::JobCommand),
    /// Check, review and export outputs
    #[command(subcommand)]
    Output(output::OutputCommand),
    /// Look at attestation evidence and verify it
    #[command(subcommand)]
    Evidence(evidence::EvidenceCommand),
    /// Compute the measurement that a launch will have
    #[command(subcommand)]
    Measure(measure::MeasureCommand),
    /// Verify sigstore bundles
    #[command(subcommand)]
    Bundle(bundle::BundleCommand),
    /// Verify a log and prove its entries
    #[command(subcommand)]
    Log(log::LogCommand),
    /// Verify exports, offline
    #[command(subcommand)]
    Export(export::ExportCommand),
    /// Measure tables of people
    Table(table::TableOptions),
    /// Say what is installed and usable on this machine, and what to install
    Doctor(doctor::DoctorOptions),
    /// Connect standard input and output to an address: what QEMU starts for a guest
    #[command(hide = true)]
    Relay {
        /// ADDRESS:PORT
        target: SocketAddr,
    },
}

/// Runs one command and prints what came of it.
#[must_use]
pub fn run(command: Command, edition: Edition, format: Format) -> ExitCode {
    let outcome = match command {
        Command::Key(command) => key::run(command),
        Command::Dataset(command) => dataset::run(command),
        Command::Project(command) => project::run(command),
        Command::Job(command) => job::run(command),
        Command::Output(command) => output::run(command, format),
        Command::Evidence(command) => evidence::run(command, &edition),
        Command::Measure(command) => measure::run(command),
        Command::Bundle(command) => bundle::run(command),
        Command::Log(command) => return log::run(command, format),
        Command::Export(command) => export::run(command, &edition),
        Command::Table(options) => return table::run(options, format),
        Command::Doctor(options) => doctor::run(&options),
        Command::Relay { target } => return relay(target),
    };
    report(&outcome, format)
}

/// The whole program of the released edition.
#[must_use]
pub fn main(edition: Edition) -> ExitCode {
    let Cli { global, command } = Cli::parse();
    match command {
        Released::Serve(options) => report(&serve::run(&options), global.format()),
        Released::Every(command) => run(command, edition, global.format()),
    }
}

/// A confidential research workspace: data, code and results stay sealed outside verified enclaves.
#[derive(Debug, Parser)]
#[command(name = "cloister", version, after_help = EXIT_CODES)]
struct Cli {
    #[command(flatten)]
    global: GlobalOptions,
    #[command(subcommand)]
    command: Released,
}

/// What the released program can do; `cloister-lab` has a `serve` of its own.
#[derive(Debug, Subcommand)]
#[expect(clippy::large_enum_variant, reason = "parsed once and taken apart at once")]
enum Released {
    /// Run the services of one node on SEV-SNP hardware
    Serve(serve::ServeOptions),
    #[command(flatten)]
    Every(Command),
}

/// Its standard output belongs to the guest, so nothing is printed there.
fn relay(target: SocketAddr) -> ExitCode {
    match launcher::relay::run(target) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("relay to `{target}`: {error}");
            ExitCode::FAILURE
        }
    }
}

/// For the end of `--help`.
pub const EXIT_CODES: &str = "Exit codes: 0 done or accepted, 1 refused (with a reason code), 2 wrong usage or unreadable input.";
