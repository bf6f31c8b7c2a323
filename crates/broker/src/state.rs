//! What the broker knows: what the log says, and what was attested since it started.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::claims::Claims;
use domain::dataset::SignedDataset;
use domain::dsse::Envelope;
use domain::ids::{EntryId, ProjectId};
use domain::launch::LaunchManifest;
use domain::project::Approval;
use domain::{Digest, Timestamp, Verified};
use evidence::KnownSignatures;

use crate::BrokerError;
use crate::session::Sessions;
use crate::tee_key::TeeKey;

/// Everything that is held in memory. One lock is around all of it, for the whole of a decision:
/// decisions are as sequential as the log that they go to.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) record: Record,
    pub(crate) sessions: Sessions,
    /// The newest attestation of each launch, by manifest digest. Lost on restart, on purpose.
    pub(crate) attested: BTreeMap<Digest, Arc<Attested>>,
    /// Of certificates and lists that came with evidence before; changes no decision.
    pub(crate) known: KnownSignatures,
}

/// What the log says.
#[derive(Debug, Default)]
pub(crate) struct Record {
    datasets: BTreeMap<Digest, Arc<Dataset>>,
    projects: BTreeMap<ProjectId, Arc<Project>>,
    superseded: BTreeSet<Digest>,
    launches: BTreeMap<Digest, Launch>,
    /// Signed requests for launches whose records were erased.
    pub(crate) erased_requests: BTreeSet<Digest>,
}

/// A registered dataset.
#[derive(Debug)]
pub(crate) struct Dataset {
    pub(crate) signed: SignedDataset,
    pub(crate) envelope: Envelope,
    /// The digest under which the ledger keeps the envelope.
    pub(crate) object: Digest,
    pub(crate) entry: EntryId,
}

/// An approved project.
#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) approval: Approval,
    pub(crate) statements: Vec<Envelope>,
    pub(crate) dataset: Arc<Dataset>,
    pub(crate) entry: EntryId,
}

/// An authorised launch.
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    pub(crate) manifest: Arc<LaunchManifest>,
    pub(crate) entry: EntryId,
    /// Whether its key was released, or might have been.
    pub(crate) used: bool,
}

/// An enclave whose evidence was accepted.
#[derive(Debug)]
pub(crate) struct Attested {
    /// The name that its token carries.
    pub(crate) ticket: String,
    pub(crate) claims: Verified<Claims>,
    pub(crate) tee_key: TeeKey,
    /// The objects of its evidence.
    pub(crate) evidence: Vec<Digest>,
    pub(crate) entry: EntryId,
}

impl Record {
    pub(crate) fn add_dataset(&mut self, dataset: Dataset) {
        self.datasets.insert(dataset.signed.digest(), Arc::new(dataset));
    }

    pub(crate) fn dataset(&self, digest: &Digest) -> Result<Arc<Dataset>, BrokerError> {
        self.datasets.get(digest).map(Arc::clone).ok_or(BrokerError::DatasetUnknown)
    }

    /// Makes `project` the current approval of its project.
    pub(crate) fn add_project(&mut self, project: Project) {
        let digest = project.approval.digest();
        let name = project.approval.proposal().project.clone();
        let before = self.projects.insert(name, Arc::new(project));
        if let Some(before) = before.filter(|before| before.approval.digest() != digest) {
            self.superseded.insert(before.approval.digest());
        }
    }

    /// The project's latest approval, of this proposal, was erased: it has none.
    pub(crate) fn end_project(&mut self, name: &ProjectId, proposal: Digest) {
        self.superseded.insert(proposal);
        if let Some(before) = self.projects.remove(name) {
            self.superseded.insert(before.approval.digest());
        }
    }

    /// Refuses a request whose launch was erased: whether its job has run cannot be told any more.
    pub(crate) fn request_not_erased(&self, request: &Digest) -> Result<(), BrokerError> {
        if self.erased_requests.contains(request) { Err(BrokerError::JobRun) } else { Ok(()) }
    }

    /// The current approval of a project.
    pub(crate) fn project(&self, name: &ProjectId) -> Result<Arc<Project>, BrokerError> {
        self.projects.get(name).map(Arc::clone).ok_or(BrokerError::ApprovalMissing)
    }

    /// Refuses to go back to a proposal whose place another one took: its statements are still
    /// signed, but the custodians' latest word is another.
    pub(crate) fn not_superseded(&self, proposal: &Digest) -> Result<(), BrokerError> {
        if self.superseded.contains(proposal) {
            Err(BrokerError::ApprovalSuperseded)
        } else {
            Ok(())
        }
    }

    /// The approval that a launch rests on, if it holds at `at`.
    pub(crate) fn approval_of(
        &self,
        manifest: &LaunchManifest,
        at: Timestamp,
    ) -> Result<Arc<Project>, BrokerError> {
        let project = self.project(&manifest.project)?;
        if project.approval.digest() != manifest.proposal {
            return Err(BrokerError::ApprovalSuperseded);
        }
        project.approval.still_valid(at).map_err(BrokerError::Approval)?;
        Ok(project)
    }

    pub(crate) fn add_launch(&mut self, digest: Digest, manifest: LaunchManifest, entry: EntryId) {
        self.launches.insert(digest, Launch { manifest: Arc::new(manifest), entry, used: false });
    }

    /// The launch with this manifest digest.
    pub(crate) fn launch(&self, manifest: &Digest) -> Result<Launch, BrokerError> {
        self.launches.get(manifest).cloned().ok_or(BrokerError::LaunchUnknown)
    }

    /// Refuses a job whose key was released under any launch: a request that somebody saw and sent
    /// again runs nothing.
    pub(crate) fn job_not_run(&self, manifest: &LaunchManifest) -> Result<(), BrokerError> {
        let run = |launch: &Launch| {
            launch.used
                && launch.manifest.project == manifest.project
                && launch.manifest.job == manifest.job
        };
        if self.launches.values().any(run) { Err(BrokerError::JobRun) } else { Ok(()) }
    }

    /// Launches that count as used in `before` do so in this record of the same log.
    pub(crate) fn stay_used(&mut self, before: &Self) {
        let used = before.launches.iter().filter(|(_, launch)| launch.used);
        used.for_each(|(manifest, _)| self.mark_used(manifest));
    }

    /// From now on the launch's key is not released again.
    pub(crate) fn mark_used(&mut self, manifest: &Digest) {
        if let Some(launch) = self.launches.get_mut(manifest) {
            launch.used = true;
        }
    }
}

impl Launch {
    /// Refuses if the launch's time is over or its key was released.
    pub(crate) fn open_at(&self, at: Timestamp) -> Result<(), BrokerError> {
        if self.manifest.expires <= at {
            return Err(BrokerError::LaunchExpired);
        }
        if self.used { Err(BrokerError::LaunchUsed) } else { Ok(()) }
    }
}
