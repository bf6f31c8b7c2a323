//! `cloister-table anonymise`.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use disclosure::{AnonymiseError, Anonymised, Plan, Progress};
use serde_json::{Map, Value, json};

use super::files::Part;
use super::interrupt::Interrupt;
use super::planned::Planned;
use super::progress::Line;
use super::transform::Transformer;
use super::{Answer, Failure, Unusable};
use crate::html::{Given, page};
use crate::outcome::Outcome;
use crate::{report, write_csv, write_parquet};

/// Options of `anonymise`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct AnonymiseOptions {
    /// The table: a CSV file in UTF-8 whose first line names the columns, or a Parquet file
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Roles of columns, models and search (TOML, see below)
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Where the anonymised table is written: as Parquet if the name ends in `.parquet`, else as CSV
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    /// Where the report is written as JSON; it is printed in any case
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Where the report is written as a page for people: one file, with plots
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

pub(super) fn run(options: &AnonymiseOptions) -> Result<Answer, Failure> {
    let planned = Planned::read(&options.input, &options.config)?;
    let header = &planned.header;
    let columns = planned.config.columns(header).map_err(|error| Unusable::by(&error))?;
    let interrupt = Interrupt::noted()?;
    let mut transformer = Transformer::new(&planned.config, &interrupt)?;
    let table = transformer.before(planned.table(&columns)?)?;
    let plan = planned.plan(&table)?;
    let separator = planned.separator()?;
    let found = match transformer.given_levels(&plan) {
        Some(levels) => disclosure::recode(&table, &plan, &levels).map_err(failure)?,
        None => search(&table, &plan, &interrupt)?,
    };
    let found = transformer.after(&table, &plan, found)?;
    let left_out = header.iter().map(String::as_str).filter(|name| !columns.contains(name));
    let outcome = Outcome::of(&table, &plan, &found, left_out.collect())
        .map_err(|error| Unusable::by(&error))?;
    let mut json = to_json(&outcome);
    transformer.report(&mut json);
    let steps = transformer.lines();
    let mut parts = Vec::new();
    if let Some(path) = &options.report {
        parts.push(Part::write(path, |out| writeln!(out, "{json:#}"))?);
    }
    if let Some(path) = &options.html {
        parts.push(Part::write(path, |out| {
            let given = Given {
                input: &name(&options.input),
                output: &name(&options.output),
                steps: &steps,
            };
            out.write_all(page(&outcome, given).map_err(io::Error::other)?.as_bytes())
        })?);
    }
    // The table last: where it is, the rest is, too.
    let flag = planned.config.flag();
    parts.push(Part::write(&options.output, |out| match options.output.extension() {
        Some(extension) if extension == "parquet" => {
            write_parquet(out, &found.table, flag, &found.suppressed).map_err(io::Error::other)
        }
        _ => write_csv(out, &found.table, separator, flag, &found.suppressed),
    })?);
    interrupt.check()?;
    parts.into_iter().try_for_each(Part::keep)?;
    let mut text = to_text(&outcome, &json, options);
    for step in &steps {
        text = format!("{text}\n{step}");
    }
    Ok(Answer { text, json })
}

/// The last part of a path: folders are nobody's business.
fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn search(
    table: &disclosure::Table,
    plan: &Plan,
    interrupt: &Interrupt,
) -> Result<Anonymised, Failure> {
    let mut progress = Line::new();
    let found = disclosure::anonymise(table, plan, &mut |at| {
        progress.show(|| said(at));
        interrupt.flow()
    });
    progress.end();
    found.map_err(failure)
}

pub(super) fn failure(error: AnonymiseError) -> Failure {
    match error {
        AnonymiseError::Budget { .. } | AnonymiseError::Impossible { .. } => {
            Failure::Refused(Unusable::by(&error))
        }
        AnonymiseError::Interrupted => Interrupt::failure(),
        other => Failure::Unusable(Unusable::by(&other)),
    }
}

pub(super) fn said(at: Progress) -> String {
    let best = at.best.map_or_else(|| "none yet".to_owned(), |best| format!("{best:.6}"));
    format!("{} nodes looked at, {} may be better; best: {best}", at.evaluated, at.candidates)
}

fn to_json(outcome: &Outcome<'_>) -> Value {
    let (plan, found) = (outcome.plan, outcome.found);
    let names = || plan.quasi_identifiers.iter().map(|(name, _)| name.clone());
    let named = |levels: &[usize]| -> Map<String, Value> {
        names().zip(levels).map(|(name, level)| (name, json!(level))).collect()
    };
    let losses = names().zip(&outcome.losses).map(|(name, loss)| (name, json!(loss.to_f64())));
    let path = found
        .path
        .iter()
        .map(|(levels, score)| json!({ "transformation": named(levels), "score": score }));
    json!({
        "verdict": "anonymised",
        "reason": null,
        "transformation": named(&found.levels),
        "rows": found.table.rows(),
        "suppressed": outcome.suppressed(),
        "classes": found.classes,
        "score": found.score,
        "lattice_size": u64::try_from(found.lattice_size).unwrap_or(u64::MAX),
        "evaluated": found.evaluated,
        "optimal": found.optimal,
        "bound": found.bound,
        "columns_left_out": outcome.left_out,
        "path": path.collect::<Vec<_>>(),
        "loss": losses.collect::<Map<_, _>>(),
        "before": report::people(&outcome.before, &report::Risks::default()),
        "measures": report::to_json(&outcome.after),
    })
}

fn to_text(outcome: &Outcome<'_>, json: &Value, options: &AnonymiseOptions) -> String {
    let (plan, found) = (outcome.plan, outcome.found);
    let levels: Vec<String> = plan
        .quasi_identifiers
        .iter()
        .zip(&found.levels)
        .map(|((name, hierarchy), level)| {
            format!("  {name}: level {level} of {}", hierarchy.levels() - 1)
        })
        .collect();
    let member = |path: &str| json.pointer(path).unwrap_or(&Value::Null);
    let best = if found.optimal {
        "no other generalisation costs less".to_owned()
    } else {
        format!("perhaps not the least; none costs less than {:.6}", found.bound)
    };
    format!(
        "anonymised: `{}`\n{}\nclasses: {} (the smallest has {} rows)\nsuppressed: {} of {} rows\n\
         cost: {:.6}; {best}\nlooked at {} of {} nodes",
        options.output.display(),
        levels.join("\n"),
        found.classes,
        member("/measures/k"),
        member("/suppressed"),
        found.table.rows(),
        found.score,
        found.evaluated,
        found.lattice_size,
    )
}

const EXAMPLES: &str = "\
Example:
  cloister table anonymise --input adult.csv --config adult.toml --output out.csv \\
      --report out.json --html out.html

The configuration; files of hierarchies are looked for beside it:
  [input]
  separator = \";\"              # also trim = true, null_texts = [\"?\"]
  [columns.age]
  role = \"quasi-identifier\"    # identifier | quasi-identifier | sensitive | public
  hierarchy = \"age.csv\"        # or { file = …, separator = \";\" }, or built, see below;
                               # without one the column stays as it is
  [columns.occupation]
  role = \"sensitive\"
  kind = \"categorical\"         # ordered (order = [\"low\", …]) | numeric
  [[models]]
  name = \"k-anonymity\"
  k = 5
  [search]
  metric = \"loss\"              # geometric-loss | nm-entropy | discernibility | average-class-size
                               # | precision | height
  suppression_limit = 0.01
  method = \"optimal\"           # heuristic | auto

Built hierarchies, all of which end in `*`, for instance hierarchy = { build = \"masking\" }:
  build = \"intervals\"          # of numbers: start = 0, widths = [5, 10, 20], also bottom = 18,
                               # top = 85; or the cuts of each level, levels = [[18, 35, 65], [65]]
  build = \"masking\"            # of texts: from = \"right\" | \"left\", character = \"*\",
                               # pad = \"_\", pad_at = \"right\" | \"left\"
  build = \"dates\"              # 2026-03-29: levels = [\"month\", \"quarter\", \"year\", \"decade\"]
  build = \"order\"              # order = [\"low\", \"middle\", \"high\", \"top\"], groups = [2]
  build = \"priority\"           # frequent values stay longest: levels = 10
`cloister table hierarchy` writes one, to be looked at or edited.
Further transformations, in the order of the file; those before `global-recoding` are done to the
original values, the others to the generalised ones; without it generalising comes first:
  [[transformations]]
  kind = \"top-coding\"          # or bottom-coding
  column = \"income\"
  at = 100000                  # label = \"over 100000\"
  [[transformations]]
  kind = \"global-recoding\"     # the search; levels = { age = 2 } are taken as they are
  [[transformations]]
  kind = \"cell-suppression\"
  k = 5                        # weights = { age = 3 }: dearer cells
Keys of the others: micro-aggregation columns, group, orders; noise column, distribution (gaussian
| laplace), scale or relative; rank-swapping column, percent; pram column, keep, invariant;
local-recoding keep. Afterwards the models are measured again, and the table is refused if one does
not hold. Randomness is the system's; `seed`, 64 hexadecimal digits, repeats a run, and undoes it in
the hands of others.

Models and their keys: k-anonymity k; alpha-k-anonymity alpha, k; l-diversity l; entropy-l-diversity l;
recursive-c-l-diversity c, l; t-closeness t, distance (equal | ordered | hierarchical); beta-likeness
beta; enhanced-beta-likeness beta; delta-disclosure delta, values (observed | all), base (2 | e).
`attribute` names the sensitive column where there are several. Columns without a role are left out,
as identifiers are. In suppressed rows quasi-identifiers and sensitive values are empty cells and the
column `suppressed` is 1. Definitions: docs/disclosure.md.";
