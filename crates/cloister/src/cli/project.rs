//! `cloister project`: what a project asks of custodians, and what they sign.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Subcommand};
use domain::Digest;
use domain::ids::ProjectId;
use domain::project::{self, Proposal};
use serde_json::json;

use super::files::{envelope_json, malformed, now, read, secret_key, write};
use super::proposal::{described, from_file};
use super::server::ServerOptions;
use super::{Answer, Failure, Outcome};

/// Commands on projects.
#[derive(Debug, Subcommand)]
pub enum ProjectCommand {
    /// Turn a description of a project into the one byte form that custodians sign
    #[command(after_help = PROPOSE_EXAMPLE)]
    Propose {
        /// The description (TOML, see below)
        #[arg(long)]
        file: PathBuf,
        /// Where the proposal goes
        #[arg(long, default_value = "proposal.json")]
        out: PathBuf,
    },
    /// Show a proposal
    #[command(after_help = "Example:\n  cloister project show proposal.json")]
    Show {
        /// The proposal's file
        proposal: PathBuf,
    },
    /// Sign a proposal as a custodian of its dataset, after showing it
    #[command(
        after_help = "Example:\n  cloister project approve proposal.json --key custodian.key --out approval.json"
    )]
    Approve(Approve),
    /// Hand a proposal and its output rules to the server
    #[command(after_help = "Example:\n  cloister project submit proposal.json --rules rules.toml")]
    Submit {
        /// The proposal's file
        proposal: PathBuf,
        /// The output rules that it names
        #[arg(long)]
        rules: PathBuf,
        #[command(flatten)]
        server: ServerOptions,
    },
    /// Hand a signed approval to the server
    #[command(
        after_help = "Example:\n  cloister project submit-approval visits-2026 approval.json"
    )]
    SubmitApproval {
        /// The project
        project: ProjectId,
        /// The signed approval
        approval: PathBuf,
        #[command(flatten)]
        server: ServerOptions,
    },
    /// Hand a workload and its signature to the server
    #[command(after_help = UPLOAD_EXAMPLE)]
    UploadWorkload {
        /// The component, or a tar archive of the OCI image layout
        file: PathBuf,
        /// The image manifest's digest; that of the file if absent, as for a component
        #[arg(long)]
        digest: Option<Digest>,
        /// The signature (sigstore bundle)
        #[arg(long)]
        bundle: PathBuf,
        #[command(flatten)]
        server: ServerOptions,
    },
    /// Show where a project stands
    #[command(after_help = "Example:\n  cloister project status visits-2026")]
    Status {
        /// The project
        project: ProjectId,
        #[command(flatten)]
        server: ServerOptions,
    },
}

const PROPOSE_EXAMPLE: &str = "Example:
  cloister project propose --file project.toml --out proposal.json

The description:
  project = \"visits-2026\"                 # drawn at random if absent
  title = \"Visits by group\"
  purpose = \"Why, for whom, what comes of it\"
  dataset = \"sha256:…\"                    # as printed by `dataset seal`
  measurements = [\"…\"]                    # guest images, as printed by `measure snp`
  output_rules = \"rules.toml\"
  release_policy = \"sha256:…\"             # the policy built into this program if absent
  reviews_required = 2
  expires = \"2027-01-31T00:00:00Z\"
  [[workloads]]
  name = \"visits\"
  kind = \"wasm\"                           # or container
  digest = \"sha256:…\"
  signer = \"cosign.pub\"
  arguments = []
  [researchers]
  alice = \"alice.pem\"                     # PEM file or ed25519:…
  [reviewers]
  bob = \"bob.pem\"
  carol = \"ed25519:…\"";

const UPLOAD_EXAMPLE: &str = "Examples:
  cloister project upload-workload visits.wasm --bundle visits.bundle.json
  cloister project upload-workload image.tar --digest sha256:… --bundle image.bundle.json";

/// What `approve` needs.
#[derive(Debug, Args)]
pub struct Approve {
    /// The proposal's file
    proposal: PathBuf,
    /// The custodian's private key (PEM)
    #[arg(long)]
    key: PathBuf,
    /// Where the signed approval goes
    #[arg(long, default_value = "approval.json")]
    out: PathBuf,
}

pub(super) fn run(command: ProjectCommand) -> Outcome {
    match command {
        ProjectCommand::Propose { file, out } => {
            let (proposal, bytes) = from_file(&file)?;
            write(&out, &bytes)?;
            shown("proposed", &proposal)
        }
        ProjectCommand::Show { proposal } => shown("proposal", &parsed(&proposal)?.0),
        ProjectCommand::Approve(options) => approve(&options),
        ProjectCommand::Submit { proposal, rules, server } => {
            let (proposal, bytes) = parsed(&proposal)?;
            let rules_bytes = read(&rules)?;
            if Digest::of(&rules_bytes) != proposal.output_rules {
                return Err(Failure::refusal(
                    "project.other-rules",
                    "the rules are not the ones that the proposal names",
                ));
            }
            let body = json!({
                "proposal": STANDARD.encode(bytes),
                "output_rules": STANDARD.encode(rules_bytes),
            });
            posted(&server, "/v1/projects", &body)
        }
        ProjectCommand::SubmitApproval { project, approval, server } => {
            let body = super::files::read_json(&approval)?;
            posted(&server, &format!("/v1/projects/{project}/approvals"), &body)
        }
        ProjectCommand::UploadWorkload { file, digest, bundle, server } => {
            let content = read(&file)?;
            let path = format!("/v1/workloads/{}", digest.unwrap_or_else(|| Digest::of(&content)));
            let bundle = read(&bundle)?;
            let server = server.connect()?;
            server.put(&path, content)?;
            let answer = server.put(&format!("{path}/bundle"), bundle)?;
            let text = format!("uploaded\n{answer:#}");
            Ok(Answer::new(answer, text))
        }
        ProjectCommand::Status { project, server } => {
            server.connect()?.show(&format!("/v1/projects/{project}"))
        }
    }
}

fn approve(options: &Approve) -> Outcome {
    let (proposal, _) = parsed(&options.proposal)?;
    let key = secret_key(&options.key)?;
    let text = described(&proposal);
    eprintln!("You approve, as {}:\n\n{text}\n", key.public());
    let envelope =
        project::approve(&proposal, &key, now()?).map_err(|error| Failure::refused(&error))?;
    write(&options.out, envelope_json(&envelope)?.as_bytes())?;
    let digest = proposal.digest().map_err(|error| Failure::refused(&error))?;
    let json = json!({
        "verdict": "signed",
        "reason": null,
        "proposal": digest,
        "signer": key.public(),
        "file": options.out,
        "envelope": envelope,
    });
    let text = format!("signed: {digest}\napproval in {}", options.out.display());
    Ok(Answer::new(json, text))
}

fn posted(server: &ServerOptions, path: &str, body: &serde_json::Value) -> Outcome {
    let answer = server.connect()?.post(path, body)?;
    let text = format!("{answer:#}");
    Ok(Answer::new(answer, text))
}

fn parsed(path: &std::path::Path) -> Result<(Proposal, Vec<u8>), Failure> {
    let bytes = read(path)?;
    let proposal = Proposal::parse(&bytes).map_err(|error| malformed(path, &error))?;
    Ok((proposal, bytes))
}

fn shown(verdict: &str, proposal: &Proposal) -> Outcome {
    let digest = proposal.digest().map_err(|error| Failure::refused(&error))?;
    let json = json!({
        "verdict": verdict,
        "reason": null,
        "digest": digest,
        "project": proposal.project,
        "proposal": proposal,
    });
    Ok(Answer::new(json, described(proposal)))
}
