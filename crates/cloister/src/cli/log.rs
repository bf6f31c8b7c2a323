//! `cloister log`: verify a log from its published files, and prove an entry of it.

mod believed;
mod erase;
mod forward;
mod monitor;
mod proof;
mod rebuild;
mod show;
mod source;
mod stamp;
mod stamps;
mod stopped;
mod witness;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;
use tlog::{Checkpoint, LeafProof, LogError, verify_inclusion, verify_log};

use super::files::{read_text, write};
use super::{Answer, Failure, Format, Outcome, report};
use believed::Believed;
use source::Source;

/// Commands on logs.
#[derive(Debug, Subcommand)]
pub enum LogCommand {
    /// Recompute the whole log from its entries, up to the signed checkpoint
    #[command(after_help = VERIFY_EXAMPLE)]
    Verify {
        #[command(flatten)]
        log: Log,
        #[command(flatten)]
        stamps: stamps::StampsOptions,
    },
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
        #[command(flatten)]
        believed: Believed,
        /// The proof
        #[arg(long)]
        proof: PathBuf,
        /// The entry's bytes
        #[arg(long)]
        entry: PathBuf,
    },
    /// Print an entry, and what can still be read of the people behind it
    #[command(after_help = show::EXAMPLE)]
    Show(show::ShowOptions),
    /// Make what is kept of people behind an entry unreadable, and log that
    #[command(after_help = erase::EXAMPLE)]
    Erase(erase::EraseOptions),
    /// Make the state database anew from the log, or compare one with it
    #[command(long_about = rebuild::LONG, after_help = rebuild::EXAMPLE)]
    Rebuild(rebuild::RebuildOptions),
    /// Have a time stamping authority stamp the checkpoint (RFC 3161)
    #[command(after_help = stamp::EXAMPLE)]
    Stamp {
        #[command(flatten)]
        log: Log,
        #[command(flatten)]
        stamp: stamp::StampOptions,
    },
    /// Judge what a log's entries mean together, and whether it goes on
    #[command(after_help = monitor::EXAMPLE)]
    Monitor(monitor::MonitorOptions),
    /// Cosign checkpoints of logs that only grow (C2SP tlog-witness), until stopped
    #[command(after_help = witness::EXAMPLE)]
    Witness(witness::WitnessOptions),
    /// Tell a SIEM what the log holds (JSON lines, syslog, OCSF, OTLP)
    #[command(after_help = forward::EXAMPLE)]
    Forward(forward::ForwardOptions),
}

const VERIFY_EXAMPLE: &str = "Examples:
  cloister log verify --origin example.org/log --key trust.json --dir log --json
  cloister log verify --origin example.org/log --key log.vkey --url https://example.org/log \\
      --pin sha256:…
  cloister log verify --policy policy.txt --url https://example.org/log
  cloister log verify --policy policy.txt --dir log --stamps log/stamps --tsa-roots tsa.pem \\
      --max-drift 7200

A policy has a line each for logs, witnesses, groups of these, and the quorum (C2SP tlog-policy):
  log example.org/log+…
  witness office w.example.org/office+…
  witness w1 w1.example.org+…
  witness w2 w2.example.org+…
  group others any w1 w2
  group both all office others
  quorum both";

/// Which log, and where it is.
#[derive(Debug, Args)]
pub struct Log {
    #[command(flatten)]
    believed: Believed,
    #[command(flatten)]
    source: source::SourceOptions,
}

pub(super) fn run(command: LogCommand, format: Format) -> ExitCode {
    let outcome = match command {
        LogCommand::Verify { log, stamps } => verify(&log, &stamps),
        LogCommand::Prove { log, index, out, entry } => {
            prove(&log, index, out.as_deref(), entry.as_deref())
        }
        LogCommand::VerifyProof { believed, proof, entry } => {
            verify_proof(&believed, &proof, &entry)
        }
        LogCommand::Show(options) => show::run(&options),
        LogCommand::Erase(options) => erase::run(&options),
        LogCommand::Rebuild(options) => rebuild::run(&options),
        LogCommand::Stamp { log, stamp } => stamp::run(&log, &stamp),
        LogCommand::Monitor(options) => return monitor::run(&options, format),
        LogCommand::Witness(options) => witness::run(&options),
        LogCommand::Forward(options) => forward::run(&options),
    };
    report(&outcome, format)
}

fn verify_proof(believed: &Believed, proof: &Path, entry: &Path) -> Outcome {
    let proof: LeafProof = read_text(proof)?.parse().map_err(|error: LogError| failure(&error))?;
    let believable = believed.check(&proof.checkpoint)?;
    let included = verify_inclusion(&super::files::read(entry)?, &proof, &believable.key)
        .map_err(|error| failure(&error))?;
    let origin = believable.key.origin();
    let json = json!({
        "verdict": "included",
        "reason": null,
        "origin": origin,
        "index": included.index(),
        "size": included.checkpoint().size,
        "root": included.checkpoint().root,
    });
    let text = format!("included: entry {} of `{origin}`", included.index());
    Ok(believable.told(json, text))
}

fn verify(log: &Log, stamps: &stamps::StampsOptions) -> Outcome {
    let source = Source::open(&log.source)?;
    let note = source.checkpoint()?;
    let believable = log.believed.check(&note)?;
    let mut stamped = stamps.stamped(&log.believed)?;
    let signed = verify_log(
        |path| source.read(path),
        &note,
        &believable.key,
        |_, entry| stamped.grow(entry),
    )
    .map_err(|error| failure(&error))?;
    let stamps = stamped.verify()?;
    let checkpoint = signed.checkpoint();
    let mut json = json!({
        "verdict": "verified",
        "reason": null,
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "root": checkpoint.root,
    });
    let Checkpoint { origin, size, root } = checkpoint;
    let mut text = format!("verified: {size} entries of `{origin}`\n{root}");
    stamps::tell(&stamps, &mut json, &mut text);
    Ok(believable.told(json, text))
}

fn prove(log: &Log, index: u64, out: Option<&Path>, entry_out: Option<&Path>) -> Outcome {
    let source = Source::open(&log.source)?;
    let note = source.checkpoint()?;
    let key = log.believed.check(&note)?.key;
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

/// A log that cannot be read at all is no verdict on it.
fn failure(error: &LogError) -> Failure {
    use domain::Reason as _;
    match error {
        LogError::Store(_) => Failure::unusable(error.reason(), error),
        _ => Failure::refused(error),
    }
}
