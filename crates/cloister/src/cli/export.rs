//! `cloister export`: verify an export link by link, offline.

use std::path::PathBuf;

use airlock::export::{Trust as TrustFile, VerifiedExport, verify, verify_bundle};
use clap::{Args, Subcommand};
use domain::Digest;
use domain::Reason as _;
use domain::claims::Trust;
use serde_json::json;

use super::files::{now, read, read_json, read_text};
use super::{Answer, Failure, Outcome};
use crate::Edition;

/// Commands on exports.
#[derive(Debug, Subcommand)]
pub enum ExportCommand {
    /// Verify every link from the files to the hardware and the log
    #[command(after_help = EXAMPLE)]
    Verify(Verify),
}

const EXAMPLE: &str = "Examples:
  cloister export verify results.zip --trust trust.json --json
  cloister export verify results.zip --trust trust.json \\
      --bundle results.sigstore.json --key bundles.pub --trusted-root trusted_root.json";

/// What `verify` needs.
#[derive(Debug, Args)]
pub struct Verify {
    /// The export
    file: PathBuf,
    /// The deployment's trust file, from its custodian
    #[arg(long)]
    trust: PathBuf,
    /// The sigstore bundle that was published with it, to be verified too
    #[arg(long, requires_all = ["key", "trusted_root"])]
    bundle: Option<PathBuf>,
    /// The key that must have signed the bundle (PEM)
    #[arg(long, requires = "bundle")]
    key: Option<PathBuf>,
    /// The log and the authority that are believed for the bundle (sigstore trusted root, JSON)
    #[arg(long, requires = "bundle")]
    trusted_root: Option<PathBuf>,
}

pub(super) fn run(command: ExportCommand, edition: &Edition) -> Outcome {
    let ExportCommand::Verify(options) = command;
    let trust: TrustFile = read_json(&options.trust)?;
    let roots =
        (edition.roots)(Some(&trust)).map_err(|error| Failure::unusable(error.reason(), &error))?;
    let file = read(&options.file)?;
    let export = verify(&file, &trust, &roots).map_err(|error| Failure::refused(&error))?;
    let stamps = published(&export, &options)?;
    Ok(described(&export, stamps.as_deref()))
}

/// When the bundle's signature was seen, if a bundle is given.
fn published(export: &VerifiedExport, options: &Verify) -> Result<Option<Vec<String>>, Failure> {
    let (Some(bundle), Some(key), Some(root)) =
        (&options.bundle, &options.key, &options.trusted_root)
    else {
        return Ok(None);
    };
    let (bundle, key, root) = (read_text(bundle)?, read_text(key)?, read_text(root)?);
    verify_bundle(export, &bundle, &key, &root, now()?)
        .map(|published| Some(published.times))
        .map_err(|error| Failure::refused(&error))
}

fn described(export: &VerifiedExport, stamps: Option<&[String]>) -> Answer {
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
        "published": stamps,
    });
    let mut text = if emulated { format!("{NOTICE}\n\n") } else { String::new() };
    for link in links(export) {
        text.push_str(&link);
        text.push('\n');
    }
    if let Some(times) = stamps {
        text.push_str(&format!("bundle     in the log, seen at {}\n", times.join(", ")));
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
