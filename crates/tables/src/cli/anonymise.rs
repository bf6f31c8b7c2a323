//! `cloister-table anonymise`.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use disclosure::{AnonymiseError, Anonymised, Nulls, Plan, Progress, Question, Reading};
use serde_json::{Map, Value, json};

use super::files::Part;
use super::interrupt::Interrupt;
use super::planned::Planned;
use super::{Answer, Failure, Unusable};
use crate::{report, write_csv};

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
    let planned = Planned::read(&options.input, &options.config)?;
    let header = &planned.header;
    let columns = planned.config.columns(header).map_err(|error| Unusable::by(&error))?;
    let table = planned.table(&columns)?;
    let plan = planned.plan(&table)?;
    let separator = planned.separator()?;
    let interrupt = Interrupt::noted()?;
    let found = search(&table, &plan, &interrupt)?;
    let left_out: Vec<&String> =
        header.iter().filter(|name| !columns.contains(&name.as_str())).collect();
    let json = to_json(&found, &plan, &left_out)?;
    let output = Part::write(&options.output, |out| {
        write_csv(out, &found.table, separator, planned.config.flag(), &found.suppressed)
    })?;
    let report = options.report.as_ref();
    let report =
        report.map(|path| Part::write(path, |out| writeln!(out, "{json:#}"))).transpose()?;
    interrupt.check()?;
    // The table last: where it is, the rest is, too.
    report.into_iter().chain([output]).try_for_each(Part::keep)?;
    Ok(Answer { text: to_text(&found, &plan, &json, options), json })
}

fn search(
    table: &disclosure::Table,
    plan: &Plan,
    interrupt: &Interrupt,
) -> Result<Anonymised, Failure> {
    let mut progress = Line::new();
    let found = disclosure::anonymise(table, plan, &mut |at| {
        progress.show(at);
        interrupt.flow()
    });
    progress.end();
    found.map_err(|error| match error {
        AnonymiseError::Impossible { .. } => Failure::Refused(Unusable::by(&error)),
        AnonymiseError::Interrupted => Interrupt::failure(),
        other => Failure::Unusable(Unusable::by(&other)),
    })
}

/// One line on the terminal, written over a few times a second.
struct Line {
    shown: bool,
    last: Instant,
}

impl Line {
    fn new() -> Self {
        Self { shown: false, last: Instant::now() }
    }

    fn show(&mut self, at: Progress) {
        if self.last.elapsed() >= Duration::from_millis(250) && std::io::stderr().is_terminal() {
            let best = at.best.map_or_else(|| "none yet".to_owned(), |best| format!("{best:.6}"));
            let (done, left) = (at.evaluated, at.candidates);
            eprint!("\r{done} nodes looked at, {left} may be better; best: {best}  ");
            (self.shown, self.last) = (true, Instant::now());
        }
    }

    fn end(&self) {
        if self.shown {
            eprintln!();
        }
    }
}

fn to_json(found: &Anonymised, plan: &Plan, left_out: &[&String]) -> Result<Value, Unusable> {
    let kept: Vec<bool> = found.suppressed.iter().map(|suppressed| !suppressed).collect();
    let kept = found.table.filtered(&kept).map_err(|error| Unusable::by(&error))?;
    let question = Question {
        quasi_identifiers: plan.quasi_identifiers.iter().map(|(name, _)| name.clone()).collect(),
        sensitive: plan.sensitive.clone(),
        reading: Reading::Alone,
        nulls: Nulls::Value,
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

Models and their keys: k-anonymity k; alpha-k-anonymity alpha, k; l-diversity l; entropy-l-diversity l;
recursive-c-l-diversity c, l; t-closeness t, distance (equal | ordered | hierarchical); beta-likeness
beta; enhanced-beta-likeness beta; delta-disclosure delta, values (observed | all), base (2 | e).
`attribute` names the sensitive column where there are several. Columns without a role are left out,
as identifiers are. In suppressed rows quasi-identifiers and sensitive values are empty cells and the
column `suppressed` is 1. Definitions: docs/disclosure.md.";
