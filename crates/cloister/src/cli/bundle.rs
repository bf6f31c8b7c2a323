//! `cloister bundle`: is this artifact what somebody signed and published?

use std::path::PathBuf;

use bundle::{Artifact, Signer, verify_published};
use clap::{Args, Subcommand};
use domain::Digest;
use serde_json::json;

use super::files::{now, read, read_text};
use super::{Answer, Failure, Outcome};

/// Commands on sigstore bundles.
#[derive(Debug, Subcommand)]
pub enum BundleCommand {
    /// Verify a bundle: signature, certificate or key, log entry and time
    #[command(after_help = EXAMPLE)]
    Verify(Verify),
}

const EXAMPLE: &str = "Examples:
  cloister bundle verify --bundle a.bundle.json --artifact a.txt --trusted-root trusted_root.json \\
      --identity alice@example.org --issuer https://accounts.example.org
  cloister bundle verify --bundle a.bundle.json --digest sha256:… --trusted-root trusted_root.json \\
      --key cosign.pub";

/// What `verify` needs.
#[derive(Debug, Args)]
pub struct Verify {
    /// The bundle (JSON)
    #[arg(long)]
    bundle: PathBuf,
    /// What must have been signed
    #[arg(long, conflicts_with = "digest", required_unless_present = "digest")]
    artifact: Option<PathBuf>,
    /// What must have been signed, by digest
    #[arg(long)]
    digest: Option<Digest>,
    /// The authorities that are believed (sigstore trusted root, JSON)
    #[arg(long)]
    trusted_root: PathBuf,
    /// Who must have signed, exactly as certified
    #[arg(long, requires = "issuer", conflicts_with = "key", required_unless_present = "key")]
    identity: Option<String>,
    /// Who must have vouched for them
    #[arg(long, requires = "identity")]
    issuer: Option<String>,
    /// The key that must have signed (PEM)
    #[arg(long)]
    key: Option<PathBuf>,
}

pub(super) fn run(command: BundleCommand) -> Outcome {
    let BundleCommand::Verify(options) = command;
    // Bytes that are no text are a bundle that cannot be read, not a file that cannot.
    let bundle = String::from_utf8_lossy(&read(&options.bundle)?).into_owned();
    let trusted_root = String::from_utf8_lossy(&read(&options.trusted_root)?).into_owned();
    let bytes = options.artifact.as_deref().map(read).transpose()?;
    let artifact = match (&bytes, options.digest) {
        (Some(bytes), None) => Artifact::Bytes(bytes),
        (None, Some(digest)) => Artifact::Digest(digest),
        _ => return Err(usage("give either `--artifact` or `--digest`")),
    };
    let key = options.key.as_deref().map(read_text).transpose()?;
    let signer = match (&key, &options.identity, &options.issuer) {
        (Some(key), None, None) => Signer::Key(key),
        (None, Some(identity), Some(issuer)) => Signer::Identity { identity, issuer },
        _ => return Err(usage("give either `--key` or `--identity` and `--issuer`")),
    };
    let digest = artifact.digest();
    let published = verify_published(&bundle, artifact, &signer, &trusted_root, now()?)
        .map_err(|error| Failure::refused(&error))?;
    let json = json!({
        "verdict": "verified",
        "reason": null,
        "digest": digest,
        "times": published.times,
        "logged": true,
    });
    let text = format!("verified: {digest}\nseen at {}", published.times.join(", "));
    Ok(Answer::new(json, text))
}

fn usage(detail: &str) -> Failure {
    Failure::unusable_because("usage", detail)
}
