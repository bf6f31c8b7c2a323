//! `cloister export`: verify an export link by link, offline.

use std::path::PathBuf;

use airlock::export::{Trust as TrustFile, VerifiedExport, verify};
use clap::Subcommand;
use domain::Digest;
use domain::Reason as _;
use domain::claims::Trust;
use serde_json::json;

use super::files::{read, read_json};
use super::{Answer, Failure, Outcome};
use crate::Edition;

/// Commands on exports.
#[derive(Debug, Subcommand)]
pub enum ExportCommand {
    /// Verify every link from the files to the hardware and the log
    #[command(
        after_help = "Example:\n  cloister export verify results.zip --trust trust.json --json"
    )]
    Verify {
        /// The export
        file: PathBuf,
        /// The deployment's trust file, from its custodian
        #[arg(long)]
        trust: PathBuf,
    },
}

pub(super) fn run(command: ExportCommand, edition: &Edition) -> Outcome {
    let ExportCommand::Verify { file, trust } = command;
    let trust: TrustFile = read_json(&trust)?;
    let roots =
        (edition.roots)(Some(&trust)).map_err(|error| Failure::unusable(error.reason(), &error))?;
    let export = verify(&read(&file)?, &trust, &roots).map_err(|error| Failure::refused(&error))?;
    Ok(described(&export))
}

fn described(export: &VerifiedExport) -> Answer {
    let receipt = export.receipt();
    let emulated = receipt.platform == Trust::Emulated;
    let files: Vec<_> = export
        .files()
        .iter()
        .map(|(name, content)| {
            json!({ "name": name, "sha256": Digest::of(content), "bytes": content.len() })
        })
        .collect();
    let notice = emulated.then_some(NOTICE);
    let json = json!({
        "verdict": "verified",
        "reason": null,
        "platform": receipt.platform,
        "notice": notice,
        "export": receipt.export,
        "released": receipt.released,
        "project": receipt.project,
        "author": receipt.author,
        "reviewers": receipt.reviewers,
        "dataset": receipt.dataset,
        "workload": receipt.workload,
        "measurement": receipt.measurement,
        "package": receipt.package,
        "files": files,
    });
    let mut text = if emulated { format!("{NOTICE}\n\n") } else { String::new() };
    for link in links(export) {
        text.push_str(&link);
        text.push('\n');
    }
    text.push_str(if emulated { "verified, but emulated" } else { "verified" });
    Answer::new(json, text)
}

/// The chain in words, in the order in which it was verified.
fn links(export: &VerifiedExport) -> Vec<String> {
    let receipt = export.receipt();
    let people: Vec<_> = receipt.reviewers.iter().map(ToString::to_string).collect();
    let files: Vec<_> = export.files().keys().map(String::as_str).collect();
    vec![
        format!(
            "receipt    {} signed by the airlock, released {}",
            receipt.export, receipt.released
        ),
        format!("dataset    {} signed by a custodian", receipt.dataset),
        format!("approval   {} of project {} by the custodians", receipt.proposal, receipt.project),
        format!(
            "launch     {} by {}, manifest {}",
            receipt.launch, receipt.author, receipt.manifest
        ),
        format!("workload   {} signed as approved", receipt.workload),
        format!("evidence   {} ran in guest image {}", receipt.job, receipt.measurement),
        format!("checks     {} under rules {}", receipt.report, receipt.output_rules),
        format!("reviews    accepted by {}", people.join(", ")),
        "log        every decision is included in the signed log".to_owned(),
        format!("files      {}", files.join(", ")),
    ]
}

const NOTICE: &str = "emulated platform: not confidential";
