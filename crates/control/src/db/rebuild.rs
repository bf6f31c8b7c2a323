//! A new database, made of decisions that the log holds.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use domain::Timestamp;
use domain::ids::{ExportId, JobId, ProjectId};
use domain::{Digest, canonical};
use sqlx::sqlite::SqliteJournalMode;
use sqlx::{Sqlite, SqlitePool, Transaction};

use super::workloads::{self, Workload};
use super::{datasets, integer, open_with};
use crate::app::stored::{Stored, stored};
use crate::decisions::{
    DatasetDecision, ExportDecision, JobDecision, JobEnd, Logged, ProjectDecision, Recovered,
};
use crate::{ControlError, JobState};

/// Makes the database `file` of `recovered` decisions, and lists the workloads that are in the folder
/// `workloads`. It is there as a whole in the end, or not at all. Answers which workloads are listed
/// and which are not.
///
/// # Errors
/// [`ControlError::DatabaseExists`] if there is one, [`ControlError::Database`],
/// [`ControlError::Migration`], [`ControlError::Storage`].
pub async fn rebuild(
    file: &Path,
    recovered: &Recovered,
    workloads: &Path,
) -> Result<Stored, ControlError> {
    if let Some(found) = parts(file).into_iter().find(|part| part.exists()) {
        return Err(ControlError::DatabaseExists(found));
    }
    let folder = workloads.to_owned();
    let stored = tokio::task::spawn_blocking(move || stored(&folder))
        .await
        .map_err(|_| ControlError::Aborted)??;
    let beside = unfinished(file);
    // CRASH: a former attempt may have ended before its last step.
    discard(&beside)?;
    let written = write(&beside, recovered, &stored.listed).await;
    if written.is_err() {
        // What failed is what counts; the next attempt clears up.
        let _left = discard(&beside);
    }
    written?;
    File::open(&beside)?.sync_all()?;
    fs::rename(&beside, file)?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    Ok(stored)
}

/// The files that a database may consist of. A write-ahead log that another database left would be
/// taken for this one's.
fn parts(file: &Path) -> [PathBuf; 4] {
    ["", "-journal", "-shm", "-wal"].map(|suffix| with_suffix(file, suffix))
}

fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// What an attempt writes before it is whole.
pub(super) fn unfinished(file: &Path) -> PathBuf {
    with_suffix(file, ".new")
}

pub(super) fn discard(file: &Path) -> io::Result<()> {
    for part in parts(file) {
        match fs::remove_file(part) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

async fn write(
    file: &Path,
    recovered: &Recovered,
    workloads: &[Workload],
) -> Result<(), ControlError> {
    // Without a write-ahead log it is one file.
    let pool = open_with(file, SqliteJournalMode::Delete).await?;
    let filled = fill(&pool, recovered, workloads).await;
    pool.close().await;
    filled
}

/// In the order of the log, which is that of listings.
async fn fill(
    pool: &SqlitePool,
    recovered: &Recovered,
    workloads: &[Workload],
) -> Result<(), ControlError> {
    let mut datasets: Vec<_> = recovered.datasets.iter().collect();
    datasets.sort_by_key(|(_, (logged, _))| logged.decision.log_index);
    for (digest, (logged, folder)) in datasets {
        datasets::put(pool, &dataset(*digest, logged, folder)).await?;
    }
    for workload in workloads {
        workloads::put(pool, workload).await?;
        if workload.bundle {
            workloads::set_bundle(pool, workload.digest).await?;
        }
    }
    let mut transaction = pool.begin().await?;
    let mut projects: Vec<_> = recovered.projects.iter().collect();
    projects.sort_by_key(|(_, logged)| logged.decision.log_index);
    for (id, logged) in projects {
        project(&mut transaction, id, logged).await?;
    }
    let mut jobs: Vec<_> = recovered.jobs.iter().collect();
    jobs.sort_by_key(|(_, logged)| logged.decision.log_index);
    for (id, logged) in jobs {
        job(&mut transaction, id, logged).await?;
    }
    for (id, decision) in &recovered.exports {
        export(&mut transaction, id, decision).await?;
    }
    transaction.commit().await?;
    Ok(())
}

fn dataset(digest: Digest, logged: &Logged<DatasetDecision>, folder: &str) -> datasets::Dataset {
    let decision = logged.decision.clone();
    datasets::Dataset {
        digest,
        id: decision.id,
        title: decision.title,
        description: decision.description,
        classification: decision.classification,
        rows: decision.rows,
        columns: decision.columns,
        folder: folder.to_owned(),
        registered: logged.at,
        log_index: decision.log_index,
    }
}

async fn project(
    to: &mut Transaction<'_, Sqlite>,
    id: &ProjectId,
    logged: &Logged<ProjectDecision>,
) -> Result<(), ControlError> {
    let project = &logged.decision;
    sqlx::query(
        "insert into projects (id, digest, title, purpose, dataset, proposal, output_rules,
                               created, expires, log_index)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )
    .bind(id.as_str())
    .bind(project.digest.to_string())
    .bind(&project.title)
    .bind(&project.purpose)
    .bind(project.dataset.to_string())
    .bind(&project.proposal)
    .bind(&project.output_rules)
    .bind(logged.at.unix_seconds())
    .bind(project.expires.unix_seconds())
    .bind(integer(project.log_index))
    .execute(&mut **to)
    .await?;
    for person in &project.members {
        sqlx::query("insert into members (project, person) values (?1, ?2)")
            .bind(id.as_str())
            .bind(person.as_str())
            .execute(&mut **to)
            .await?;
    }
    statements(to, id, project, logged.at).await
}

async fn statements(
    to: &mut Transaction<'_, Sqlite>,
    id: &ProjectId,
    project: &ProjectDecision,
    at: Timestamp,
) -> Result<(), ControlError> {
    for envelope in &project.statements {
        let canonical = canonical::to_vec(envelope)
            .map_err(|_| ControlError::Malformed("not a signed statement".to_owned()))?;
        sqlx::query(
            "insert into statements (project, statement, person, envelope, received)
             values (?1, ?2, ?3, ?4, ?5)",
        )
        .bind(id.as_str())
        .bind(Digest::of(&canonical).to_string())
        .bind(NOT_IN_LOG)
        .bind(serde_json::to_string(envelope).unwrap_or_default())
        .bind(at.unix_seconds())
        .execute(&mut **to)
        .await?;
    }
    Ok(())
}

async fn job(
    to: &mut Transaction<'_, Sqlite>,
    id: &JobId,
    logged: &Logged<JobDecision>,
) -> Result<(), ControlError> {
    let job = &logged.decision;
    let (state, reason, detail) = match &job.end {
        Some(JobEnd::Delivered) => (JobState::Delivered, None, None),
        Some(JobEnd::Refused(reason)) => (JobState::Refused, Some(reason.as_str()), None),
        None => (JobState::Failed, Some(END_NOT_LOGGED), Some(END_NOT_LOGGED_DETAIL)),
    };
    let platform = job.platform.map(|platform| serde_json::to_string(&platform));
    sqlx::query(
        "insert into jobs (id, project, author, workload, request, state, reason, detail, launch,
                           initdata, log_index, platform, created, updated)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    )
    .bind(id.as_str())
    .bind(job.project.as_str())
    .bind(job.author.as_str())
    .bind(job.workload.to_string())
    .bind(&job.request)
    .bind(state.to_string())
    .bind(reason)
    .bind(detail)
    .bind(job.launch.as_str())
    .bind(&job.initdata)
    .bind(integer(job.log_index))
    .bind(platform.transpose().unwrap_or_default())
    .bind(logged.at.unix_seconds())
    .bind(logged.latest.unix_seconds())
    .execute(&mut **to)
    .await?;
    Ok(())
}

async fn export(
    to: &mut Transaction<'_, Sqlite>,
    id: &ExportId,
    export: &ExportDecision,
) -> Result<(), ControlError> {
    // The log has the digest of the receipt, not of the file; nothing reads this column.
    sqlx::query(
        "insert into exports (export, output, project, sha256, log_index, platform, bundle)
         values (?1, ?2, ?3, '', ?4, ?5, ?6)",
    )
    .bind(id.as_str())
    .bind(export.output.as_str())
    .bind(export.project.as_str())
    .bind(integer(export.log_index))
    .bind(serde_json::to_string(&export.platform).unwrap_or_default())
    .bind(export.bundle)
    .execute(&mut **to)
    .await?;
    Ok(())
}

/// Stands where a column asks for a person whom the log does not name.
pub(crate) const NOT_IN_LOG: &str = "not-in-log";
const END_NOT_LOGGED: &str = "job.end-not-logged";
const END_NOT_LOGGED_DETAIL: &str =
    "the job was recovered from the log, which does not hold how it ended";
