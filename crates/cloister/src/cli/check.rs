//! `cloister output check`: the enclave's output checks, beforehand and offline.

mod acro;

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use disclosure::{CheckReport, Dataset, Rules, Status, Verdict};
use domain::Reason as _;
use domain::dataset::Column;

use super::files::{now, public_key, read};
use super::{Answer, Failure, Outcome};
use crate::sealing::read_manifest;

/// What `check` needs.
#[derive(Debug, Args)]
pub struct Check {
    /// The folder with what would be in /out
    dir: PathBuf,
    /// The project's output rules (TOML)
    #[arg(long)]
    rules: PathBuf,
    /// A sealed dataset's folder: its columns' roles apply. Without it every column counts as a
    /// quasi-identifier
    #[arg(long, requires = "signer")]
    dataset: Option<PathBuf>,
    /// Who signed the dataset: PEM file or `ed25519:…`
    #[arg(long, requires = "dataset")]
    signer: Option<String>,
    /// A folder with the dataset's files in clear, such as made-up data of its form: counts are held
    /// against the people in it, as in the enclave. Without it that part is not checked
    #[arg(long, requires = "dataset")]
    data: Option<PathBuf>,
    /// Write the outcome as an ACRO session, too, for SACRO-Viewer: a new folder, with copies of the
    /// files
    #[arg(long)]
    acro: Option<PathBuf>,
}

pub(super) fn check(options: &Check) -> Outcome {
    let rules = Rules::parse(&read(&options.rules)?)
        .map_err(|error| Failure::unusable(error.reason(), &error))?;
    let columns = columns(options)?;
    let roles = disclosure::roles_of(&columns);
    let folder = options.dir.canonicalize();
    let entries = folder.and_then(|folder| collect::walk(&folder, rules.limits()));
    let entries = entries.map_err(|error| {
        let detail = format!("`{}` cannot be read: {error}", options.dir.display());
        Failure::unusable_because("input.unreadable", detail)
    })?;
    let report = match &options.data {
        Some(folder) => {
            let dataset = dataset(folder, &columns, &rules)?;
            disclosure::check(&entries, &rules, &roles, &dataset).report().clone()
        }
        None => disclosure::rehearse(&entries, &rules, &roles),
    };
    if let Some(session) = &options.acro {
        acro::write(session, &options.dir, &rules, &report, now()?)?;
    }
    let json = serde_json::to_value(&report)
        .map_err(|error| Failure::unusable("input.malformed", &error))?;
    let mut text = described(&report);
    if options.data.is_none() && rules.ask_for_records() {
        text.push_str(
            "\nnot checked: whom the rows are about; that needs `--dataset` and `--data`",
        );
    }
    let answer = Answer::new(json, text);
    match report.verdict {
        Verdict::Passed => Ok(answer),
        Verdict::Refused => Err(Failure::Refused(answer)),
    }
}

fn columns(options: &Check) -> Result<Vec<Column>, Failure> {
    let (Some(dataset), Some(signer)) = (&options.dataset, &options.signer) else {
        return Ok(Vec::new());
    };
    let (_, signed) = read_manifest(dataset, &public_key(signer)?)
        .map_err(|error| Failure::unusable(error.reason(), &error))?;
    Ok(signed.manifest().columns.clone())
}

/// The tables in `folder`, in the order of their names, as the agent reads those of the dataset.
fn dataset(folder: &Path, columns: &[Column], rules: &Rules) -> Result<Dataset, Failure> {
    let unreadable = |error: std::io::Error| {
        let detail = format!("`{}` cannot be read: {error}", folder.display());
        Failure::unusable_because("input.unreadable", detail)
    };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".csv") {
            names.push(name);
        }
    }
    names.sort_unstable();
    let mut files: Vec<(&str, Box<dyn Read>)> = Vec::with_capacity(names.len());
    for name in &names {
        files.push((name, Box::new(File::open(folder.join(name)).map_err(unreadable)?)));
    }
    Dataset::read(files, columns, rules).map_err(|error| Failure::unusable(error.reason(), &error))
}

/// The report for people.
pub(super) fn described(report: &CheckReport) -> String {
    let mut text = match report.verdict {
        Verdict::Passed => "passed".to_owned(),
        Verdict::Refused if report.files.is_empty() => "refused".to_owned(),
        Verdict::Refused => "refused in part".to_owned(),
    };
    for file in &report.files {
        // Writing to a string does not fail.
        let _ = write!(
            text,
            "\n{}   {}: {} rows, smallest {}",
            if file.status == Status::Pass { "passes" } else { "review" },
            file.name,
            file.rows,
            file.smallest
        );
        if !file.risks.is_empty() {
            let risks: Vec<String> = file.risks.iter().map(|risk| format!("{risk:?}")).collect();
            let _ = write!(text, "; people judge {}", risks.join(", "));
        }
    }
    for finding in &report.findings {
        let _ = write!(text, "\nrefused  {}: {} ({})", finding.file, finding.detail, finding.code);
    }
    if report.findings_left_off > 0 {
        let _ = write!(text, "\nand {} more findings", report.findings_left_off);
    }
    text
}
