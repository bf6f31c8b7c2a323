//! One task for each witness, which takes the newest checkpoint whenever it is free.

use std::sync::mpsc::Sender;
use std::time::Duration;

use domain::Digest;
use reqwest::{Client, Url};
use tlog::SignedCheckpoint;
use tlog::policy::PolicyWitness;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

use crate::exchange::{Exchange, Silence};
use crate::{Asked, Observer};

/// A checkpoint to be cosigned.
#[derive(Clone)]
pub(crate) struct Job {
    pub(crate) size: u64,
    pub(crate) text: String,
    pub(crate) note: String,
    /// To whoever waits for the quorum; closed when that is met or the time is over.
    pub(crate) asker: Sender<Message>,
}

impl Job {
    pub(crate) fn new(checkpoint: &SignedCheckpoint, asker: Sender<Message>) -> Self {
        let text = checkpoint.checkpoint().to_string();
        let (size, note) = (checkpoint.checkpoint().size, checkpoint.note().to_owned());
        Self { size, text, note, asker }
    }
}

/// From a witness's task to whoever waits.
pub(crate) enum Message {
    /// The witness has cosigned up to `old_size`.
    Prove { old_size: u64, answer: oneshot::Sender<Vec<Digest>> },
    /// The witness has cosigned, with these lines, or it has not.
    Answer { witness: String, lines: Option<Vec<String>> },
}

/// What a task needs to know of its witness.
pub(crate) struct Worker {
    pub(crate) witness: PolicyWitness,
    pub(crate) url: Url,
    pub(crate) client: Client,
    pub(crate) timeout: Duration,
    pub(crate) observer: Observer,
    pub(crate) jobs: watch::Receiver<Option<Job>>,
}

/// Until the `Cosigner` is dropped.
pub(crate) async fn run(workers: Vec<Worker>) {
    let mut tasks = JoinSet::new();
    for worker in workers {
        tasks.spawn(worker.work());
    }
    // One that ends, by a panic of the observer, takes no other with it.
    while tasks.join_next().await.is_some() {}
}

impl Worker {
    async fn work(mut self) {
        // A wrong guess is mended by the witness: nothing is lost with this at a restart.
        let mut known = 0;
        while self.jobs.changed().await.is_ok() {
            let Some(job) = self.jobs.borrow_and_update().clone() else { continue };
            let exchange = Exchange {
                client: &self.client,
                url: &self.url,
                key: &self.witness.key,
                job: &job,
            };
            let answer = tokio::time::timeout(self.timeout, exchange.run(&mut known)).await;
            self.tell(&job, answer.unwrap_or(Err(Silence::Late)));
        }
    }

    fn tell(&self, job: &Job, answer: Result<Vec<String>, Silence>) {
        let outcome = answer.as_ref().map(|_| ());
        if !matches!(outcome, Err(Silence::Moot)) {
            (self.observer)(&Asked { witness: &self.witness.name, size: job.size, outcome });
        }
        let message = Message::Answer { witness: self.witness.name.clone(), lines: answer.ok() };
        // Nobody may be waiting any more.
        let _gone = job.asker.send(message);
    }
}
