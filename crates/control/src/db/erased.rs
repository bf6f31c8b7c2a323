//! Forgetting what the log says was erased.

use std::path::Path;

use domain::event::{Action, Entry};
use sqlx::SqlitePool;

use super::integer;
use super::rebuild::{discard, unfinished};
use crate::ControlError;

/// Removes from the database in `file` what it holds of the people behind the log's entry `erased`,
/// at `index`, so that no page of the file has it any more: an approval's project with all that
/// belongs to it, a launch's job, or an export that nobody can fetch any more. No service may have the
/// database open. Answers how many projects, jobs or exports went.
///
/// # Errors
/// [`ControlError::Database`], [`ControlError::Migration`], [`ControlError::Storage`].
pub async fn forget(file: &Path, index: u64, erased: &Entry) -> Result<u64, ControlError> {
    // A rebuilding that did not come to its end has read what goes now.
    discard(&unfinished(file))?;
    if !file.exists() {
        return Ok(0);
    }
    let pool = super::open(file).await?;
    let removed = match erased.event.action {
        Action::ProjectApproved => project(&pool, &erased.event.object.to_string()).await?,
        Action::LaunchAuthorised => job(&pool, integer(index)).await?,
        Action::OutputExported => export(&pool, integer(index)).await?,
        _ => 0,
    };
    // What was deleted stays in free pages and in the write-ahead log until these two.
    sqlx::query("vacuum").execute(&pool).await?;
    sqlx::query("pragma wal_checkpoint(truncate)").execute(&pool).await?;
    pool.close().await;
    Ok(removed)
}

async fn project(pool: &SqlitePool, proposal: &str) -> Result<u64, ControlError> {
    let mut transaction = pool.begin().await?;
    for part in [
        "delete from job_steps where job in (select jobs.id from jobs join projects
             on jobs.project = projects.id where projects.digest = ?1)",
        "delete from jobs where project in (select id from projects where digest = ?1)",
        "delete from exports where project in (select id from projects where digest = ?1)",
        "delete from statements where project in (select id from projects where digest = ?1)",
        "delete from members where project in (select id from projects where digest = ?1)",
    ] {
        sqlx::query(part).bind(proposal).execute(&mut *transaction).await?;
    }
    let done = sqlx::query("delete from projects where digest = ?1")
        .bind(proposal)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(done.rows_affected())
}

async fn job(pool: &SqlitePool, log_index: i64) -> Result<u64, ControlError> {
    let mut transaction = pool.begin().await?;
    sqlx::query("delete from job_steps where job in (select id from jobs where log_index = ?1)")
        .bind(log_index)
        .execute(&mut *transaction)
        .await?;
    let done = sqlx::query("delete from jobs where log_index = ?1")
        .bind(log_index)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(done.rows_affected())
}

async fn export(pool: &SqlitePool, log_index: i64) -> Result<u64, ControlError> {
    let done = sqlx::query("delete from exports where log_index = ?1")
        .bind(log_index)
        .execute(pool)
        .await?;
    Ok(done.rows_affected())
}
