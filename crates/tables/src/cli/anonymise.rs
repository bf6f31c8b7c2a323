//! `cloister-table anonymise`.

use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::Args;
use disclosure::{
    AnonymiseError, Anonymised, Distance, Hierarchy, Model, Plan, Progress, Question,
};
use serde_json::{Map, Value, json};

use super::progress::Line;
use super::transform::Transformer;
use super::{Answer, Failure, Unusable, read};
use crate::{Config, read_csv, report, write_csv};

/// Options of `anonymise`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct AnonymiseOptions {
    /// The table: a CSV file in UTF-8 whose first line names the columns
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Roles of columns, models and search (TOML, see below)
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Where the anonymised table is written
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    /// Where the report is written as JSON; it is printed in any case
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

pub(super) fn run(options: &AnonymiseOptions) -> Result<Answer, Failure> {
    let text = String::from_utf8(read(&options.config)?).map_err(|_| Unusable {
        reason: "config.malformed",
        detail: format!("`{}` is not UTF-8", options.config.display()),
    })?;
    let config = Config::parse(&text).map_err(|error| Unusable::by(&error))?;
    let bytes = read(&options.input)?;
    let dialect = config.dialect().map_err(|error| Unusable::by(&error))?;
    let header = crate::header(&bytes, &dialect).map_err(|error| Unusable::by(&error))?;
    let columns = config.columns(&header).map_err(|error| Unusable::by(&error))?;
    let mut transformer = Transformer::new(&config)?;
    let table = read_csv(&bytes, &dialect, &columns).map_err(|error| Unusable::by(&error))?;
    let table = transformer.before(table)?;
    let folder = options.config.parent().unwrap_or(Path::new("."));
    let plan = config.plan(&table, folder).map_err(|error| Unusable::by(&error))?;
    let found = match transformer.given_levels(&plan) {
        Some(levels) => disclosure::recode(&table, &plan, &levels).map_err(failure)?,
        None => search(&table, &plan)?,
    };
    let found = transformer.after(&table, &plan, found)?;
    let left_out: Vec<&String> =
        header.iter().filter(|name| !columns.contains(&name.as_str())).collect();
    let mut json = to_json(&found, &plan, &left_out)?;
    transformer.report(&mut json);
    let separator = config.output_separator().map_err(|error| Unusable::by(&error))?;
    write(&options.output, |out| {
        write_csv(out, &found.table, separator, config.flag(), &found.suppressed)
    })?;
    if let Some(path) = &options.report {
        write(path, |out| writeln!(out, "{json:#}"))?;
    }
    let text = format!("{}{}", to_text(&found, &plan, &json, options), transformer.text());
    Ok(Answer { text, json })
}

fn search(table: &disclosure::Table, plan: &Plan) -> Result<Anonymised, Failure> {
    let mut progress = Line::new();
    let found = disclosure::anonymise(table, plan, &mut |at| {
        progress.show(|| said(at));
        ControlFlow::Continue(())
    });
    progress.end();
    found.map_err(failure)
}

pub(super) fn failure(error: AnonymiseError) -> Failure {
    match error {
        AnonymiseError::Impossible { .. } => Failure::Refused(Unusable::by(&error)),
        other => Failure::Unusable(Unusable::by(&other)),
    }
}

pub(super) fn said(at: Progress) -> String {
    let best = at.best.map_or_else(|| "none yet".to_owned(), |best| format!("{best:.6}"));
    format!("{} nodes looked at, {} may be better; best: {best}", at.evaluated, at.candidates)
}

fn to_json(found: &Anonymised, plan: &Plan, left_out: &[&String]) -> Result<Value, Unusable> {
    let kept: Vec<bool> = found.suppressed.iter().map(|suppressed| !suppressed).collect();
    let kept = found.table.filtered(&kept).map_err(|error| Unusable::by(&error))?;
    let question = Question {
        quasi_identifiers: plan.quasi_identifiers.iter().map(|(name, _)| name.clone()).collect(),
        sensitive: plan.sensitive.clone(),
        hierarchies: plan.models.iter().filter_map(hierarchy).collect(),
        ..Question::default()
    };
    let measures = disclosure::measure(&kept, &question).map_err(|error| Unusable::by(&error))?;
    let named = |levels: &[usize]| -> Map<String, Value> {
        let names = plan.quasi_identifiers.iter().zip(levels);
        names.map(|((name, _), level)| (name.clone(), json!(level))).collect()
    };
    let path = found
        .path
        .iter()
        .map(|(levels, score)| json!({ "transformation": named(levels), "score": score }));
    Ok(json!({
        "verdict": "anonymised",
        "reason": null,
        "transformation": named(&found.levels),
        "rows": found.table.rows(),
        "suppressed": found.suppressed.iter().filter(|suppressed| **suppressed).count(),
        "classes": found.classes,
        "score": found.score,
        "lattice_size": u64::try_from(found.lattice_size).unwrap_or(u64::MAX),
        "evaluated": found.evaluated,
        "optimal": found.optimal,
        "bound": found.bound,
        "columns_left_out": left_out,
        "path": path.collect::<Vec<_>>(),
        "measures": report::to_json(&measures),
    }))
}

/// The hierarchy by which a model measures its sensitive column.
pub(super) fn hierarchy(model: &Model) -> Option<(String, Hierarchy)> {
    match model {
        Model::TCloseness { attribute, distance: Distance::Hierarchical(hierarchy), .. } => {
            Some((attribute.clone(), hierarchy.clone()))
        }
        _ => None,
    }
}

fn to_text(found: &Anonymised, plan: &Plan, json: &Value, options: &AnonymiseOptions) -> String {
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

/// Writes beside `path` and renames, so that a file is there whole or not at all.
fn write(
    path: &Path,
    content: impl FnOnce(&mut std::io::BufWriter<std::fs::File>) -> std::io::Result<()>,
) -> Result<(), Unusable> {
    let whole = || {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".part");
        let part = path.with_file_name(name);
        let mut out = std::io::BufWriter::new(std::fs::File::create(&part)?);
        content(&mut out)?;
        out.flush()?;
        std::fs::rename(&part, path)
    };
    whole().map_err(|error| Unusable {
        reason: "output.unwritable",
        detail: format!("cannot write `{}`: {error}", path.display()),
    })
}

const EXAMPLES: &str = "\
Example:
  cloister table anonymise --input adult.csv --config adult.toml --output out.csv --report out.json

The configuration; files of hierarchies are looked for beside it:
  [input]
  separator = \";\"              # also trim = true, null_texts = [\"?\"]
  [columns.age]
  role = \"quasi-identifier\"    # identifier | quasi-identifier | sensitive | public
  hierarchy = \"age.csv\"        # without one the column stays as it is
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
