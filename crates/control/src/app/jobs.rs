//! Stage 3: a researcher's request becomes a launch order.

use std::path::PathBuf;
use std::sync::Arc;

use domain::dsse::Envelope;
use domain::ids::JobId;
use domain::launch::JobRequest;
use domain::{Digest, canonical};
use tokio::sync::oneshot;
use wire::Problem;
use wire::broker::{AuthoriseLaunch, LaunchAuthorised};

use crate::app::follow::Follower;
use crate::authz::Caller;
use crate::db::jobs::{self, Job, NewJob};
use crate::db::projects::{Project, ProjectState};
use crate::job::{Change, JobState};
use crate::{Control, ControlError};

/// What a launch needs besides its manifest; looked up before the broker is asked.
pub(crate) struct Inputs {
    pub(crate) dataset_folder: PathBuf,
    pub(crate) workload: PathBuf,
    pub(crate) bundle: Vec<u8>,
    pub(crate) output_rules: Vec<u8>,
}

impl Control {
    /// Takes in a signed job request; `true` if it is new, `false` if the same one was there.
    pub(crate) async fn submit(
        self: &Arc<Self>,
        caller: &Caller,
        envelope: Envelope,
    ) -> Result<(bool, Job), ControlError> {
        let (request, text) = read_request(&envelope)?;
        if request.author != caller.person {
            return Err(ControlError::OtherAuthor);
        }
        let project = self.project(caller, &request.project).await?;
        if let Some(job) = jobs::find(&self.pool, &request.job, None).await? {
            return same_request(job, &text).map(|job| (false, job));
        }
        let inputs = self.inputs(&project, request.workload).await?;
        let new = NewJob {
            id: request.job.clone(),
            project: request.project,
            author: request.author,
            workload: request.workload,
            request: text.clone(),
            at: self.now(),
        };
        // From here on it goes its way, whether or not the person waits for the answer.
        let control = Arc::clone(self);
        let begun = tokio::spawn(async move { control.begin(new, envelope, inputs).await });
        let is_new = begun.await.map_err(|_| ControlError::Aborted)??;
        let job = self.job(caller, &request.job).await?;
        same_request(job, &text).map(|job| (is_new, job))
    }

    /// Keeps a new job and has it launched; `false` if there is one of its name.
    async fn begin(
        self: Arc<Self>,
        new: NewJob,
        request: Envelope,
        inputs: Inputs,
    ) -> Result<bool, ControlError> {
        if !jobs::insert(&self.pool, &new).await? {
            return Ok(false);
        }
        self.launch(new.id, request, inputs).await?;
        Ok(true)
    }

    /// Asks for the end of a job. It is cancelled once its machine is off.
    pub(crate) async fn cancel(
        self: &Arc<Self>,
        caller: &Caller,
        job: &JobId,
    ) -> Result<Job, ControlError> {
        if self.job(caller, job).await?.state.is_final() {
            return Err(ControlError::JobEnded);
        }
        // Whether or not the person waits for the answer: what is written down is also done.
        let (control, asked) = (Arc::clone(self), job.clone());
        let asking = tokio::spawn(async move {
            jobs::set_cancel_asked(&control.pool, &asked).await?;
            control.stop(&asked);
            Ok::<_, ControlError>(())
        });
        asking.await.map_err(|_| ControlError::Aborted)??;
        self.job(caller, job).await
    }

    /// Tells whoever runs the job to end it.
    fn stop(&self, job: &JobId) {
        if let Some(cancel) = self.cancels().remove(job) {
            // It fails if the job ended in this moment, and then there is nothing to stop.
            let _ended = cancel.send(());
        }
    }

    /// The job, if the caller may know of it.
    pub(crate) async fn job(&self, caller: &Caller, job: &JobId) -> Result<Job, ControlError> {
        let found = jobs::find(&self.pool, job, caller.confined_to()).await?;
        found.ok_or(ControlError::NotFound)
    }

    async fn inputs(&self, project: &Project, workload: Digest) -> Result<Inputs, ControlError> {
        if project.state != ProjectState::Approved {
            return Err(ControlError::ProjectNotApproved);
        }
        let dataset_folder = self.dataset_folder(project.dataset).await?;
        let (workload, bundle) = self.workload_files(workload).await?;
        Ok(Inputs { dataset_folder, workload, bundle, output_rules: project.output_rules.clone() })
    }

    async fn launch(
        self: Arc<Self>,
        job: JobId,
        request: Envelope,
        inputs: Inputs,
    ) -> Result<(), ControlError> {
        let (asks, cancel) = oneshot::channel();
        self.cancels().insert(job.clone(), asks);
        // Asked for before there was anybody to tell.
        if let Ok(Some(Job { cancel_asked: true, .. })) = jobs::find(&self.pool, &job, None).await {
            self.stop(&job);
        }
        match self.authorise(&job, request).await {
            Ok(authorised) => {
                let follower = Follower::new(Arc::clone(&self), job);
                tokio::spawn(follower.run(authorised, inputs, cancel));
                Ok(())
            }
            Err(error) => {
                let _asks = self.cancels().remove(&job);
                let change = match error {
                    ControlError::Refused { .. } => Change::Refuse,
                    _ => Change::Fail,
                };
                let problem = error.problem();
                self.change(&job, JobState::Requested, change, Some(&problem)).await.map(drop)
            }
        }
    }

    async fn authorise(
        &self,
        job: &JobId,
        request: Envelope,
    ) -> Result<LaunchAuthorised, ControlError> {
        let request = AuthoriseLaunch { request };
        let answer: LaunchAuthorised = self.broker.post("/v0/launches", &request).await?;
        // CRASH: the job becomes `job.interrupted`; its manifest expires unused.
        jobs::set_authorised(&self.pool, job, &answer).await?;
        self.change(job, JobState::Requested, Change::Authorise, None).await?;
        Ok(answer)
    }

    /// Moves a job on and says where it stands then.
    pub(crate) async fn change(
        &self,
        job: &JobId,
        state: JobState,
        change: Change,
        why: Option<&Problem>,
    ) -> Result<JobState, ControlError> {
        let Some(next) = state.after(change) else { return Ok(state) };
        jobs::change_state(&self.pool, job, (state, next), why, self.now()).await?;
        Ok(next)
    }
}

/// The request as it claims to be, and the canonical text of its envelope. The broker checks it.
fn read_request(envelope: &Envelope) -> Result<(JobRequest, String), ControlError> {
    let payload = envelope.unverified_payload().map_err(|_| ControlError::JobRequest)?;
    let request = canonical::from_slice(&payload).map_err(|_| ControlError::JobRequest)?;
    let text = canonical::to_vec(envelope).map_err(|_| ControlError::JobRequest)?;
    Ok((request, String::from_utf8(text).map_err(|_| ControlError::JobRequest)?))
}

fn same_request(job: Job, text: &str) -> Result<Job, ControlError> {
    if job.request == text { Ok(job) } else { Err(ControlError::JobExists) }
}
