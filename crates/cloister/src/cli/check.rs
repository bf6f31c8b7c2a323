//! `cloister output check`: the enclave's output checks, beforehand and offline.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use disclosure::{CheckReport, Roles, Rules, Status, Verdict};
use domain::Reason as _;

use super::files::{public_key, read};
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
}

pub(super) fn check(options: &Check) -> Outcome {
    let rules = Rules::parse(&read(&options.rules)?)
        .map_err(|error| Failure::unusable(error.reason(), &error))?;
    let roles = roles(options)?;
    let folder = options.dir.canonicalize();
    let entries = folder.and_then(|folder| collect::walk(&folder, rules.limits()));
    let entries = entries.map_err(|error| {
        let detail = format!("`{}` cannot be read: {error}", options.dir.display());
        Failure::unusable_because("input.unreadable", detail)
    })?;
    let checked = disclosure::check(&entries, &rules, &roles);
    let report = checked.report();
    let json = serde_json::to_value(report)
        .map_err(|error| Failure::unusable("input.malformed", &error))?;
    let answer = Answer::new(json, described(report));
    match report.verdict {
        Verdict::Passed => Ok(answer),
        Verdict::Refused => Err(Failure::Refused(answer)),
    }
}

fn roles(options: &Check) -> Result<Roles, Failure> {
    let (Some(dataset), Some(signer)) = (&options.dataset, &options.signer) else {
        return Ok(Roles::new());
    };
    let (_, signed) = read_manifest(dataset, &public_key(signer)?)
        .map_err(|error| Failure::unusable(error.reason(), &error))?;
    Ok(disclosure::roles_of(&signed.manifest().columns))
}

fn described(report: &CheckReport) -> String {
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
