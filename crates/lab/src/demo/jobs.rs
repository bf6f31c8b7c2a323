//! Stages 3 to 7 of one job, shown as they end.

use std::time::{Duration, Instant};

use domain::claims::Trust;
use domain::ids::ProjectId;
use domain::project::Workload;

use super::console::Console;
use crate::LabError;
use crate::workspace::{Job, Workspace};

/// What a job took.
#[derive(Debug)]
pub(super) struct Finished {
    /// From QEMU's start to the released key.
    pub(super) to_key: Duration,
    /// The agent's peak memory.
    pub(super) agent_memory_kib: u64,
}

/// Starts a job and prints each stage when it is over.
pub(super) async fn run(
    workspace: &Workspace,
    project: &ProjectId,
    workload: &Workload,
    console: &Console,
) -> Result<Finished, LabError> {
    console.say(&format!("\n  job: {} ({:?})", workload.name, workload.kind));
    let mut follower = Follower::new(console, Instant::now());
    let id = workspace.start_job(project, workload.digest).await?;
    let job = workspace.follow(&id, |job| follower.see(job)).await?;
    if job.state != "delivered" {
        let detail = [job.reason, job.detail].map(Option::unwrap_or_default).join(": ");
        return Err(LabError::Job { job: id.to_string(), state: job.state, detail });
    }
    Ok(Finished { to_key: follower.to_key, agent_memory_kib: job.peak_memory_kib.unwrap_or(0) })
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

    fn see(&mut self, job: &Job) {
        let reached = match job.state.as_str() {
            "launched" => 3,
            "attested" => 4,
            "key-released" | "running" => 5,
            "checking" => 6,
            "delivered" => 7,
            _ => self.printed,
        };
        while self.printed < reached {
            self.printed += 1;
            self.print(job);
        }
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
            4 => {
                ("attested", "evidence verified: measurement, manifest, nonce, key, TCB".to_owned())
            }
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
}
