//! `cloister-table measure`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use disclosure::{
    Hierarchy, MeasureError, Nulls, PopulationRisk, Question, Reading, SamplingFraction, Suda,
    Table,
};

use super::files;
use super::memory::{self, Work};
use super::progress::Line;
use super::{Answer, Unusable, columns};
use crate::hierarchy_file::{Layout, read_hierarchy};
use crate::report::{self, Risks};
use crate::{CsvError, Dialect, FileError, ParquetError};

/// Options of `measure`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct MeasureOptions {
    /// The table: a CSV file in UTF-8 whose first line names the columns, or a Parquet file
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
    /// The hierarchy of a sensitive column, for the hierarchical distance of t-closeness: a CSV file
    /// without header, a value and what stands for it on each level
    #[arg(long, value_name = "NAME=FILE")]
    hierarchy: Vec<String>,
    /// A table of the population, with the quasi-identifiers and written as the input is, for the risk
    /// of an attacker who has it
    #[arg(long, value_name = "FILE")]
    population: Option<PathBuf>,
    /// Look for special uniques (SUDA2): the smallest sets of quasi-identifiers that single out a row
    #[arg(long)]
    suda: bool,
    /// The size of the largest sets
    #[arg(long, value_name = "COLUMNS", default_value_t = 3, requires = "suda",
          value_parser = clap::value_parser!(u8).range(1..))]
    suda_max_size: u8,
    /// The share of the population that is in the table, for DIS-SUDA scores
    #[arg(long, value_name = "SHARE", default_value = "0.01", requires = "suda",
          value_parser = fraction)]
    suda_fraction: SamplingFraction,
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
    let mut question = question(options)?;
    let table = table(options, &question)?;
    for argument in &options.hierarchy {
        let (name, hierarchy) = hierarchy(argument, options, &table)?;
        question.hierarchies.insert(name, hierarchy);
    }
    let measures = disclosure::measure(&table, &question).map_err(|error| unanswerable(&error))?;
    let risks = risks(options, &question, &table)?;
    Ok(Answer {
        json: report::to_json_with(&measures, &risks),
        text: report::to_text(&measures, &risks),
    })
}

fn question(options: &MeasureOptions) -> Result<Question, Unusable> {
    let more_than_alone = options.suda || options.population.is_some();
    if more_than_alone && matches!(options.null, NullMeaning::Wildcard) {
        return Err(Unusable {
            reason: "usage.null",
            detail:
                "`--suda` and `--population` take a missing value as a value of its own; leave \
                     `--null wildcard` away"
                    .to_owned(),
        });
    }
    Ok(Question {
        quasi_identifiers: columns::names("--qi", &options.qi)?,
        sensitive: columns::sensitive(&options.sa, &options.order)?,
        reading: if options.joint { Reading::Joint } else { Reading::Alone },
        nulls: match options.null {
            NullMeaning::Value => Nulls::Value,
            NullMeaning::Wildcard => Nulls::Wildcard,
        },
        ..Question::default()
    })
}

/// The column and the hierarchy that `NAME=FILE` says.
fn hierarchy(
    argument: &str,
    options: &MeasureOptions,
    table: &Table,
) -> Result<(String, Hierarchy), Unusable> {
    let (name, file) = argument.split_once('=').ok_or_else(|| Unusable {
        reason: "usage.columns",
        detail: format!("`--hierarchy {argument}` has no `=`; write `--hierarchy illness=icd.csv`"),
    })?;
    let not_sensitive = MeasureError::NotSensitive(name.to_owned());
    let column = table.column(name).ok_or_else(|| unanswerable(&not_sensitive))?;
    let bytes = files::read(Path::new(file))?;
    let layout = Layout { file, stated: None, separator: options.separator, trim: options.trim };
    let hierarchy =
        read_hierarchy(&layout, &bytes, column).map_err(|error| Unusable::by(&error))?;
    Ok((name.to_owned(), hierarchy))
}

fn table(options: &MeasureOptions, question: &Question) -> Result<Table, Unusable> {
    let sensitive = question.sensitive.iter().map(|sensitive| &sensitive.name);
    let columns: Vec<&str> =
        question.quasi_identifiers.iter().chain(sensitive).map(String::as_str).collect();
    let file = files::table(&options.input)?;
    memory::suffices_for_table(&options.input, &file, columns.len(), Work::Measure)?;
    file.read(&options.dialect(), &columns).map_err(|error| unreadable(&error, options))
}

fn risks(options: &MeasureOptions, question: &Question, table: &Table) -> Result<Risks, Unusable> {
    let columns = &question.quasi_identifiers;
    let population = match &options.population {
        Some(file) => {
            let population = population(file, options, columns)?;
            PopulationRisk::of(table, &population, columns).map_err(|error| unanswerable(&error))?
        }
        None => None,
    };
    let suda = if options.suda { Some(suda(options, table, columns)?) } else { None };
    Ok(Risks { population, suda, sampling_fraction: options.suda_fraction })
}

fn population(
    file: &Path,
    options: &MeasureOptions,
    columns: &[String],
) -> Result<Table, Unusable> {
    let names: Vec<&str> = columns.iter().map(String::as_str).collect();
    let table = files::table(file)?;
    memory::suffices_for_table(file, &table, names.len(), Work::Measure)?;
    table.read(&options.dialect(), &names).map_err(|error| {
        let Unusable { reason, detail } = unreadable(&error, options);
        Unusable { reason, detail: format!("population `{}`: {detail}", file.display()) }
    })
}

fn suda(options: &MeasureOptions, table: &Table, columns: &[String]) -> Result<Suda, Unusable> {
    let mut progress = Line::new();
    let found = Suda::of(table, columns, options.suda_max_size.into(), &mut |done, of| {
        progress.show(|| format!("{done} of {of} sets of columns looked at"));
    });
    progress.end();
    found.map_err(|error| unanswerable(&error))
}

impl MeasureOptions {
    fn dialect(&self) -> Dialect {
        Dialect {
            separator: self.separator,
            trim: self.trim,
            null_texts: self.null_text.iter().cloned().collect(),
        }
    }
}

/// With what often explains it.
fn unreadable(error: &FileError, options: &MeasureOptions) -> Unusable {
    let unusable = Unusable::by(error);
    let (FileError::Csv(CsvError::UnknownColumn { name, available })
    | FileError::Parquet(ParquetError::UnknownColumn { name, available })) = error
    else {
        return unusable;
    };
    let is_csv = matches!(error, FileError::Csv(_));
    if is_csv && available.iter().any(|column| column.trim() == name && column != name) {
        return unusable.advise("blanks are part of a name: add `--trim`");
    }
    if is_csv && available.len() == 1 && !options.trim {
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
        MeasureError::NotSensitive(_) => "name it in `--sa`",
        MeasureError::NotInPopulation | MeasureError::MoreThanPopulation => {
            "the table must be a sample of the population, whose cells are written alike"
        }
        MeasureError::TooManySubsets { .. } => "give a smaller `--suda-max-size`",
        MeasureError::Hierarchy(_) | MeasureError::Table(_) => return Unusable::by(error),
    };
    Unusable::by(error).advise(advice)
}

fn fraction(text: &str) -> Result<SamplingFraction, String> {
    let share = text.parse().ok().and_then(SamplingFraction::new);
    share.ok_or_else(|| "a share above 0, at most 1".to_owned())
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
  cloister table measure --input adult.csv --qi age,sex --sa occupation \\
      --hierarchy occupation=adult_hierarchy_occupation.csv
  cloister table measure --input survey.csv --qi age,sex,region --population register.csv
  cloister table measure --input survey.csv --qi age,sex,region,job --suda --suda-max-size 4 \\
      --suda-fraction 0.05

Every value is the least (for l: the greatest) that the table satisfies: docs/disclosure.md.
With several sensitive columns the JSON gives the worst of them, and each under `attributes`.";
