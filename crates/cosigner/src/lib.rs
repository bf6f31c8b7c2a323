//! Asks the witnesses of a policy to cosign a log's checkpoints (C2SP tlog-witness, client side).
//!
//! [`Cosigner`] is the `tlog::Witnesses` of a log's writer. All witnesses are asked at once; the quorum
//! is waited for, not the slowest. A witness has one request at a time: one that is slow gets the
//! newest checkpoint next, whatever it missed in between.

mod exchange;
mod worker;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use domain::Reason;
use tlog::cosigning::Prove;
use tlog::{Policy, SignedCheckpoint, Witnesses};
use tokio::sync::watch;

pub use exchange::Silence;
use worker::{Job, Message, Worker};

/// Told of each witness's answer, for the operator.
pub type Observer = Arc<dyn Fn(&Asked<'_>) + Send + Sync>;

/// What a witness answered.
#[derive(Debug)]
pub struct Asked<'a> {
    /// Its name in the policy.
    pub witness: &'a str,
    /// The size of the tree that it was asked to cosign.
    pub size: u64,
    /// Whether it did, or why not.
    pub outcome: Result<(), &'a Silence>,
}

/// The witnesses of one log. It has a thread of its own, which ends with it.
pub struct Cosigner {
    policy: Policy,
    jobs: Vec<watch::Sender<Option<Job>>>,
    timeout: Duration,
}

impl fmt::Debug for Cosigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cosigner").field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl Cosigner {
    /// Asks the witnesses of `policy` at their URLs through `client`; who has not answered after
    /// `timeout` has not cosigned.
    ///
    /// # Errors
    /// [`CosignerError`].
    pub fn start(
        policy: Policy,
        client: &reqwest::Client,
        timeout: Duration,
        observer: &Observer,
    ) -> Result<Self, CosignerError> {
        let mut jobs = Vec::new();
        let mut workers = Vec::new();
        for witness in policy.witnesses() {
            let (sender, receiver) = watch::channel(None);
            jobs.push(sender);
            workers.push(Worker {
                url: add_checkpoint(witness)?,
                witness: witness.clone(),
                client: client.clone(),
                timeout,
                observer: Arc::clone(observer),
                jobs: receiver,
            });
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(CosignerError::Thread)?;
        std::thread::Builder::new()
            .name("cosigner".to_owned())
            .spawn(move || runtime.block_on(worker::run(workers)))
            .map_err(CosignerError::Thread)?;
        Ok(Self { policy, jobs, timeout })
    }

    /// Waits for the quorum, and proves to the witnesses what they ask for meanwhile.
    fn gather(&self, messages: &Receiver<Message>, prove: &Prove<'_>) -> Vec<String> {
        let names = self.policy.witnesses().iter().map(|witness| witness.name.clone());
        let mut possible: BTreeSet<String> = names.collect();
        let (mut cosigned, mut lines) = (BTreeSet::new(), Vec::new());
        let end = Instant::now() + self.timeout;
        while !self.policy.is_met_by(&cosigned) && self.policy.is_met_by(&possible) {
            let left = end.saturating_duration_since(Instant::now());
            match messages.recv_timeout(left) {
                Ok(Message::Prove { old_size, answer }) => {
                    // A witness that gets no proof says so itself.
                    let _gone = prove(old_size).map(|proof| answer.send(proof));
                }
                Ok(Message::Answer { witness, lines: Some(more) }) => {
                    lines.extend(more);
                    cosigned.insert(witness);
                }
                Ok(Message::Answer { witness, lines: None }) => {
                    possible.remove(&witness);
                }
                Err(_) => break,
            }
        }
        lines
    }
}

impl Witnesses for Cosigner {
    fn policy(&self) -> &Policy {
        &self.policy
    }

    fn ask(&self, checkpoint: &SignedCheckpoint, prove: &Prove<'_>) -> Vec<String> {
        let (sender, messages) = mpsc::channel();
        let job = Job::new(checkpoint, sender);
        for witness in &self.jobs {
            witness.send_replace(Some(job.clone()));
        }
        drop(job);
        self.gather(&messages, prove)
    }
}

/// Where a witness takes checkpoints.
fn add_checkpoint(witness: &tlog::policy::PolicyWitness) -> Result<reqwest::Url, CosignerError> {
    let prefix = reqwest::Url::parse(witness.url.as_deref().unwrap_or_default()).ok();
    let mut url = prefix
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .ok_or_else(|| CosignerError::Url { witness: witness.name.clone() })?;
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().push("add-checkpoint");
    }
    Ok(url)
}

/// Why witnesses cannot be asked at all.
#[derive(Debug, thiserror::Error)]
pub enum CosignerError {
    /// The thread that asks them cannot be started.
    #[error("the thread that asks witnesses cannot be started")]
    Thread(#[source] std::io::Error),
    /// The policy does not say where a witness is.
    #[error("the policy has no URL, `https://…` or `http://…`, for the witness `{witness}`")]
    Url {
        /// Its name in the policy.
        witness: String,
    },
}

impl Reason for CosignerError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Thread(_) => "system.thread",
            Self::Url { .. } => "log.policy",
        }
    }
}

#[cfg(test)]
mod tests;
