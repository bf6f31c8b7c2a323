//! `cloister output`: what jobs produced, from the check to the export.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use domain::Digest;
use domain::ids::{ExportId, OutputId};
use serde_json::{Value, json};

use super::check::{Check, check};
use super::files::write;
use super::review::{Reviewing, review};
use super::server::{Connection, ServerOptions};
use super::{Answer, Failure, Format, Outcome};

/// Commands on outputs.
#[derive(Debug, Subcommand)]
pub enum OutputCommand {
    /// Check a folder against output rules, as the enclave will; needs no server
    #[command(
        after_help = "Example:\n  cloister output check out --rules rules.toml --dataset sealed --signer custodian.pem"
    )]
    Check(Check),
    /// List outputs
    #[command(after_help = "Example:\n  cloister output list --json")]
    List {
        #[command(flatten)]
        server: ServerOptions,
    },
    /// Show where an output stands
    #[command(after_help = "Example:\n  cloister output show output-…")]
    Show {
        /// The output
        output: OutputId,
        #[command(flatten)]
        server: ServerOptions,
    },
    /// Read an output as a reviewer and vote on exactly what was read
    #[command(after_help = REVIEW_EXAMPLE)]
    Review(Reviewing),
    /// Release an accepted output and save the export
    #[command(after_help = EXPORT_EXAMPLE)]
    Export(Exporting),
}

/// What `export` needs.
#[derive(Debug, Args)]
pub struct Exporting {
    /// The output
    output: OutputId,
    /// Where the export goes
    #[arg(long)]
    out: PathBuf,
    /// Where the sigstore bundle goes that was published with it
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
    #[command(flatten)]
    server: ServerOptions,
}

const EXPORT_EXAMPLE: &str = "Example:
  cloister output export output-… --out results.zip --bundle results.sigstore.json";

const REVIEW_EXAMPLE: &str = "Examples:
  cloister output review output-… --reviewer bob --key bob.key
  cloister output review output-… --reviewer bob --key bob.key --vote accept --package sha256:…

The first shows the files and, on a terminal, asks for the vote. The second votes on the package whose
digest the first has printed.";

pub(super) fn run(command: OutputCommand, format: Format) -> Outcome {
    match command {
        OutputCommand::Check(options) => check(&options),
        OutputCommand::List { server } => server.connect()?.show("/v1/outputs"),
        OutputCommand::Show { output, server } => {
            server.connect()?.show(&format!("/v1/outputs/{output}"))
        }
        OutputCommand::Review(options) => review(&options, format),
        OutputCommand::Export(options) => export(&options),
    }
}

/// Releases an output, or finds that it has left, and saves what left.
fn export(options: &Exporting) -> Outcome {
    let Exporting { output, out, bundle, server } = options;
    let server = server.connect()?;
    let mut answer = server.post(&format!("/v1/outputs/{output}/export"), &json!({}))?;
    let export = named(&answer)?;
    write(out, &download(&server, &export, &answer)?)?;
    let mut text = format!("exported to {}\n", out.display());
    if let Some(bundle) = bundle {
        write(bundle, &server.download(&format!("/v1/exports/{export}/bundle"))?)?;
        text.push_str(&format!("its bundle to {}\n", bundle.display()));
    }
    text.push_str(&format!("{answer:#}"));
    if let Some(members) = answer.as_object_mut() {
        members.insert("file".to_owned(), json!(out));
        members.insert("bundle_file".to_owned(), json!(bundle));
    }
    Ok(Answer::new(answer, text))
}

/// The export that `answer` announces.
fn named(answer: &Value) -> Result<ExportId, Failure> {
    text(answer, "export").parse().map_err(|_| malformed())
}

fn text<'a>(answer: &'a Value, name: &str) -> &'a str {
    answer.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn malformed() -> Failure {
    Failure::unusable_because("server.answer", "the answer names no export")
}

/// The file of the export, if it has the digest that `answer` announces.
fn download(server: &Connection, export: &ExportId, answer: &Value) -> Result<Vec<u8>, Failure> {
    let sha256: Digest = text(answer, "sha256").parse().map_err(|_| malformed())?;
    let zip = server.download(&format!("/v1/exports/{export}"))?;
    if Digest::of(&zip) != sha256 {
        return Err(Failure::refusal(
            "export.digest",
            "the server sent another file than announced",
        ));
    }
    Ok(zip)
}
