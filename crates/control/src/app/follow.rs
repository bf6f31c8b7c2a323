//! What happens to a job after its launch was authorised.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use domain::ReasonCode;
use domain::claims::Trust;
use domain::ids::JobId;
use tokio::sync::{mpsc, oneshot};
use wire::Problem;
use wire::broker::LaunchAuthorised;
use wire::guest::Progress;

use crate::app::jobs::Inputs;
use crate::db::jobs::{self, JobStep};
use crate::job::{Change, JobState};
use crate::{Control, ControlError, LaunchEvent, LaunchOrder};

/// Follows one job from its authorisation to its end; the only one to move it meanwhile.
pub(crate) struct Follower {
    control: Arc<Control>,
    job: JobId,
    state: JobState,
}

impl Follower {
    pub(crate) const fn new(control: Arc<Control>, job: JobId) -> Self {
        Self { control, job, state: JobState::Authorised }
    }

    /// Hands the launch over and keeps what comes back. A database that fails meanwhile leaves the
    /// job where it stands; the next start ends it.
    pub(crate) async fn run(
        mut self,
        authorised: LaunchAuthorised,
        inputs: Inputs,
        cancel: oneshot::Receiver<()>,
    ) {
        let _database_failed = self.follow(authorised, inputs, cancel).await;
        let _asks = self.control.cancels().remove(&self.job);
    }

    async fn follow(
        &mut self,
        authorised: LaunchAuthorised,
        inputs: Inputs,
        mut cancel: oneshot::Receiver<()>,
    ) -> Result<(), ControlError> {
        let launches = self.control.launches.clone();
        let machine = tokio::select! {
            machine = launches.reserve() => machine,
            Ok(()) = &mut cancel => return self.change(Change::Cancel, None).await,
        };
        let Ok(machine) = machine else { return self.lost().await };
        let (events, mut happened) = mpsc::channel(64);
        machine.send(LaunchOrder {
            job: self.job.clone(),
            launch: authorised.launch,
            initdata: authorised.initdata,
            dataset_folder: inputs.dataset_folder,
            workload: inputs.workload,
            bundle: inputs.bundle,
            output_rules: inputs.output_rules,
            events,
            cancel,
        });
        while let Some(event) = happened.recv().await {
            if self.keep(event).await? {
                return Ok(());
            }
        }
        self.lost().await
    }

    /// Keeps one event; `true` if it is the last.
    async fn keep(&mut self, event: LaunchEvent) -> Result<bool, ControlError> {
        match event {
            LaunchEvent::Started { accelerator, platform } => {
                self.started(&accelerator, platform).await?;
            }
            LaunchEvent::Progress(progress) => self.progress(progress).await?,
            LaunchEvent::Ended => {
                let early = problem("job.ended-early", "the guest ended without saying why");
                self.stopped(early).await?;
                return Ok(true);
            }
            LaunchEvent::Failed { reason, detail } => {
                self.stopped(Some(Problem { reason, detail })).await?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn started(&mut self, accelerator: &str, platform: Trust) -> Result<(), ControlError> {
        let accelerator = shortened(accelerator);
        jobs::set_machine(&self.control.pool, &self.job, &accelerator, platform).await?;
        self.change(Change::Start, None).await
    }

    async fn progress(&mut self, progress: Progress) -> Result<(), ControlError> {
        match progress {
            Progress::Step { step, uptime_ms } => {
                let step_at = JobStep { step, uptime_ms, at: self.control.now() };
                jobs::add_step(&self.control.pool, &self.job, &step_at).await?;
                self.change(Change::Reach(step), None).await
            }
            Progress::Refused { reason, detail, .. } => {
                let why = Problem { reason, detail: shortened(&detail) };
                self.change(Change::Refuse, Some(&why)).await
            }
            Progress::Done { peak_memory_kib, .. } => {
                jobs::set_peak_memory(&self.control.pool, &self.job, peak_memory_kib).await?;
                self.change(Change::Deliver, None).await
            }
        }
    }

    /// The machine is off: that was the plan if somebody asked for it, and too early if the guest
    /// had not said how it ended.
    async fn stopped(&mut self, why: Option<Problem>) -> Result<(), ControlError> {
        let job = jobs::find(&self.control.pool, &self.job, None).await?;
        let why = why.map(|why| Problem { detail: shortened(&why.detail), ..why });
        if job.is_some_and(|job| job.cancel_asked) {
            self.change(Change::Cancel, None).await
        } else {
            self.change(Change::Fail, why.as_ref()).await
        }
    }

    /// Nothing runs the job any more. Where that is because everything stops, the next start says so.
    async fn lost(&mut self) -> Result<(), ControlError> {
        if self.control.stopping.load(Ordering::Acquire) {
            return Ok(());
        }
        self.stopped(problem("job.launcher-lost", "nothing runs the job any more")).await
    }

    async fn change(&mut self, change: Change, why: Option<&Problem>) -> Result<(), ControlError> {
        self.state = self.control.change(&self.job, self.state, change, why).await?;
        Ok(())
    }
}

fn problem(reason: &str, detail: &str) -> Option<Problem> {
    let reason = ReasonCode::try_from(reason.to_owned()).ok()?;
    Some(Problem { reason, detail: detail.to_owned() })
}

/// A text from outside, as much of it as is kept.
fn shortened(text: &str) -> String {
    text.chars().take(500).collect()
}
