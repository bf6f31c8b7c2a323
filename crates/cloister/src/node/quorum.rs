//! The witnesses that have to cosign the log before anything is released.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cosigner::{Asked, Cosigner, Observer};
use domain::Reason as _;
use ledger::Ledger;
use tlog::Policy;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::NodeError;
use crate::cli::{chain, say};

/// Whom to ask, and for how long.
#[derive(Clone, Debug)]
pub struct QuorumConfig {
    /// A trust policy (C2SP tlog-policy) whose `witness` lines have URLs. Log lines may be absent; if
    /// there are any, one must be this log's.
    pub policy: PathBuf,
    /// How long a quorum may take.
    pub timeout: Duration,
}

/// `ledger`, which from now on waits for the quorum.
pub(super) fn witnessed(ledger: Ledger, config: &QuorumConfig) -> Result<Ledger, NodeError> {
    let path = &config.policy;
    let text =
        std::fs::read_to_string(path).map_err(|error| NodeError::File(path.clone(), error))?;
    let policy = text.parse::<Policy>().and_then(|policy| policy.of_log(ledger.key()));
    let policy = policy.map_err(|error| NodeError::WitnessPolicy(path.clone(), error))?;
    let client = channel::web_client()?;
    let cosigner = Cosigner::start(policy, &client, config.timeout, &observer())?;
    Ok(ledger.with_quorum(Box::new(cosigner))?)
}

/// Has a log that does not grow cosigned anew now and then, until the task is dropped: whoever watches it
/// asks for cosignatures of a certain age at most (`log monitor --max-age`).
pub(super) async fn refresh(ledger: Arc<Ledger>) {
    let mut ticks = interval_at(Instant::now() + REFRESH, REFRESH);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let ledger = Arc::clone(&ledger);
        let refreshed = spawn_blocking(move || ledger.refresh()).await;
        if let Ok(Err(error)) = refreshed {
            say(&format!(
                "alarm     the log was not cosigned anew: {} ({})",
                chain(&error),
                error.reason()
            ));
        }
    }
}

const REFRESH: Duration = Duration::from_secs(15 * 60);

/// Tells the operator whenever a witness begins or ceases to cosign.
fn observer() -> Observer {
    let told: Mutex<BTreeMap<String, Option<&'static str>>> = Mutex::default();
    Arc::new(move |Asked { witness, size, outcome }| {
        let reason = outcome.err().map(|silence| silence.reason());
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.insert((*witness).to_owned(), reason) == Some(reason) {
            return;
        }
        match outcome {
            Ok(()) => say(&format!("witness   {witness} cosigns; size {size}")),
            Err(silence) => {
                let causes = std::iter::successors(silence.source(), |cause| (*cause).source());
                let causes: String = causes.map(|cause| format!(": {cause}")).collect();
                let code = silence.reason();
                say(&format!(
                    "witness   {witness} does not cosign size {size}: {silence}{causes} ({code})"
                ));
            }
        }
    })
}
