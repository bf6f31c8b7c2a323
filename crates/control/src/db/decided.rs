//! What a database says of decisions that the log holds. It is only read.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use domain::claims::Trust;
use domain::ids::{ExportId, JobId, PersonId, ProjectId};
use domain::project::Proposal;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteRow};
use sqlx::{Row as _, SqlitePool};

use super::{count, datasets, json, projects, text};
use crate::decisions::{
    DatasetDecision, Decisions, ExportDecision, JobDecision, JobEnd, ProjectDecision, named,
};
use crate::{ControlError, JobState};

/// The decisions in the database in `file`, which stays as it is. No service may have it open, and
/// what a service that was killed left beside it (`-wal`) belongs to it.
///
/// # Errors
/// [`ControlError::Database`] if it cannot be opened or read.
pub async fn decisions(file: &Path) -> Result<Decisions, ControlError> {
    let options = SqliteConnectOptions::new().filename(file).read_only(true);
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
    let found = read_all(&pool).await;
    pool.close().await;
    found
}

async fn read_all(pool: &SqlitePool) -> Result<Decisions, ControlError> {
    Ok(Decisions {
        datasets: rows(pool, "select * from datasets", |row| {
            let found = datasets::read(row)?;
            Ok((found.digest, dataset(found)))
        })
        .await?,
        projects: approved(pool).await?,
        jobs: rows(pool, "select * from jobs where log_index is not null", job).await?,
        exports: rows(pool, "select * from exports", export).await?,
    })
}

async fn rows<K: Ord, T>(
    pool: &SqlitePool,
    query: &'static str,
    read: impl Fn(&SqliteRow) -> Result<(K, T), sqlx::Error>,
) -> Result<BTreeMap<K, T>, ControlError> {
    let rows = sqlx::query(query).fetch_all(pool).await?;
    Ok(rows.iter().map(read).collect::<Result<_, sqlx::Error>>()?)
}

fn dataset(found: datasets::Dataset) -> DatasetDecision {
    let datasets::Dataset { id, title, description, classification, rows, columns, .. } = found;
    let log_index = found.log_index;
    DatasetDecision { id, title, description, classification, rows, columns, log_index }
}

async fn approved(pool: &SqlitePool) -> Result<BTreeMap<ProjectId, ProjectDecision>, ControlError> {
    let rows =
        sqlx::query("select * from projects where log_index is not null").fetch_all(pool).await?;
    let mut found = BTreeMap::new();
    for row in &rows {
        let project = projects::read(row)?;
        let log_index = count(row, "log_index")?;
        let proposal = Proposal::parse(&project.proposal).map_err(ControlError::Proposal)?;
        let mut members = members(pool, &project.id).await?;
        // Its creator is one, whom the log does not name.
        members.retain(|person| named(&proposal).contains(person));
        let statements = projects::statements(pool, &project.id).await?;
        let counted = statements.into_iter().filter(|said| said.refusal.is_none());
        let decision = ProjectDecision {
            digest: project.digest,
            title: project.title,
            purpose: project.purpose,
            dataset: project.dataset,
            expires: project.expires,
            proposal: project.proposal,
            output_rules: project.output_rules,
            members,
            statements: counted.map(|said| said.envelope).collect(),
            log_index,
        };
        found.insert(project.id, decision);
    }
    Ok(found)
}

async fn members(
    pool: &SqlitePool,
    project: &ProjectId,
) -> Result<BTreeSet<PersonId>, ControlError> {
    let rows = sqlx::query("select person from members where project = ?1")
        .bind(project.as_str())
        .fetch_all(pool)
        .await?;
    Ok(rows.iter().map(|row| text(row, "person")).collect::<Result<_, sqlx::Error>>()?)
}

fn job(row: &SqliteRow) -> Result<(JobId, JobDecision), sqlx::Error> {
    let found = super::jobs::read(row)?;
    // The other ends are what a guest or its host came to, which no service decided.
    let end = match (found.state, found.reason) {
        (JobState::Delivered, _) => Some(JobEnd::Delivered),
        (JobState::Refused, reason) => reason.map(JobEnd::Refused),
        _ => None,
    };
    let job = JobDecision {
        project: found.project,
        author: found.author,
        workload: found.workload,
        request: found.request,
        launch: text(row, "launch")?,
        initdata: row.try_get("initdata")?,
        log_index: count(row, "log_index")?,
        platform: found.platform,
        end,
    };
    Ok((found.id, job))
}

fn export(row: &SqliteRow) -> Result<(ExportId, ExportDecision), sqlx::Error> {
    let platform: Trust = json(row, "platform")?;
    let export = ExportDecision {
        output: text(row, "output")?,
        project: text(row, "project")?,
        platform,
        log_index: count(row, "log_index")?,
        bundle: row.try_get("bundle")?,
    };
    Ok((text(row, "export")?, export))
}
