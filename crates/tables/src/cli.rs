//! The command line of `cloister-table`: arguments, answers and exit codes as `cloister` has them
//! (`docs/cli.md`).

mod anonymise;
mod columns;
mod measure;
mod progress;
mod transform;

use std::error::Error;
use std::io::Write as _;
use std::path::Path;
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
        Command::Measure(options) => measure::run(&options).map_err(Failure::Unusable),
    };
    match outcome {
        Ok(answer) => {
            print(if json { format!("{:#}", answer.json) } else { answer.text });
            ExitCode::SUCCESS
        }
        Err(failure) => {
            let (verdict, code) = match &failure {
                Failure::Refused(_) => ("refused", 1),
                Failure::Unusable(_) => ("unusable", 2),
            };
            let (Failure::Refused(why) | Failure::Unusable(why)) = failure;
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

fn read(path: &Path) -> Result<Vec<u8>, Unusable> {
    std::fs::read(path).map_err(|error| Unusable {
        reason: "input.unreadable",
        detail: format!("cannot read `{}`: {error}", path.display()),
    })
}

fn print(text: String) {
    // A reader that went away, as `head` does, is no error of the command.
    let _closed = writeln!(std::io::stdout(), "{}", text.trim_end());
}

const EXIT_CODES: &str =
    "Exit codes: 0 done, 1 refused, 2 wrong usage or unreadable input (with a reason code).";
