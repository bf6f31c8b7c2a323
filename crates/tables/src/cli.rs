//! The command line of `cloister-table`: arguments, answers and exit codes as `cloister` has them
//! (`docs/cli.md`).

mod columns;
mod measure;

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
        Command::Measure(options) => measure::run(&options),
    };
    match outcome {
        Ok(answer) => {
            print(if json { format!("{:#}", answer.json) } else { answer.text });
            ExitCode::SUCCESS
        }
        Err(unusable) => {
            let Unusable { reason, detail } = unusable;
            let said = json!({ "verdict": "unusable", "reason": reason, "detail": detail });
            if json {
                print(format!("{said:#}"))
            } else {
                eprintln!("{detail} ({reason})")
            }
            ExitCode::from(2)
        }
    }
}

/// Measures tables of people.
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
    /// Say how well a table hides each of its people
    Measure(measure::MeasureOptions),
}

/// The same answer for programs and for people.
struct Answer {
    json: Value,
    text: String,
}

/// Wrong usage or unreadable input: exit code 2.
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

const EXIT_CODES: &str =
    "Exit codes: 0 measured, 2 wrong usage or unreadable input (with a reason code).";
