//! Stage 3, and what was decided about each launch afterwards.

use control::JobDecision;
use domain::Digest;
use domain::canonical;
use domain::dsse::Envelope;
use domain::launch::{JobRequest, LaunchManifest};

use super::{At, Because, Course, RebuildError, Replay};

impl Replay {
    pub(super) fn launch(&mut self, at: &At<'_>) -> Result<(), RebuildError> {
        if at.is_erased() {
            self.leave_out(at.index, Because::Erased);
            return Ok(());
        }
        let digest = at.entry.event.object;
        let initdata = at.object(&digest)?;
        let manifest = LaunchManifest::from_initdata(&initdata)
            .map_err(|_| at.inconsistent("the launch manifest"))?;
        let project = at.entry.event.project.as_ref();
        at.require(project == Some(&manifest.project), "the project's name")?;
        let request = at.object(&at.evidence(0)?)?;
        at.require(asks_for(&request) == Some(of(&manifest)), "the job request")?;
        let request = String::from_utf8(request).map_err(|_| at.inconsistent("the job request"))?;
        if !self.stands(at, &manifest.project, &manifest.proposal)? {
            self.leave_out(at.index, Because::Erased);
            return Ok(());
        }
        // Control has one job of a name. A request that somebody sent to the broker once more made
        // another launch, of which no database ever knew.
        if self.jobs.contains_key(&manifest.job) {
            self.leave_out(at.index, Because::Repeated);
            return Ok(());
        }
        self.keep_launch(at, digest, initdata, manifest, request);
        Ok(())
    }

    fn keep_launch(
        &mut self,
        at: &At<'_>,
        digest: Digest,
        initdata: Vec<u8>,
        manifest: LaunchManifest,
        request: String,
    ) {
        let job = JobDecision {
            project: manifest.project,
            author: manifest.author,
            workload: manifest.workload.digest,
            request,
            launch: manifest.launch,
            initdata,
            log_index: at.index,
            platform: None,
            end: None,
        };
        self.launches.insert(digest, manifest.job.clone());
        self.courses.insert(manifest.job.clone(), Course::default());
        self.jobs.insert(manifest.job, at.logged(job));
    }

    /// Keeps a decision about a launch; of anything else no database knows.
    pub(super) fn follow(&mut self, at: &At<'_>) {
        let Some(job) = self.launches.get(&at.entry.event.object) else { return };
        let (Some(course), Some(logged)) = (self.courses.get_mut(job), self.jobs.get_mut(job))
        else {
            return;
        };
        if course.take(at.index, at.entry) {
            logged.latest = at.entry.time;
        }
    }

    /// Says of each job how it ended.
    pub(super) fn finish_jobs(&mut self) -> Result<(), RebuildError> {
        self.courses.retain(|job, _| self.jobs.contains_key(job));
        for (job, course) in &self.courses {
            let Some(logged) = self.jobs.get_mut(job) else { continue };
            if let Some(index) = course.unfounded() {
                return Err(RebuildError::Inconsistent { index, what: "no key was released" });
            }
            logged.decision.platform = course.platform();
            logged.decision.end = course.end();
        }
        Ok(())
    }
}

/// The request in an envelope that the broker accepted, in the form that control keeps.
fn asks_for(envelope: &[u8]) -> Option<JobRequest> {
    let envelope: Envelope = canonical::from_slice(envelope).ok()?;
    canonical::from_slice(&envelope.unverified_payload().ok()?).ok()
}

/// The request for which the broker issues such a manifest.
fn of(manifest: &LaunchManifest) -> JobRequest {
    JobRequest {
        job: manifest.job.clone(),
        project: manifest.project.clone(),
        workload: manifest.workload.digest,
        author: manifest.author.clone(),
    }
}
