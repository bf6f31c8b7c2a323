//! `cloister log forward`: a process of its own that tells a SIEM what the log holds.

mod receiver;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use domain::{Reason as _, Timestamp};
use serde_json::json;
use siem::{Backoff, Clock, Event, ForwardError, Forwarder, Progress, Published, Settings};
use tlog::{LogError, TilePath};
use tlog_files::Cursor;
use tokio::runtime::Runtime;
use tokio::task::block_in_place;

use super::believed::verifier_key;
use super::failure;
use super::source::{Source, SourceOptions};
use crate::cli::files::now;
use crate::cli::{Answer, Failure, Outcome, say};
use crate::node::asked_to_stop;

/// What `forward` needs.
#[derive(Debug, Args)]
pub struct ForwardOptions {
    /// The log's name
    #[arg(long)]
    origin: String,
    /// The log's public key: PEM, a C2SP verifier key, or a deployment's trust.json
    #[arg(long)]
    key: PathBuf,
    #[command(flatten)]
    source: SourceOptions,
    /// The file that keeps how far it has come; lost, everything is sent again
    #[arg(long, value_name = "FILE")]
    cursor: PathBuf,
    #[command(flatten)]
    receiver: receiver::ReceiverOptions,
    /// Seconds between two looks at the log
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=3600))]
    poll: u32,
    /// Forward what is published now and end; wait for nobody
    #[arg(long)]
    once: bool,
}

pub(super) fn run(options: &ForwardOptions) -> Outcome {
    // Asked once before anything depends on it: a clock that is not set is an error to be told.
    now()?;
    let key = verifier_key(&options.origin, &options.key)?;
    let source = Source::open(&options.source)?;
    let mut receiver = options.receiver.open(&clock())?;
    let unusable = |error: &LogError| Failure::unusable(error.reason(), error);
    let cursor = Cursor::open(&options.cursor).map_err(|error| unusable(&error.into()))?;
    // A log on the web is read by a runtime of its own, so that this one must be able to make way.
    let published = Published {
        note: || block_in_place(|| source.published()),
        read: |path: &TilePath| block_in_place(|| source.read(path)),
    };
    let settings = Settings {
        clock: clock(),
        backoff: Backoff::new(Box::new(random)),
        poll: (!options.once).then(|| Duration::from_secs(options.poll.into())),
        observer: Box::new(tell),
    };
    let deliver = async |events: &[Event]| receiver.deliver(events).await;
    let forwarder = Forwarder::new(key, published, cursor, deliver, settings)
        .map_err(|error| failure(&error))?;
    runtime()?.block_on(async {
        tokio::select! {
            // Dropped in the middle of whatever it does, like a killed process: it is sent again.
            () = asked_to_stop() => {
                Ok(Answer::new(json!({ "verdict": "stopped", "reason": null }), "stopped"))
            }
            ended = forwarder.run() => ended.map_err(|error| ended_with(&error)).map(|entries| {
                let json = json!({ "verdict": "forwarded", "reason": null, "entries": entries });
                Answer::new(json, format!("forwarded: the receiver has all {entries} entries"))
            }),
        }
    })
}

/// A log that was refused, or events that were, is a verdict; what cannot be reached is none.
fn ended_with(error: &ForwardError) -> Failure {
    match error {
        ForwardError::Log(LogError::Store(_)) | ForwardError::Cursor(_) => {
            Failure::unusable(error.reason(), error)
        }
        ForwardError::Undelivered(cause) if !cause.is_final() => {
            Failure::unusable(error.reason(), error)
        }
        _ => Failure::refused(error),
    }
}

fn tell(progress: &Progress) {
    match progress {
        Progress::Delivered { events, position } => {
            say(&format!("delivered {events} events, {position} entries in all"));
        }
        Progress::Remark(remark) => say(&format!("note      {}", remark.escape_debug())),
        Progress::Waiting { reason, detail, wait } => {
            let seconds = wait.as_secs_f32();
            say(&format!("waiting   {seconds:.1} s: {} ({reason})", detail.escape_debug()));
        }
        Progress::Alarm { reason, detail } => {
            say(&format!("alarm     {} ({reason})", detail.escape_debug()));
        }
    }
}

/// It was set when the forwarder started.
fn clock() -> Clock {
    Arc::new(|| now().unwrap_or(Timestamp::EPOCH))
}

/// Spreads attempts; without randomness they come a little early.
fn random() -> u16 {
    let mut bytes = [0; 2];
    getrandom::fill(&mut bytes).map_or(0, |()| u16::from_le_bytes(bytes))
}

/// One that lets reading the log block a thread.
fn runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| Failure::unusable("system.runtime", &error))
}

pub(super) const EXAMPLE: &str = "\
Examples:
  cloister log forward --origin example.org/log --key trust.json --dir /var/lib/cloister/ledger/log \\
      --cursor /var/lib/cloister-siem/syslog --format syslog --to tls://siem.example.org:6514 \\
      --roots siem-ca.pem
  cloister log forward --origin example.org/log --key log.vkey --url https://example.org/log \\
      --cursor otlp.cursor --format otlp --to http://127.0.0.1:4318/v1/logs
  cloister log forward --origin example.org/log --key log.vkey --dir log --cursor c --format ocsf \\
      --to file:events.jsonl --once

An event is given to the receiver, and only after its acknowledgement the cursor moves: each entry
arrives at least once, with index and leaf hash. Receivers that are down are waited for. A log that
went back, has a second head or was altered is an alarm, and ends the command with exit code 1.";
