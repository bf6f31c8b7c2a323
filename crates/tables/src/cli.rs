//! The command line of `cloister-table`: arguments, answers and exit codes as `cloister` has them
//! (`docs/cli.md`).

mod anonymise;
mod columns;
mod files;
mod hierarchy;
mod interrupt;
mod measure;
mod memory;
mod planned;
mod progress;
mod transform;

use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use domain::Reason;
use serde_json::{Value, json};

/// The whole program.
#[must_use]
pub fn main() -> ExitCode {
    let Cli { json, command } = Cli::parse();
    let outcome = match command {
        Command::Anonymise(options) => anonymise::run(&options),
        Command::Hierarchy(options) => hierarchy::run(&options).map_err(Failure::Unusable),
        Command::Measure(options) => measure::run(&options).map_err(Failure::Unusable),
    };
    match outcome {
        Ok(answer) => {
            print(if json { format!("{:#}", answer.json) } else { answer.text });
            ExitCode::SUCCESS
        }
        Err(failure) => {
            let (verdict, code, why) = match failure {
                Failure::Refused(why) => ("refused", 1, why),
                Failure::Unusable(why) => ("unusable", 2, why),
                Failure::Interrupted(why) => ("interrupted", INTERRUPTED, why),
            };
            let Unusable { reason, detail } = why;
            let said = json!({ "verdict": verdict, "reason": reason, "detail": detail });
            if json {
                print(format!("{said:#}"))
            } else {
                eprintln!("{detail} ({reason})")
            }
            ExitCode::from(code)
        }
    }
}

/// Measures and anonymises tables of people.
#[derive(Debug, Parser)]
#[command(name = "cloister-table", version, after_help = EXIT_CODES)]
struct Cli {
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a table that hides its people, at the least cost
    Anonymise(anonymise::AnonymiseOptions),
    /// Write a hierarchy that the configuration builds, to be looked at or edited
    Hierarchy(hierarchy::HierarchyOptions),
    /// Say how well a table hides each of its people
    Measure(measure::MeasureOptions),
}

/// The same answer for programs and for people.
struct Answer {
    json: Value,
    text: String,
}

/// Why there is no answer.
enum Failure {
    /// Someone pressed Ctrl-C: exit code 130.
    Interrupted(Unusable),
    /// The table cannot be made as asked: exit code 1.
    Refused(Unusable),
    /// Wrong usage or unreadable input: exit code 2.
    Unusable(Unusable),
}

impl From<Unusable> for Failure {
    fn from(unusable: Unusable) -> Self {
        Self::Unusable(unusable)
    }
}

/// A reason code and what to do about it.
struct Unusable {
    reason: &'static str,
    detail: String,
}

impl Unusable {
    /// By `error`, whose causes are named once each.
    fn by<E: Reason + Error>(error: &E) -> Self {
        let mut detail = error.to_string();
        let mut next = error.source();
        while let Some(cause) = next {
            let said = cause.to_string();
            if !detail.contains(&said) {
                detail = format!("{detail}: {said}");
            }
            next = cause.source();
        }
        Self { reason: error.reason(), detail }
    }

    /// With advice on what to do.
    fn advise(self, advice: &str) -> Self {
        Self { detail: format!("{}; {advice}", self.detail), ..self }
    }
}

fn print(text: String) {
    // A reader that went away, as `head` does, is no error of the command.
    let _closed = writeln!(std::io::stdout(), "{}", text.trim_end());
}

/// The exit code of a program that Ctrl-C ended, as shells have it.
const INTERRUPTED: u8 = 130;
const EXIT_CODES: &str = "Exit codes: 0 done, 1 refused, 2 wrong usage or unreadable input (with a \
     reason code), 130 ended by Ctrl-C.";
