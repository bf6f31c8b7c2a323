//! `cloister output`: what jobs produced, from the check to the export.

use std::path::PathBuf;

use clap::Subcommand;
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
    #[command(after_help = "Example:\n  cloister output export output-… --out results.zip")]
    Export {
        /// The output
        output: OutputId,
        /// Where the export goes
        #[arg(long)]
        out: PathBuf,
        #[command(flatten)]
        server: ServerOptions,
    },
}

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
        OutputCommand::Export { output, out, server } => {
            let server = server.connect()?;
            let mut answer = server.post(&format!("/v1/outputs/{output}/export"), &json!({}))?;
            let zip = download(&server, &answer)?;
            write(&out, &zip)?;
            let text = format!("exported to {}\n{answer:#}", out.display());
            if let Some(members) = answer.as_object_mut() {
                members.insert("file".to_owned(), json!(out));
            }
            Ok(Answer::new(answer, text))
        }
    }
}

/// The export that `answer` announces, if its digest is right.
fn download(server: &Connection, answer: &Value) -> Result<Vec<u8>, Failure> {
    let text = |name| answer.get(name).and_then(Value::as_str).unwrap_or_default();
    let malformed = || Failure::unusable_because("server.answer", "the answer names no export");
    let export: ExportId = text("export").parse().map_err(|_| malformed())?;
    let sha256: Digest = text("sha256").parse().map_err(|_| malformed())?;
    let zip = server.download(&format!("/v1/exports/{export}"))?;
    if Digest::of(&zip) != sha256 {
        return Err(Failure::refusal(
            "export.digest",
            "the server sent another file than announced",
        ));
    }
    Ok(zip)
}
