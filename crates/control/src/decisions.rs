//! What the database says of decisions that the log holds, as plain values: read from a database
//! ([`crate::decisions()`]), or derived from the log by whoever has it, and compared.
//!
//! What the log does not hold is not here: who handed in a statement, when a draft was made, what a
//! guest reported, people and their logins (docs/operating.md, "The state database is lost").

mod compare;

use std::collections::{BTreeMap, BTreeSet};

use domain::claims::Trust;
use domain::dataset::{Classification, Column, DatasetManifest};
use domain::dsse::Envelope;
use domain::ids::{DatasetId, ExportId, JobId, LaunchId, OutputId, PersonId, ProjectId};
use domain::project::Proposal;
use domain::{Digest, ReasonCode, Timestamp};

pub use compare::{Comparison, Difference};

/// The decisions in a database or a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decisions {
    /// Registered datasets, by the digest of their signed manifest's payload.
    pub datasets: BTreeMap<Digest, DatasetDecision>,
    /// Approved projects; drafts are none.
    pub projects: BTreeMap<ProjectId, ProjectDecision>,
    /// Jobs whose launch was authorised; requests that were refused before are none.
    pub jobs: BTreeMap<JobId, JobDecision>,
    /// What left.
    pub exports: BTreeMap<ExportId, ExportDecision>,
}

/// A dataset was taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatasetDecision {
    /// The name that its custodian gave it.
    pub id: DatasetId,
    /// One line for people.
    pub title: String,
    /// What the data are.
    pub description: String,
    /// How much harm a disclosure would do.
    pub classification: Classification,
    /// Rows over all tables.
    pub rows: u64,
    /// The columns, in the order of the table.
    pub columns: Vec<Column>,
    /// Where in the log it was first taken in.
    pub log_index: u64,
}

/// A project was approved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectDecision {
    /// The proposal's digest.
    pub digest: Digest,
    /// One line for people.
    pub title: String,
    /// What the data is used for.
    pub purpose: String,
    /// The dataset, by digest.
    pub dataset: Digest,
    /// When the approval runs out.
    pub expires: Timestamp,
    /// The proposal's canonical bytes.
    pub proposal: Vec<u8>,
    /// The output rules.
    pub output_rules: Vec<u8>,
    /// Those of the proposal's researchers and reviewers who may see the project.
    pub members: BTreeSet<PersonId>,
    /// The custodians' statements that counted, in their order.
    pub statements: Vec<Envelope>,
    /// Where in the log the approval stands.
    pub log_index: u64,
}

/// A launch was authorised, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobDecision {
    /// The project under whose approval it ran.
    pub project: ProjectId,
    /// Who asked for it.
    pub author: PersonId,
    /// What was run, by digest.
    pub workload: Digest,
    /// The canonical text of the signed request.
    pub request: String,
    /// The launch.
    pub launch: LaunchId,
    /// The launch manifest's initdata bytes.
    pub initdata: Vec<u8>,
    /// Where in the log the authorisation stands.
    pub log_index: u64,
    /// Whose word counted for the enclave, where it is known.
    pub platform: Option<Trust>,
    /// How it ended, where that is known.
    pub end: Option<JobEnd>,
}

/// An end of a job that a service decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobEnd {
    /// The airlock took its output in.
    Delivered,
    /// The broker, the airlock or the enclave refused.
    Refused(ReasonCode),
}

/// An output left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportDecision {
    /// Which.
    pub output: OutputId,
    /// Its project.
    pub project: ProjectId,
    /// Whose word counted for the enclave.
    pub platform: Trust,
    /// Where in the log the event stands.
    pub log_index: u64,
    /// Whether a sigstore bundle was published with it.
    pub bundle: bool,
}

impl DatasetDecision {
    /// The entry at `log_index` took in the dataset with this manifest.
    #[must_use]
    pub fn of(manifest: DatasetManifest, log_index: u64) -> Self {
        let DatasetManifest { id, title, description, classification, rows, columns, .. } =
            manifest;
        Self { id, title, description, classification, rows, columns, log_index }
    }
}

impl ProjectDecision {
    /// The entry at `log_index` approved the proposal with these bytes, which say `said`, for these
    /// statements. Whether they suffice was decided there.
    #[must_use]
    pub fn of(
        said: Proposal,
        bytes: Vec<u8>,
        output_rules: Vec<u8>,
        statements: Vec<Envelope>,
        log_index: u64,
    ) -> Self {
        Self {
            digest: Digest::of(&bytes),
            members: named(&said),
            title: said.title,
            purpose: said.purpose,
            dataset: said.dataset,
            expires: said.expires,
            proposal: bytes,
            output_rules,
            statements,
            log_index,
        }
    }
}

/// The people whom a proposal names.
pub(crate) fn named(proposal: &Proposal) -> BTreeSet<PersonId> {
    proposal.researchers.keys().chain(proposal.reviewers.keys()).cloned().collect()
}

/// Decisions as a database is made of them, with the times that its columns ask for.
#[derive(Clone, Debug, Default)]
pub struct Recovered {
    /// Each dataset with the folder of its ciphertext, below the configured one.
    pub datasets: BTreeMap<Digest, (Logged<DatasetDecision>, String)>,
    /// The projects.
    pub projects: BTreeMap<ProjectId, Logged<ProjectDecision>>,
    /// The jobs.
    pub jobs: BTreeMap<JobId, Logged<JobDecision>>,
    /// The exports.
    pub exports: BTreeMap<ExportId, ExportDecision>,
}

/// A decision and when the log says that it was taken.
#[derive(Clone, Debug)]
pub struct Logged<T> {
    /// What was decided.
    pub decision: T,
    /// The time of its entry.
    pub at: Timestamp,
    /// The time of the latest entry about it.
    pub latest: Timestamp,
}

impl Recovered {
    /// The decisions alone.
    #[must_use]
    pub fn decisions(&self) -> Decisions {
        fn bare<K: Clone + Ord, T: Clone>(logged: &BTreeMap<K, Logged<T>>) -> BTreeMap<K, T> {
            logged.iter().map(|(id, logged)| (id.clone(), logged.decision.clone())).collect()
        }
        let dataset = |(digest, (logged, _)): (&Digest, &(Logged<DatasetDecision>, String))| {
            (*digest, logged.decision.clone())
        };
        Decisions {
            datasets: self.datasets.iter().map(dataset).collect(),
            projects: bare(&self.projects),
            jobs: bare(&self.jobs),
            exports: self.exports.clone(),
        }
    }
}
