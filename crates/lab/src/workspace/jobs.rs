//! Stages 3 to 7 of one job, through control's API as a researcher uses it.

use std::time::Duration;

use domain::Digest;
use domain::claims::Trust;
use domain::dsse::Envelope;
use domain::ids::{JobId, ProjectId};
use domain::launch::JobRequest;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Workspace;
use crate::LabError;

/// Control's view of a job, as far as the laboratory reads it.
#[derive(Clone, Debug, Deserialize)]
pub struct Job {
    /// Where it stands.
    pub state: String,
    /// Why it was refused or failed.
    pub reason: Option<String>,
    /// The same as a sentence.
    pub detail: Option<String>,
    /// `kvm` or `tcg`.
    pub accelerator: Option<String>,
    /// Whether a vendor vouches for the enclave.
    pub platform: Option<Trust>,
    /// What the agent reported.
    pub steps: Vec<Step>,
    /// The agent's peak memory.
    pub peak_memory_kib: Option<u64>,
}

/// A step that the agent reported.
#[derive(Clone, Debug, Deserialize)]
pub struct Step {
    /// Which.
    pub step: String,
    /// Milliseconds since the guest's kernel started.
    pub uptime_ms: u64,
}

#[derive(Serialize)]
struct Start {
    request: Envelope,
}

impl Job {
    /// Whether it has ended, well or not.
    #[must_use]
    pub fn ended(&self) -> bool {
        matches!(self.state.as_str(), "delivered" | "refused" | "failed" | "cancelled")
    }
}

impl Workspace {
    /// The researcher starts the approved workload with this digest.
    ///
    /// # Errors
    /// [`LabError`].
    pub async fn start_job(
        &self,
        project: &ProjectId,
        workload: Digest,
    ) -> Result<JobId, LabError> {
        let mut bits = [0; 16];
        getrandom::fill(&mut bits).map_err(|_| LabError::Made("a job's name"))?;
        let researcher = &self.people.researcher;
        let request = JobRequest {
            job: JobId::from_random(bits),
            project: project.clone(),
            workload,
            author: researcher.id.clone(),
        };
        let envelope =
            request.sign(&researcher.key).map_err(|_| LabError::Made("a job request"))?;
        let login = self.login(researcher);
        let body = Start { request: envelope };
        let _accepted: Value = self.control.post("/v1/jobs", login, &body, "the job").await?;
        Ok(request.job)
    }

    /// Where the job stands.
    ///
    /// # Errors
    /// [`LabError`].
    pub async fn job(&self, id: &JobId) -> Result<Job, LabError> {
        let login = self.login(&self.people.researcher);
        self.control.get(&format!("/v1/jobs/{id}"), login, "the job's state").await
    }

    /// Follows a job to its end; `see` is shown each state that was found.
    ///
    /// # Errors
    /// [`LabError`].
    pub async fn follow(&self, id: &JobId, mut see: impl FnMut(&Job)) -> Result<Job, LabError> {
        // Control has no stream of events yet: ask until the job has ended.
        let mut tick = tokio::time::interval(Duration::from_millis(40));
        loop {
            tick.tick().await;
            let job = self.job(id).await?;
            see(&job);
            if job.ended() {
                return Ok(job);
            }
        }
    }
}
