//! Stage 2: a proposal becomes an approved project.

use axum::http::StatusCode;
use domain::dsse::Envelope;
use domain::ids::ProjectId;
use domain::project::Proposal;
use domain::{Digest, Timestamp, canonical};
use wire::Problem;
use wire::broker::{ApproveProject, Registered};

use crate::authz::Caller;
use crate::db::projects::{self, NewDraft, Project, ProjectState, Statement};
use crate::{Control, ControlError};

impl Control {
    /// Keeps a proposal as a draft; `true` if it is new, `false` if the same one was there.
    pub(crate) async fn propose(
        &self,
        caller: &Caller,
        bytes: &[u8],
        output_rules: &[u8],
    ) -> Result<(bool, Project), ControlError> {
        let proposal = Proposal::parse(bytes).map_err(ControlError::Proposal)?;
        if Digest::of(output_rules) != proposal.output_rules {
            return Err(ControlError::OutputRules);
        }
        let (creator, at) = (&caller.person, self.now());
        let draft = NewDraft { proposal: &proposal, bytes, output_rules, creator, at };
        let new = projects::insert(&self.pool, &draft).await?;
        let found = projects::find(&self.pool, &proposal.project, caller.confined_to()).await?;
        match found {
            Some(project) if project.proposal == bytes => Ok((new, project)),
            _ => Err(ControlError::ProjectExists),
        }
    }

    /// Asks the broker whether a custodian's statement suffices with those that are kept, and keeps it when
    /// it has been judged: one that was not would be in the way of all that follow.
    pub(crate) async fn approve(
        &self,
        caller: &Caller,
        project: &ProjectId,
        envelope: Envelope,
    ) -> Result<Project, ControlError> {
        let statement = read_statement(caller, envelope, self.now())?;
        // Of two at a time neither would be sent with the other.
        let _one_at_a_time = self.approving.lock().await;
        let held = self.project(caller, project).await?;
        let repeated = held.approvals.iter().any(|held| held.statement == statement.statement);
        match held.state {
            ProjectState::Approved if repeated => return Ok(held),
            ProjectState::Approved => return Err(ControlError::ProjectApproved),
            ProjectState::Draft => {}
        }
        self.ask_for_approval(&held, statement).await?;
        self.project(caller, project).await
    }

    /// The project, if the caller may know of it.
    pub(crate) async fn project(
        &self,
        caller: &Caller,
        project: &ProjectId,
    ) -> Result<Project, ControlError> {
        let found = projects::find(&self.pool, project, caller.confined_to()).await?;
        found.ok_or(ControlError::NotFound)
    }

    async fn ask_for_approval(
        &self,
        project: &Project,
        newest: Statement,
    ) -> Result<(), ControlError> {
        let counts =
            |held: &&Statement| held.refusal.is_none() && held.statement != newest.statement;
        let counted = project.approvals.iter().filter(counts).chain([&newest]);
        let request = ApproveProject {
            proposal: project.proposal.clone(),
            approvals: counted.map(|held| held.envelope.clone()).collect(),
            output_rules: project.output_rules.clone(),
        };
        match self.broker.post::<Registered>("/v0/projects", &request).await {
            // CRASH: whoever hands the statement in again goes on from here: the broker takes the same
            // approval again.
            Ok(answer) => {
                projects::keep_statement(&self.pool, &project.id, &newest).await?;
                projects::set_approved(&self.pool, &project.id, answer.log_index).await
            }
            Err(ControlError::Refused { status, problem }) => {
                self.keep_refusal(project, newest, status, problem).await
            }
            Err(error) => Err(error),
        }
    }

    /// A statement that the broker will never count must not spoil those that it would.
    async fn keep_refusal(
        &self,
        project: &Project,
        newest: Statement,
        status: StatusCode,
        problem: Problem,
    ) -> Result<(), ControlError> {
        projects::set_refusal(&self.pool, &project.id, &problem).await?;
        let more_needed = problem.reason.as_str() == MORE_NEEDED;
        let bad = BAD_STATEMENT.contains(&problem.reason.as_str());
        if more_needed || bad {
            let refusal = bad.then(|| problem.reason.clone());
            let judged = Statement { refusal, ..newest };
            projects::keep_statement(&self.pool, &project.id, &judged).await?;
        }
        if more_needed {
            return Ok(());
        }
        Err(ControlError::Refused { status, problem })
    }
}

/// A statement as it is kept. Whose it is and what it says is for the broker to judge.
fn read_statement(
    caller: &Caller,
    envelope: Envelope,
    at: Timestamp,
) -> Result<Statement, ControlError> {
    let malformed = || ControlError::Malformed("not a signed statement".to_owned());
    envelope.unverified_payload().map_err(|_| malformed())?;
    let canonical = canonical::to_vec(&envelope).map_err(|_| malformed())?;
    Ok(Statement {
        statement: Digest::of(&canonical),
        person: caller.person.clone(),
        received: at,
        refusal: None,
        envelope,
    })
}

/// Reasons for which the statement that was handed in last is to blame: those before it had been
/// judged, and only too few.
const BAD_STATEMENT: [&str; 4] = [
    "approval.malformed",
    "approval.other-dataset",
    "approval.other-proposal",
    "approval.signature",
];
const MORE_NEEDED: &str = "approval.too-few";
