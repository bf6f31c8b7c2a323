//! Projects: what their proposals say, and what became of them.

use domain::ids::{PersonId, ProjectId};
use domain::project::{Proposal, Workload, WorkloadKind};
use domain::{Digest, ReasonCode};
use serde::Deserialize;
use wire::Problem;

use super::Moment;

/// A row of `/v1/projects`.
#[derive(Debug, Deserialize)]
pub(crate) struct ProjectRow {
    pub(crate) id: ProjectId,
    pub(crate) title: String,
    state: State,
    pub(crate) created: Moment,
    pub(crate) expires: Moment,
    pub(crate) refusal: Option<Problem>,
    pub(crate) approvals: Vec<Statement>,
}

/// Where a project stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    Draft,
    Approved,
}

/// A custodian's statement.
#[derive(Debug, Deserialize)]
pub(crate) struct Statement {
    pub(crate) person: PersonId,
    pub(crate) received: Moment,
    pub(crate) refusal: Option<ReasonCode>,
}

impl ProjectRow {
    pub(crate) fn is_draft(&self) -> bool {
        self.state == State::Draft
    }

    pub(crate) fn state(&self) -> &'static str {
        if self.is_draft() { "waits for approval" } else { "approved" }
    }

    /// The statements that the broker did not refuse.
    pub(crate) fn counted(&self) -> usize {
        self.approvals.iter().filter(|said| said.refusal.is_none()).count()
    }

    /// Whether `person` handed in a statement that was not refused.
    pub(crate) fn has_statement_of(&self, person: &PersonId) -> bool {
        self.approvals.iter().any(|said| said.person == *person && said.refusal.is_none())
    }

    /// The last refusal, unless it only says that more statements are needed.
    pub(crate) fn refused(&self) -> Option<&Problem> {
        let more_needed = |why: &&Problem| why.reason.as_str() == "approval.too-few";
        self.refusal.as_ref().filter(|why| !more_needed(why))
    }
}

/// `/v1/projects/{project}`, with the proposal that its digest names.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Answer")]
pub(crate) struct Project {
    pub(crate) row: ProjectRow,
    pub(crate) digest: Digest,
    pub(crate) log_index: Option<u64>,
    pub(crate) proposal: Proposal,
    pub(crate) proposal_bytes: Vec<u8>,
    pub(crate) rules: String,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(flatten)]
    row: ProjectRow,
    digest: Digest,
    log_index: Option<u64>,
    #[serde(with = "wire::bytes")]
    proposal: Vec<u8>,
    #[serde(with = "wire::bytes")]
    output_rules: Vec<u8>,
}

impl TryFrom<Answer> for Project {
    type Error = &'static str;

    fn try_from(answer: Answer) -> Result<Self, Self::Error> {
        let proposal = Proposal::parse(&answer.proposal).map_err(|_| "not a proposal")?;
        let same = Digest::of(&answer.proposal) == answer.digest
            && Digest::of(&answer.output_rules) == proposal.output_rules;
        if !same {
            return Err("not what the digests name");
        }
        Ok(Self {
            row: answer.row,
            digest: answer.digest,
            log_index: answer.log_index,
            rules: String::from_utf8_lossy(&answer.output_rules).into_owned(),
            proposal,
            proposal_bytes: answer.proposal,
        })
    }
}

impl Project {
    pub(crate) fn expires(&self) -> Moment {
        self.proposal.expires.into()
    }

    /// Whether `person` may start jobs.
    pub(crate) fn is_researcher(&self, person: &PersonId) -> bool {
        self.proposal.researchers.contains_key(person)
    }

    /// How a workload runs, in words.
    pub(crate) const fn kind(workload: &Workload) -> &'static str {
        match workload.kind {
            WorkloadKind::Container => "container",
            WorkloadKind::Wasm => "WebAssembly component",
        }
    }
}
