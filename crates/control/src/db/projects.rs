//! Projects, who takes part in them, and the custodians' statements about them.

use domain::dsse::Envelope;
use domain::ids::{PersonId, ProjectId};
use domain::project::Proposal;
use domain::{Digest, ReasonCode, Timestamp};
use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqlitePool};
use utoipa::ToSchema;
use wire::Problem;

use super::{Placed, Slice, integer, json, optional_count, placed, reason, text, time};
use crate::ControlError;

/// A project, as its proposal describes it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Project {
    /// Its name.
    #[schema(value_type = String)]
    pub(crate) id: ProjectId,
    /// One line for people.
    pub(crate) title: String,
    /// What the data is used for.
    pub(crate) purpose: String,
    /// Whether the custodians approved it.
    pub(crate) state: ProjectState,
    /// The dataset, by digest.
    #[schema(value_type = String)]
    pub(crate) dataset: Digest,
    /// The proposal's digest: what custodians sign.
    #[schema(value_type = String)]
    pub(crate) digest: Digest,
    /// The proposal's canonical bytes, base64.
    #[serde(with = "wire::bytes")]
    #[schema(value_type = String)]
    pub(crate) proposal: Vec<u8>,
    /// The output rules that the proposal names by digest: TOML, base64.
    #[serde(with = "wire::bytes")]
    #[schema(value_type = String)]
    pub(crate) output_rules: Vec<u8>,
    /// When it was proposed here.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created: Timestamp,
    /// When its approval runs out.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) expires: Timestamp,
    /// Where in the log the approval stands.
    pub(crate) log_index: Option<u64>,
    /// Why the broker did not take the statements so far for an approval.
    #[schema(value_type = Option<crate::api::schema::Problem>)]
    pub(crate) refusal: Option<Problem>,
    /// The custodians' statements.
    pub(crate) approvals: Vec<Statement>,
}

/// Where a project stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ProjectState {
    /// Proposed.
    Draft,
    /// The broker recorded its approval.
    Approved,
}

/// A custodian's statement.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Statement {
    /// Digest of the signed envelope.
    #[schema(value_type = String)]
    pub(crate) statement: Digest,
    /// Who handed it in.
    #[schema(value_type = String)]
    pub(crate) person: PersonId,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) received: Timestamp,
    /// Why the broker does not count it; such a statement is kept and not sent again.
    #[schema(value_type = Option<String>)]
    pub(crate) refusal: Option<ReasonCode>,
    #[serde(skip)]
    pub(crate) envelope: Envelope,
}

/// A proposal that was read, and its creator.
pub(crate) struct NewDraft<'a> {
    pub(crate) proposal: &'a Proposal,
    pub(crate) bytes: &'a [u8],
    pub(crate) output_rules: &'a [u8],
    pub(crate) creator: &'a PersonId,
    pub(crate) at: Timestamp,
}

/// Keeps a draft with its members, unless its name is taken.
pub(crate) async fn insert(pool: &SqlitePool, draft: &NewDraft<'_>) -> Result<bool, ControlError> {
    let proposal = draft.proposal;
    let mut transaction = pool.begin().await?;
    let done = sqlx::query(
        "insert into projects (id, digest, title, purpose, dataset, proposal, output_rules,
                               created, expires)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) on conflict (id) do nothing",
    )
    .bind(proposal.project.as_str())
    .bind(Digest::of(draft.bytes).to_string())
    .bind(&proposal.title)
    .bind(&proposal.purpose)
    .bind(proposal.dataset.to_string())
    .bind(draft.bytes)
    .bind(draft.output_rules)
    .bind(draft.at.unix_seconds())
    .bind(proposal.expires.unix_seconds())
    .execute(&mut *transaction)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    let people = proposal.researchers.keys().chain(proposal.reviewers.keys());
    for person in people.chain([draft.creator]) {
        sqlx::query("insert into members (project, person) values (?1, ?2) on conflict do nothing")
            .bind(proposal.project.as_str())
            .bind(person.as_str())
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(true)
}

/// The project, if `person` takes part in it or none is given.
pub(crate) async fn find(
    pool: &SqlitePool,
    project: &ProjectId,
    person: Option<&PersonId>,
) -> Result<Option<Project>, ControlError> {
    let row = sqlx::query(
        "select * from projects where id = ?1
         and (?2 is null or exists (select 1 from members where project = id and person = ?2))",
    )
    .bind(project.as_str())
    .bind(person.map(PersonId::as_str))
    .fetch_optional(pool)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let mut found = read(&row)?;
    found.approvals = statements(pool, project).await?;
    Ok(Some(found))
}

/// Listed projects are without their statements.
pub(crate) async fn list(
    pool: &SqlitePool,
    person: Option<&PersonId>,
    slice: Slice,
) -> Result<Vec<Placed<Project>>, ControlError> {
    let rows = sqlx::query(
        "select * from projects where position < ?1
         and (?3 is null or exists (select 1 from members where project = id and person = ?3))
         order by position desc limit ?2",
    )
    .bind(slice.before)
    .bind(slice.limit)
    .bind(person.map(PersonId::as_str))
    .fetch_all(pool)
    .await?;
    let mut projects = placed(&rows, read)?;
    for (_, project) in &mut projects {
        project.approvals = statements(pool, &project.id).await?;
    }
    Ok(projects)
}

/// Keeps a statement, with the reason if the broker does not count it; one that is there already was judged
/// anew.
pub(crate) async fn keep_statement(
    pool: &SqlitePool,
    project: &ProjectId,
    statement: &Statement,
) -> Result<(), ControlError> {
    sqlx::query(
        "insert into statements (project, statement, person, envelope, received, refusal)
         values (?1, ?2, ?3, ?4, ?5, ?6)
         on conflict (project, statement) do update set refusal = excluded.refusal",
    )
    .bind(project.as_str())
    .bind(statement.statement.to_string())
    .bind(statement.person.as_str())
    .bind(serde_json::to_string(&statement.envelope).unwrap_or_default())
    .bind(statement.received.unix_seconds())
    .bind(statement.refusal.as_ref().map(ReasonCode::as_str))
    .execute(pool)
    .await?;
    Ok(())
}

pub(crate) async fn set_approved(
    pool: &SqlitePool,
    project: &ProjectId,
    log_index: u64,
) -> Result<(), ControlError> {
    sqlx::query(
        "update projects set log_index = ?2, refusal_reason = null, refusal_detail = null
         where id = ?1",
    )
    .bind(project.as_str())
    .bind(integer(log_index))
    .execute(pool)
    .await?;
    Ok(())
}

pub(crate) async fn set_refusal(
    pool: &SqlitePool,
    project: &ProjectId,
    problem: &Problem,
) -> Result<(), ControlError> {
    sqlx::query("update projects set refusal_reason = ?2, refusal_detail = ?3 where id = ?1")
        .bind(project.as_str())
        .bind(problem.reason.as_str())
        .bind(&problem.detail)
        .execute(pool)
        .await?;
    Ok(())
}

/// The names of the projects that `person` takes part in.
pub(crate) async fn of_member(
    pool: &SqlitePool,
    person: &PersonId,
) -> Result<Vec<String>, ControlError> {
    let names = sqlx::query_scalar("select project from members where person = ?1")
        .bind(person.as_str())
        .fetch_all(pool)
        .await?;
    Ok(names)
}

pub(super) async fn statements(
    pool: &SqlitePool,
    project: &ProjectId,
) -> Result<Vec<Statement>, ControlError> {
    let rows = sqlx::query("select * from statements where project = ?1 order by position")
        .bind(project.as_str())
        .fetch_all(pool)
        .await?;
    let read = |row: &SqliteRow| {
        Ok(Statement {
            statement: text(row, "statement")?,
            person: text(row, "person")?,
            received: time(row, "received")?,
            refusal: reason(row, "refusal")?,
            envelope: json(row, "envelope")?,
        })
    };
    rows.iter().map(read).collect()
}

pub(super) fn read(row: &SqliteRow) -> Result<Project, sqlx::Error> {
    let log_index = optional_count(row, "log_index")?;
    let detail: Option<String> = row.try_get("refusal_detail")?;
    let refusal = reason(row, "refusal_reason")?
        .map(|reason| Problem { reason, detail: detail.unwrap_or_default() });
    Ok(Project {
        id: text(row, "id")?,
        title: row.try_get("title")?,
        purpose: row.try_get("purpose")?,
        state: if log_index.is_some() { ProjectState::Approved } else { ProjectState::Draft },
        dataset: text(row, "dataset")?,
        digest: text(row, "digest")?,
        proposal: row.try_get("proposal")?,
        output_rules: row.try_get("output_rules")?,
        created: time(row, "created")?,
        expires: time(row, "expires")?,
        log_index,
        refusal,
        approvals: Vec::new(),
    })
}
