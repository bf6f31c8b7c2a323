//! `cloister log`: verify a log from its published files, and prove an entry of it.

mod proof;
mod source;

use std::path::{Path, PathBuf};

use airlock::export::Trust;
use clap::{Args, Subcommand};
use domain::keys::PublicKey;
use serde_json::json;
use tlog::{LeafProof, LogError, VerifierKey, verify_inclusion, verify_log};

use super::files::{malformed, read_text, write};
use super::{Answer, Failure, Outcome};
use source::Source;

/// Commands on logs.
#[derive(Debug, Subcommand)]
pub enum LogCommand {
    /// Recompute the whole log from its entries, up to the signed checkpoint
    #[command(after_help = VERIFY_EXAMPLE)]
    Verify(Log),
    /// Print the proof that an entry is in the log (C2SP tlog-proof)
    #[command(
        after_help = "Example:\n  cloister log prove --origin example.org/log --key log.pem --dir log --index 7 --out 7.tlog-proof"
    )]
    Prove {
        #[command(flatten)]
        log: Log,
        /// Which entry, from 0
        #[arg(long)]
        index: u64,
        /// Where the proof goes; standard output if absent
        #[arg(long)]
        out: Option<PathBuf>,
        /// Where the entry itself goes
        #[arg(long)]
        entry: Option<PathBuf>,
    },
    /// Check a proof: this entry is in the log of this key
    #[command(
        after_help = "Example:\n  cloister log verify-proof --origin example.org/log --key log.pem --proof 7.tlog-proof --entry 7.json"
    )]
    VerifyProof {
        /// The log's name
        #[arg(long)]
        origin: String,
        /// The log's public key: PEM, a C2SP verifier key, or a deployment's trust.json
        #[arg(long)]
        key: PathBuf,
        /// The proof
        #[arg(long)]
        proof: PathBuf,
        /// The entry's bytes
        #[arg(long)]
        entry: PathBuf,
    },
}

const VERIFY_EXAMPLE: &str = "Examples:
  cloister log verify --origin example.org/log --key trust.json --dir log --json
  cloister log verify --origin example.org/log --key log.vkey --url https://example.org/log \\
      --pin sha256:…";

/// Which log, and where it is.
#[derive(Debug, Args)]
pub struct Log {
    /// The log's name
    #[arg(long)]
    origin: String,
    /// The log's public key: PEM, a C2SP verifier key, or a deployment's trust.json
    #[arg(long)]
    key: PathBuf,
    #[command(flatten)]
    source: source::SourceOptions,
}

pub(super) fn run(command: LogCommand) -> Outcome {
    match command {
        LogCommand::Verify(log) => verify(&log),
        LogCommand::Prove { log, index, out, entry } => {
            prove(&log, index, out.as_deref(), entry.as_deref())
        }
        LogCommand::VerifyProof { origin, key, proof, entry } => {
            let key = verifier_key(&origin, &key)?;
            let proof: LeafProof =
                read_text(&proof)?.parse().map_err(|error: LogError| failure(&error))?;
            let included = verify_inclusion(&super::files::read(&entry)?, &proof, &key)
                .map_err(|error| failure(&error))?;
            let json = json!({
                "verdict": "included",
                "reason": null,
                "origin": origin,
                "index": included.index(),
                "size": included.checkpoint().size,
                "root": included.checkpoint().root,
            });
            let text = format!("included: entry {} of `{origin}`", included.index());
            Ok(Answer::new(json, text))
        }
    }
}

fn verify(log: &Log) -> Outcome {
    let key = verifier_key(&log.origin, &log.key)?;
    let source = Source::open(&log.source)?;
    let note = source.checkpoint()?;
    let signed = verify_log(|path| source.read(path), &note, &key, |_, _| ())
        .map_err(|error| failure(&error))?;
    let checkpoint = signed.checkpoint();
    let json = json!({
        "verdict": "verified",
        "reason": null,
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "root": checkpoint.root,
    });
    let text =
        format!("verified: {} entries of `{}`\n{}", checkpoint.size, log.origin, checkpoint.root);
    Ok(Answer::new(json, text))
}

fn prove(log: &Log, index: u64, out: Option<&Path>, entry_out: Option<&Path>) -> Outcome {
    let key = verifier_key(&log.origin, &log.key)?;
    let source = Source::open(&log.source)?;
    let note = source.checkpoint()?;
    let mut leaves = Vec::new();
    let mut entry = None;
    verify_log(
        |path| source.read(path),
        &note,
        &key,
        |at, bytes| {
            leaves.push(tlog::leaf_hash(bytes));
            if at == index {
                entry = Some(bytes.to_vec());
            }
        },
    )
    .map_err(|error| failure(&error))?;
    let entry = entry
        .ok_or_else(|| failure(&LogError::NoSuchEntry { index, size: leaves.len() as u64 }))?;
    let hashes = proof::inclusion(&leaves, index);
    let proof = LeafProof { index, hashes, checkpoint: note };
    verify_inclusion(&entry, &proof, &key).map_err(|error| failure(&error))?;
    let text = proof.to_string();
    if let Some(path) = entry_out {
        write(path, &entry)?;
    }
    let json = json!({ "verdict": "proved", "reason": null, "index": index, "proof": text });
    match out {
        Some(path) => {
            write(path, text.as_bytes())?;
            Ok(Answer::new(json, format!("proof in {}", path.display())))
        }
        None => Ok(Answer::new(json, text)),
    }
}

/// The log's key from a PEM file, or from a file with a C2SP verifier key or a trust file, whose
/// name must be `origin`.
fn verifier_key(origin: &str, path: &Path) -> Result<VerifierKey, Failure> {
    let text = read_text(path)?;
    let unusable = |error| malformed(path, &error);
    if let Ok(key) = PublicKey::from_pem(&text) {
        return VerifierKey::new(origin, key).map_err(unusable);
    }
    let key = match serde_json::from_str::<Trust>(&text) {
        Ok(trust) => trust.log(),
        Err(_) => text.trim().parse(),
    };
    let key = key.map_err(unusable)?;
    if key.origin() == origin {
        return Ok(key);
    }
    let (expected, found) = (origin.to_owned(), key.origin().to_owned());
    Err(failure(&LogError::Origin { expected, found }))
}

/// A log that cannot be read at all is no verdict on it.
fn failure(error: &LogError) -> Failure {
    use domain::Reason as _;
    match error {
        LogError::Store(_) => Failure::unusable(error.reason(), error),
        _ => Failure::refused(error),
    }
}
