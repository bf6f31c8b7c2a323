//! `cloister log witness`: a server that cosigns checkpoints.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use domain::Timestamp;
use serde_json::json;
use tlog::Policy;
use tlog_files::WitnessFolder;
use tokio::net::TcpListener;
use witness::{Answered, Clock, Observer, Signer, Witness, router};
use zeroize::Zeroizing;

use super::failure;
use crate::cli::files::{malformed, now, read_text};
use crate::cli::server::runtime;
use crate::cli::{Answer, Failure, Outcome, say};
use crate::node::asked_to_stop;

/// What `witness` needs.
#[derive(Debug, Args)]
pub struct WitnessOptions {
    /// The witness's name, a URL without `https://`
    #[arg(long)]
    name: String,
    /// Its private key (PEM, Ed25519 or ML-DSA-44), used for nothing else
    #[arg(long)]
    key: PathBuf,
    /// Which logs it watches: a file with a line `log KEY` for each (C2SP tlog-policy, `quorum none`)
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// The folder in which it remembers what it cosigned; lost, it must get another key
    #[arg(long)]
    folder: PathBuf,
    /// Where it listens, for plain HTTP: answers carry their own signature
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8390")]
    listen: SocketAddr,
}

pub(super) fn run(options: &WitnessOptions) -> Outcome {
    let path = &options.policy;
    let policy: Policy = read_text(path)?.parse().map_err(|error| malformed(path, &error))?;
    if policy.logs().is_empty() {
        let detail = format!("`{}` names no log; add a line `log KEY`", path.display());
        return Err(Failure::unusable_because("witness.no-logs", detail));
    }
    let folder = WitnessFolder::open(&options.folder)
        .map_err(|error| Failure::unusable(domain::Reason::reason(&error), &error))?;
    // Asked once before anything depends on it: a clock that is not set is an error to be told.
    now()?;
    let logs = policy.logs().iter().map(|log| log.key.clone());
    let pem = Zeroizing::new(read_text(&options.key)?);
    let signer = Signer::from_pem(&pem).map_err(|error| malformed(&options.key, &error))?;
    let witness = Witness::new(&options.name, signer, logs, folder, clock(), observer())
        .map_err(|error| failure(&error))?;
    runtime()?.block_on(serve(Arc::new(witness), options.listen))
}

async fn serve(witness: Arc<Witness>, address: SocketAddr) -> Outcome {
    let refused = |error: std::io::Error| {
        Failure::unusable_because("witness.listen", format!("cannot listen on {address}: {error}"))
    };
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    let stop = asked_to_stop();
    say(&format!("witness   http://{address}   {}", witness.key()));
    let served = axum::serve(listener, router(witness)).with_graceful_shutdown(stop);
    served.await.map_err(refused)?;
    Ok(Answer::new(json!({ "verdict": "stopped", "reason": null }), "stopped"))
}

/// It was set when the witness started.
fn clock() -> Clock {
    Arc::new(|| now().unwrap_or(Timestamp::EPOCH))
}

fn observer() -> Observer {
    Arc::new(|Answered { origin, outcome }| match outcome {
        Ok(size) => say(&format!("cosigned  {} of `{}`", size, origin.escape_debug())),
        Err(reason) => say(&format!("refused   `{}` ({reason})", origin.escape_debug())),
    })
}

pub(super) const EXAMPLE: &str = "\
Example:
  cloister key generate --out witness.key
  cloister log witness --name witness.example.org/office --key witness.key --policy logs.txt \\
      --folder /var/lib/cloister-witness

It cosigns a checkpoint if its log signed it and it extends what was cosigned before. The line that
is printed first has its key for the policies of verifiers. Notes of a log that do not agree with
what it cosigned are kept in the folder: they show that the log has two heads.";
