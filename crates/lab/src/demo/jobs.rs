//! Stages 3 to 7 of one job, followed through control's API as a researcher would.

use std::time::{Duration, Instant};

use domain::claims::Trust;
use domain::dsse::Envelope;
use domain::ids::{JobId, ProjectId};
use domain::launch::JobRequest;
use domain::project::Workload;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::client::Api;
use super::console::Console;
use crate::LabError;
use crate::people::Person;

/// What a job went through.
#[derive(Debug)]
pub(super) struct Finished {
    /// From QEMU's start to the released key.
    pub(super) to_key: Duration,
    /// The agent's peak memory.
    pub(super) agent_memory_kib: u64,
}

/// Control's view of a job, as far as the demo reads it.
#[derive(Deserialize)]
struct Job {
    state: String,
    reason: Option<String>,
    detail: Option<String>,
    accelerator: Option<String>,
    platform: Option<Trust>,
    peak_memory_kib: Option<u64>,
}

#[derive(Serialize)]
struct Start {
    request: Envelope,
}

/// Starts a job and prints each stage when it is over.
pub(super) async fn run(
    api: &Api,
    login: &str,
    researcher: &Person,
    project: &ProjectId,
    workload: &Workload,
    console: &Console,
) -> Result<Finished, LabError> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(|_| LabError::Made("a job's name"))?;
    let request = JobRequest {
        job: JobId::from_random(bits),
        project: project.clone(),
        workload: workload.digest,
        author: researcher.id.clone(),
    };
    let envelope =
        request.sign(&researcher.key).map_err(|_| LabError::Made("a job request"))?;
    console.say(&format!("\n  job: {} ({:?})", workload.name, workload.kind));
    let began = Instant::now();
    let _accepted: Value =
        api.post("/v1/jobs", Some(login), &Start { request: envelope }, "the job").await?;
    let path = format!("/v1/jobs/{}", request.job);
    let mut follower = Follower::new(console, began);
    // Control has no stream of events yet: ask until the job has ended.
    let mut tick = tokio::time::interval(Duration::from_millis(40));
    loop {
        tick.tick().await;
        let job: Job = api.get(&path, Some(login), "the job's state").await?;
        if let Some(ended) = follower.see(&job) {
            return ended.then(|| follower.finished(&job)).ok_or_else(|| {
                let detail = [job.reason, job.detail].map(Option::unwrap_or_default).join(": ");
                LabError::Job { job: request.job.to_string(), state: job.state, detail }
            });
        }
    }
}

/// Prints a stage when the state that ends it is first seen.
struct Follower<'a> {
    console: &'a Console,
    stage_began: Instant,
    launched: Option<Instant>,
    to_key: Duration,
    printed: u8,
}

impl<'a> Follower<'a> {
    const fn new(console: &'a Console, began: Instant) -> Self {
        Self { console, stage_began: began, launched: None, to_key: Duration::ZERO, printed: 2 }
    }

    /// `Some(true)` when the job is delivered, `Some(false)` when it ended otherwise.
    fn see(&mut self, job: &Job) -> Option<bool> {
        let reached = match job.state.as_str() {
            "launched" => 3,
            "attested" => 4,
            "key-released" => 5,
            "running" => 5,
            "checking" => 6,
            "delivered" => 7,
            "refused" | "failed" | "cancelled" => return Some(false),
            _ => self.printed,
        };
        while self.printed < reached {
            self.printed += 1;
            self.print(job);
        }
        (reached == 7).then_some(true)
    }

    fn print(&mut self, job: &Job) {
        let now = Instant::now();
        let (name, what) = match self.printed {
            3 => {
                self.launched = Some(now);
                let accelerator = job.accelerator.as_deref().unwrap_or("?");
                let platform = match job.platform {
                    Some(Trust::Hardware) => "hardware",
                    _ => "emulated platform, not confidential",
                };
                ("launched", format!("QEMU with {accelerator}, measured image; {platform}"))
            }
            4 => ("attested", "evidence verified: measurement, manifest, nonce, key, TCB".to_owned()),
            5 => {
                self.to_key = self.launched.map(|at| now - at).unwrap_or_default();
                ("key released", "policy permitted, decision in the log, then the key".to_owned())
            }
            6 => ("run", "dataset opened by dm-verity and dm-crypt; no network".to_owned()),
            _ => ("checked", "outputs checked, sealed to the airlock, guest wiped".to_owned()),
        };
        self.console.stage(self.printed, name, now - self.stage_began, &what);
        self.stage_began = now;
    }

    fn finished(&self, job: &Job) -> Finished {
        Finished {
            to_key: self.to_key,
            agent_memory_kib: job.peak_memory_kib.unwrap_or(0),
        }
    }
}
