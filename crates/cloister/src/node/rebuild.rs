//! What control's database holds of decisions, derived from the log and its side store alone.
//!
//! The log decides what is derived, in its order, as the broker and the airlock read it when they
//! start: the custodians' latest word counts, and what was erased is not there. An object that cannot
//! be read, or does not say what its entry says, is an error and never left out.

mod approvals;
mod course;
mod error;
mod exports;
mod folders;
mod launches;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use control::{DatasetDecision, ExportDecision, JobDecision, Logged, ProjectDecision, Recovered};
use domain::event::{Action, Actor, Entry, Outcome};
use domain::ids::{ExportId, JobId, ProjectId};
use domain::keys::PublicKey;
use domain::{Digest, canonical};
use ledger::Ledger;
use serde::{Deserialize, Serialize};

pub(crate) use course::Course;
pub(crate) use error::RebuildError;

/// What a log comes to.
#[derive(Debug)]
pub(crate) struct Recovery {
    /// What the database is made of.
    pub(crate) recovered: Recovered,
    /// What was decided about each job after its launch.
    pub(crate) courses: BTreeMap<JobId, Course>,
    /// How many entries were read.
    pub(crate) entries: usize,
    /// Decisions that are in no database.
    pub(crate) left_out: Vec<LeftOut>,
    /// Requests for launches that were refused: the log has their digest, and not who asked for what.
    pub(crate) refused_requests: u64,
    /// Registered datasets whose folder is not there.
    pub(crate) without_folder: Vec<Digest>,
}

/// A decision that is in no database, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct LeftOut {
    /// Its entry.
    pub(crate) index: u64,
    /// Why.
    pub(crate) because: Because,
}

/// Why a decision is in no database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Because {
    /// Its record was erased, or that of the approval that it rests on.
    Erased,
    /// The same was decided before: a database has it once.
    Repeated,
    /// The custodians approved another proposal later.
    Superseded,
}

/// Reads the whole log of `ledger`. `receipts` is the key of the airlock's receipts, `datasets` the
/// folder in which each sealed dataset has a folder.
///
/// # Errors
/// [`RebuildError`].
pub(crate) fn recover(
    ledger: &Ledger,
    receipts: PublicKey,
    datasets: &Path,
) -> Result<Recovery, RebuildError> {
    let folders = folders::of_datasets(datasets)?;
    let entries = ledger.entries()?;
    let mut replay = Replay::new(receipts);
    for (index, entry) in entries.iter() {
        replay.take(&At { ledger, index: *index, entry })?;
    }
    replay.end(folders, entries.len())
}

/// What the log says so far.
struct Replay {
    receipts: PublicKey,
    datasets: BTreeMap<Digest, Logged<DatasetDecision>>,
    projects: BTreeMap<ProjectId, Logged<ProjectDecision>>,
    /// The proposals of each project that were approved since anything of it was last erased.
    standing: BTreeMap<ProjectId, BTreeSet<Digest>>,
    /// The proposals whose approval ended with an erasure.
    ended: BTreeSet<Digest>,
    jobs: BTreeMap<JobId, Logged<JobDecision>>,
    /// The job of each launch, by the digest of its manifest.
    launches: BTreeMap<Digest, JobId>,
    courses: BTreeMap<JobId, Course>,
    exports: BTreeMap<ExportId, ExportDecision>,
    left_out: Vec<LeftOut>,
    refused_requests: u64,
}

impl Replay {
    fn new(receipts: PublicKey) -> Self {
        Self {
            receipts,
            datasets: BTreeMap::new(),
            projects: BTreeMap::new(),
            standing: BTreeMap::new(),
            ended: BTreeSet::new(),
            jobs: BTreeMap::new(),
            launches: BTreeMap::new(),
            courses: BTreeMap::new(),
            exports: BTreeMap::new(),
            left_out: Vec::new(),
            refused_requests: 0,
        }
    }

    fn take(&mut self, at: &At<'_>) -> Result<(), RebuildError> {
        let accepted = at.entry.event.outcome == Outcome::Accepted;
        match (at.entry.actor, at.entry.event.action) {
            (Actor::Broker, Action::DatasetSealed) if accepted => self.dataset(at),
            (Actor::Broker, Action::ProjectApproved) if accepted => self.approval(at),
            (Actor::Broker, Action::LaunchAuthorised) if accepted => self.launch(at),
            (Actor::Broker, Action::LaunchAuthorised) => {
                self.refused_requests = self.refused_requests.saturating_add(1);
                Ok(())
            }
            (Actor::Airlock, Action::OutputExported) if accepted => self.export(at),
            _ => {
                self.follow(at);
                Ok(())
            }
        }
    }

    fn leave_out(&mut self, index: u64, because: Because) {
        self.left_out.push(LeftOut { index, because });
    }

    /// Whether `project` was approved by this proposal and nothing of that erased since, as a decision
    /// that rests on it must be.
    fn stands(
        &self,
        at: &At<'_>,
        project: &ProjectId,
        proposal: &Digest,
    ) -> Result<bool, RebuildError> {
        let stands = self.standing.get(project).is_some_and(|all| all.contains(proposal));
        at.require(stands || self.ended.contains(proposal), "the project's approval")?;
        Ok(stands)
    }

    fn end(
        mut self,
        mut folders: BTreeMap<Digest, String>,
        entries: usize,
    ) -> Result<Recovery, RebuildError> {
        self.finish_jobs()?;
        let (mut datasets, mut without_folder) = (BTreeMap::new(), Vec::new());
        for (digest, logged) in self.datasets {
            match folders.remove(&digest) {
                Some(folder) => drop(datasets.insert(digest, (logged, folder))),
                None => without_folder.push(digest),
            }
        }
        self.left_out.sort_by_key(|left_out| left_out.index);
        Ok(Recovery {
            recovered: Recovered {
                datasets,
                projects: self.projects,
                jobs: self.jobs,
                exports: self.exports,
            },
            courses: self.courses,
            entries,
            left_out: self.left_out,
            refused_requests: self.refused_requests,
            without_folder,
        })
    }
}

/// An entry, and where what it rests on is.
#[derive(Clone, Copy)]
struct At<'a> {
    ledger: &'a Ledger,
    index: u64,
    entry: &'a Entry,
}

impl At<'_> {
    fn is_erased(&self) -> bool {
        self.ledger.is_erased(self.entry)
    }

    /// Whether a signature was published with the decision: it stands right behind it.
    fn is_published(&self) -> Result<bool, RebuildError> {
        Ok(self.ledger.published(self.index.saturating_add(1))?.is_some())
    }

    fn evidence(&self, place: usize) -> Result<Digest, RebuildError> {
        self.entry.event.evidence.get(place).copied().ok_or_else(|| self.inconsistent("evidence"))
    }

    fn object(&self, digest: &Digest) -> Result<Vec<u8>, RebuildError> {
        let unreadable = |source| RebuildError::Object { index: self.index, source };
        self.ledger.object(digest).map_err(unreadable)
    }

    /// The canonical JSON that `digest` names.
    fn json<T>(&self, digest: &Digest, what: &'static str) -> Result<T, RebuildError>
    where
        T: Serialize + for<'de> Deserialize<'de>,
    {
        canonical::from_slice(&self.object(digest)?).map_err(|_| self.inconsistent(what))
    }

    fn require(&self, holds: bool, what: &'static str) -> Result<(), RebuildError> {
        if holds { Ok(()) } else { Err(self.inconsistent(what)) }
    }

    const fn inconsistent(&self, what: &'static str) -> RebuildError {
        RebuildError::Inconsistent { index: self.index, what }
    }

    fn logged<T>(&self, decision: T) -> Logged<T> {
        Logged { decision, at: self.entry.time, latest: self.entry.time }
    }
}
