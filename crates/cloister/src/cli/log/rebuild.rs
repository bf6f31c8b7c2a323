//! `log rebuild`: the state database of a stopped node, made anew from its log or held against it.

use std::path::{Path, PathBuf};

use clap::Args;
use control::{Comparison, Difference, Stored};
use domain::Reason as _;
use serde_json::{Value, json};

use super::stopped::{Stopped, StoppedOptions, unusable};
use crate::cli::answer::chain;
use crate::cli::server::runtime;
use crate::cli::{Answer, Failure, Outcome};
use crate::node::NodeFolder;
use crate::node::rebuild::{Because, RebuildError, Recovery, recover};

pub(super) const LONG: &str = "\
Make the state database anew from the log, or compare one with it

The node must be stopped. Datasets, approved projects, jobs and exports are derived from the log's entries and what the \
ledger keeps behind them. Where a dataset's files are, and which workloads there are, is looked up in their folders. \
Nothing is written unless everything can be read. What was erased stays away.

The log does not hold, and the new database does not have: drafts that were never approved, refused statements, who \
proposed a project or handed in a statement, requests that the broker refused, what guests and their hosts reported \
(steps, accelerator, memory, the end of a job that no service decided), who uploaded a workload. People come back from \
cloister.toml at the next start; logins do not: delete their token files, or hand out new ones.";

pub(super) const EXAMPLE: &str = "Examples:
  mv /var/lib/cloister/control.sqlite* /var/lib/old/
  cloister log rebuild --folder /var/lib/cloister --origin example.org/log
  cloister log rebuild --folder /var/lib/cloister --origin example.org/log \\
      --compare /var/lib/old/control.sqlite";

/// What `rebuild` needs.
#[derive(Debug, Args)]
pub struct RebuildOptions {
    #[command(flatten)]
    node: StoppedOptions,
    /// Write nothing: say what this database and the log do not have in common
    #[arg(long, value_name = "DATABASE")]
    compare: Option<PathBuf>,
}

pub(super) fn run(options: &RebuildOptions) -> Outcome {
    let Stopped { folder, ledger, receipts } = options.node.open()?;
    let recovery =
        recover(&ledger, receipts, &folder.datasets()).map_err(|error| unreadable(&error))?;
    match &options.compare {
        Some(database) => compare(database, &recovery),
        None => rebuild(&folder, &recovery),
    }
}

fn rebuild(folder: &NodeFolder, recovery: &Recovery) -> Outcome {
    let (database, workloads) = (folder.database(), folder.workloads());
    let made = control::rebuild(&database, &recovery.recovered, &workloads);
    let stored = runtime()?.block_on(made).map_err(|error| unusable(&error.into()))?;
    Ok(answer(&database, recovery, &stored))
}

fn compare(database: &Path, recovery: &Recovery) -> Outcome {
    let found = runtime()?
        .block_on(control::decisions(database))
        .map_err(|error| unusable(&error.into()))?;
    let decisions = recovery.recovered.decisions();
    let Comparison { differences, unlogged } = found.compare(&decisions);
    let equal = differences.is_empty();
    let json = json!({
        "verdict": if equal { "equal" } else { "refused" },
        "reason": if equal { Value::Null } else { DIFFERS.into() },
        "datasets": decisions.datasets.len(),
        "projects": decisions.projects.len(),
        "jobs": decisions.jobs.len(),
        "exports": decisions.exports.len(),
        "differences": differences,
        "unlogged": unlogged,
    });
    let mut text = counted(recovery);
    told(&mut text, "differs", &differences);
    told(&mut text, "not in the log", &unlogged);
    if equal {
        Ok(Answer::new(json, format!("equal: {text}")))
    } else {
        Err(Failure::Refused(Answer::new(json, format!("refused ({DIFFERS}): {text}"))))
    }
}

fn told(text: &mut String, how: &str, what: &[Difference]) {
    for Difference { kind, id, field, database, log } in what {
        let said = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
        let field = if field.is_empty() { String::new() } else { format!(" {field}") };
        let (database, log) = (said(database), said(log));
        text.push_str(&format!("\n{how}: {kind} {id}{field}: database {database}, log {log}"));
    }
}

fn answer(database: &Path, recovery: &Recovery, stored: &Stored) -> Answer {
    let Recovery { recovered, courses, left_out, without_folder, .. } = recovery;
    let jobs: Vec<_> =
        courses.iter().map(|(job, course)| json!({ "job": job, "decided": course })).collect();
    let json = json!({
        "verdict": "rebuilt",
        "reason": null,
        "database": database,
        "entries": recovery.entries,
        "datasets": recovered.datasets.keys().collect::<Vec<_>>(),
        "projects": recovered.projects.keys().collect::<Vec<_>>(),
        "jobs": jobs,
        "exports": recovered.exports.keys().collect::<Vec<_>>(),
        "erased": erased(recovery),
        "left_out": left_out,
        "refused_requests": recovery.refused_requests,
        "without_folder": without_folder,
        "workloads": stored.listed().collect::<Vec<_>>(),
        "unusable_workloads": stored.unusable(),
    });
    let mut text = format!("rebuilt: {}\n{}", database.display(), counted(recovery));
    for dataset in without_folder {
        text.push_str(&format!("\nno folder of dataset {dataset}: put it back and rebuild again"));
    }
    for workload in stored.unusable() {
        text.push_str(&format!("\nnot listed: the file of workload {workload} is another"));
    }
    Answer::new(json, text)
}

fn counted(recovery: &Recovery) -> String {
    let Recovery { recovered, entries, .. } = recovery;
    format!(
        "{entries} entries, {} datasets, {} projects, {} jobs, {} exports; {} decisions erased",
        recovered.datasets.len(),
        recovered.projects.len(),
        recovered.jobs.len(),
        recovered.exports.len(),
        erased(recovery),
    )
}

fn erased(recovery: &Recovery) -> usize {
    recovery.left_out.iter().filter(|left_out| left_out.because == Because::Erased).count()
}

/// What cannot be read is no verdict on it; what does not fit together is.
fn unreadable(error: &RebuildError) -> Failure {
    match error {
        RebuildError::Folder(..) | RebuildError::Ledger(_) => {
            Failure::unusable_because(error.reason(), chain(error))
        }
        _ => Failure::refused(error),
    }
}

const DIFFERS: &str = "rebuild.differs";
