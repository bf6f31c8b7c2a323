//! `cloister-table measure`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use disclosure::{MeasureError, Measures, Nulls, Question, Reading};

use super::{Answer, Unusable, columns};
use crate::{CsvError, Dialect, read_csv, report};

/// Options of `measure`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct MeasureOptions {
    /// The table: a CSV file in UTF-8 whose first line names the columns
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Quasi-identifiers: columns that an attacker may know of a person
    #[arg(long, value_name = "NAME,…", required = true)]
    qi: Vec<String>,
    /// Sensitive columns, each with its kind: categorical (default), ordered or numeric
    #[arg(long, value_name = "NAME[:KIND],…")]
    sa: Vec<String>,
    /// The order of an ordered column, least first; by default that of the texts
    #[arg(long, value_name = "NAME=VALUE,…")]
    order: Vec<String>,
    /// Join the other sensitive columns to the quasi-identifiers
    #[arg(long)]
    joint: bool,
    /// What a missing quasi-identifier is: a value of its own, or any value of its column
    #[arg(long, value_enum, default_value_t = NullMeaning::Value)]
    null: NullMeaning,
    /// A text that stands for a missing value, besides the empty cell
    #[arg(long, value_name = "TEXT")]
    null_text: Vec<String>,
    /// The character between two cells, or `tab`
    #[arg(long, value_name = "CHARACTER", default_value = ",", value_parser = separator)]
    separator: u8,
    /// Leave off spaces and tabs around names and cells, which otherwise are part of them
    #[arg(long)]
    trim: bool,
}

/// The meanings of a missing value.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum NullMeaning {
    /// A value of its own
    Value,
    /// Any value of its column
    Wildcard,
}

pub(super) fn run(options: &MeasureOptions) -> Result<Answer, Unusable> {
    let question = question(options)?;
    let measures = measure(options, &question)?;
    Ok(Answer { json: report::to_json(&measures), text: report::to_text(&measures) })
}

fn question(options: &MeasureOptions) -> Result<Question, Unusable> {
    Ok(Question {
        quasi_identifiers: columns::names("--qi", &options.qi)?,
        sensitive: columns::sensitive(&options.sa, &options.order)?,
        reading: if options.joint { Reading::Joint } else { Reading::Alone },
        nulls: match options.null {
            NullMeaning::Value => Nulls::Value,
            NullMeaning::Wildcard => Nulls::Wildcard,
        },
    })
}

fn measure(options: &MeasureOptions, question: &Question) -> Result<Measures, Unusable> {
    let bytes = std::fs::read(&options.input).map_err(|error| Unusable {
        reason: "input.unreadable",
        detail: format!("cannot read `{}`: {error}", options.input.display()),
    })?;
    let dialect = Dialect {
        separator: options.separator,
        trim: options.trim,
        null_texts: options.null_text.iter().cloned().collect(),
    };
    let sensitive = question.sensitive.iter().map(|sensitive| &sensitive.name);
    let columns: Vec<&str> =
        question.quasi_identifiers.iter().chain(sensitive).map(String::as_str).collect();
    let table =
        read_csv(&bytes, &dialect, &columns).map_err(|error| unreadable(&error, options))?;
    disclosure::measure(&table, question).map_err(|error| unanswerable(&error))
}

/// With what often explains it.
fn unreadable(error: &CsvError, options: &MeasureOptions) -> Unusable {
    let unusable = Unusable::by(error);
    let CsvError::UnknownColumn { name, available } = error else { return unusable };
    if available.iter().any(|column| column.trim() == name && column != name) {
        return unusable.advise("blanks are part of a name: add `--trim`");
    }
    if available.len() == 1 && !options.trim {
        return unusable.advise("if that is several columns, give their `--separator`");
    }
    if name.contains(':') {
        return unusable.advise("a kind is `categorical`, `ordered` or `numeric`");
    }
    unusable
}

fn unanswerable(error: &MeasureError) -> Unusable {
    let advice = match error {
        MeasureError::NotANumber { .. } => {
            "if it stands for a missing value, add `--null-text`; around blanks, `--trim`"
        }
        MeasureError::NotInOrder { .. } => "name every value in `--order`",
        MeasureError::SensitiveNull(_) | MeasureError::TooManyCandidates(_) => {
            "measure with `--null value`"
        }
        MeasureError::ColumnTwice(_) => "name each column once, in `--qi` or in `--sa`",
        MeasureError::Table(_) => return Unusable::by(error),
    };
    Unusable::by(error).advise(advice)
}

fn separator(text: &str) -> Result<u8, String> {
    let one = match (text, text.as_bytes()) {
        ("tab" | "\\t", _) => b'\t',
        (_, &[byte]) if byte.is_ascii() => byte,
        (_, &[_, b' ']) => return Err("one character; for blanks after it, add `--trim`".into()),
        _ => return Err("one ASCII character, or `tab`".into()),
    };
    if matches!(one, b'"' | b'\n' | b'\r') {
        return Err("not a quotation mark and not a line end".into());
    }
    Ok(one)
}

const EXAMPLES: &str = "\
Examples:
  cloister table measure --input hospital.csv --qi age,gender,city --sa disease
  cloister table measure --input adult.csv --separator ';' --qi age,sex --sa income:numeric --json
  cloister table measure --input grades.csv --qi school,age --sa grade:ordered,sex --joint \\
      --order grade=low,middle,high --null-text N/A
  cloister table measure --input uci-adult.csv --trim --qi age,education --sa occupation

Every value is the least (for l: the greatest) that the table satisfies: docs/disclosure.md.
With several sensitive columns the JSON gives the worst of them, and each under `attributes`.";
