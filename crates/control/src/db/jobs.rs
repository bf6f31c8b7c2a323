//! Jobs and the steps of their guests.

use domain::claims::Trust;
use domain::ids::{JobId, LaunchId, PersonId, ProjectId};
use domain::{Digest, ReasonCode, Timestamp};
use serde::Serialize;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqlitePool};
use utoipa::ToSchema;
use wire::Problem;
use wire::broker::LaunchAuthorised;
use wire::guest::Step;

use super::{
    Placed, Slice, count, integer, json, optional_count, optional_text, placed, reason, text, time,
};
use crate::app::notice;
use crate::{ControlError, JobState};

/// One run of one workload.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Job {
    /// Its name.
    #[schema(value_type = String)]
    pub(crate) id: JobId,
    /// The project under whose approval it runs.
    #[schema(value_type = String)]
    pub(crate) project: ProjectId,
    /// Who asked for it.
    #[schema(value_type = String)]
    pub(crate) author: PersonId,
    /// What is run, by digest.
    #[schema(value_type = String)]
    pub(crate) workload: Digest,
    /// Where it stands.
    pub(crate) state: JobState,
    /// Why it was refused or failed.
    #[schema(value_type = Option<String>)]
    pub(crate) reason: Option<ReasonCode>,
    /// The same, as one sentence.
    pub(crate) detail: Option<String>,
    /// Whether somebody asked to stop it.
    pub(crate) cancel_asked: bool,
    /// The launch, as the broker named it.
    #[schema(value_type = Option<String>)]
    pub(crate) launch: Option<LaunchId>,
    /// Where in the log the launch's authorisation stands.
    pub(crate) log_index: Option<u64>,
    /// What runs the machine.
    pub(crate) accelerator: Option<String>,
    /// `hardware` or `emulated`, once the machine runs.
    #[schema(value_type = Option<String>)]
    pub(crate) platform: Option<Trust>,
    /// What to know about that platform.
    pub(crate) notice: Option<&'static str>,
    /// The agent's own peak memory.
    pub(crate) peak_memory_kib: Option<u64>,
    /// When it was asked for.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) updated: Timestamp,
    /// What the guest reported so far. The host could forge it.
    pub(crate) steps: Vec<JobStep>,
    /// The signed request, as kept.
    #[serde(skip)]
    pub(crate) request: String,
}

/// A step that the guest began.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct JobStep {
    /// Which.
    #[schema(value_type = String)]
    pub(crate) step: Step,
    /// Milliseconds since its kernel started.
    pub(crate) uptime_ms: u64,
    /// When control heard of it.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) at: Timestamp,
}

/// A job as it is asked for.
pub(crate) struct NewJob {
    pub(crate) id: JobId,
    pub(crate) project: ProjectId,
    pub(crate) author: PersonId,
    pub(crate) workload: Digest,
    pub(crate) request: String,
    pub(crate) at: Timestamp,
}

/// Keeps a new job as requested, unless its name is taken.
pub(crate) async fn insert(pool: &SqlitePool, job: &NewJob) -> Result<bool, ControlError> {
    let done = sqlx::query(
        "insert into jobs (id, project, author, workload, request, state, created, updated)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7) on conflict (id) do nothing",
    )
    .bind(job.id.as_str())
    .bind(job.project.as_str())
    .bind(job.author.as_str())
    .bind(job.workload.to_string())
    .bind(&job.request)
    .bind(JobState::Requested.to_string())
    .bind(job.at.unix_seconds())
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The job, if it is `author`'s or none is given.
pub(crate) async fn find(
    pool: &SqlitePool,
    job: &JobId,
    author: Option<&PersonId>,
) -> Result<Option<Job>, ControlError> {
    let row = sqlx::query("select * from jobs where id = ?1 and (?2 is null or author = ?2)")
        .bind(job.as_str())
        .bind(author.map(PersonId::as_str))
        .fetch_optional(pool)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let mut found = read(&row)?;
    found.steps = steps(pool, job).await?;
    Ok(Some(found))
}

pub(crate) async fn list(
    pool: &SqlitePool,
    author: Option<&PersonId>,
    slice: Slice,
) -> Result<Vec<Placed<Job>>, ControlError> {
    let rows = sqlx::query(
        "select * from jobs where position < ?1 and (?3 is null or author = ?3)
         order by position desc limit ?2",
    )
    .bind(slice.before)
    .bind(slice.limit)
    .bind(author.map(PersonId::as_str))
    .fetch_all(pool)
    .await?;
    let mut jobs = placed(&rows, read)?;
    for (_, job) in &mut jobs {
        job.steps = steps(pool, &job.id).await?;
    }
    Ok(jobs)
}

/// Moves a job from one state to another; `false` if it was not in the former one.
pub(crate) async fn change_state(
    pool: &SqlitePool,
    job: &JobId,
    (from, to): (JobState, JobState),
    why: Option<&Problem>,
    at: Timestamp,
) -> Result<bool, ControlError> {
    let done = sqlx::query(
        "update jobs set state = ?3, reason = ?4, detail = ?5, updated = ?6
         where id = ?1 and state = ?2",
    )
    .bind(job.as_str())
    .bind(from.to_string())
    .bind(to.to_string())
    .bind(why.map(|why| why.reason.as_str()))
    .bind(why.map(|why| why.detail.as_str()))
    .bind(at.unix_seconds())
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(crate) async fn set_authorised(
    pool: &SqlitePool,
    job: &JobId,
    answer: &LaunchAuthorised,
) -> Result<(), ControlError> {
    sqlx::query("update jobs set launch = ?2, initdata = ?3, log_index = ?4 where id = ?1")
        .bind(job.as_str())
        .bind(answer.launch.as_str())
        .bind(&answer.initdata)
        .bind(integer(answer.log_index))
        .execute(pool)
        .await?;
    Ok(())
}

pub(crate) async fn set_machine(
    pool: &SqlitePool,
    job: &JobId,
    accelerator: &str,
    platform: Trust,
) -> Result<(), ControlError> {
    sqlx::query("update jobs set accelerator = ?2, platform = ?3 where id = ?1")
        .bind(job.as_str())
        .bind(accelerator)
        .bind(serde_json::to_string(&platform).unwrap_or_default())
        .execute(pool)
        .await?;
    Ok(())
}

pub(crate) async fn set_peak_memory(
    pool: &SqlitePool,
    job: &JobId,
    kib: u64,
) -> Result<(), ControlError> {
    sqlx::query("update jobs set peak_memory_kib = ?2 where id = ?1")
        .bind(job.as_str())
        .bind(integer(kib))
        .execute(pool)
        .await?;
    Ok(())
}

pub(crate) async fn set_cancel_asked(pool: &SqlitePool, job: &JobId) -> Result<(), ControlError> {
    sqlx::query("update jobs set cancel_asked = 1 where id = ?1")
        .bind(job.as_str())
        .execute(pool)
        .await?;
    Ok(())
}

/// Keeps a step. Each counts once, so a guest cannot fill the database.
pub(crate) async fn add_step(
    pool: &SqlitePool,
    job: &JobId,
    step: &JobStep,
) -> Result<(), ControlError> {
    sqlx::query(
        "insert into job_steps (job, step, uptime_ms, at) values (?1, ?2, ?3, ?4)
         on conflict do nothing",
    )
    .bind(job.as_str())
    .bind(serde_json::to_string(&step.step).unwrap_or_default())
    .bind(integer(step.uptime_ms))
    .bind(step.at.unix_seconds())
    .execute(pool)
    .await?;
    Ok(())
}

/// Ends the jobs that were in flight when a former process ended.
pub(crate) async fn interrupt_all(pool: &SqlitePool, at: Timestamp) -> Result<(), ControlError> {
    sqlx::query(
        "update jobs set state = 'failed', reason = 'job.interrupted', updated = ?1,
             detail = 'the service was stopped while the job ran; start a new one'
         where state not in ('delivered', 'refused', 'failed', 'cancelled')",
    )
    .bind(at.unix_seconds())
    .execute(pool)
    .await?;
    Ok(())
}

async fn steps(pool: &SqlitePool, job: &JobId) -> Result<Vec<JobStep>, ControlError> {
    let rows = sqlx::query("select * from job_steps where job = ?1 order by rowid")
        .bind(job.as_str())
        .fetch_all(pool)
        .await?;
    let read = |row: &SqliteRow| {
        Ok(JobStep {
            step: json(row, "step")?,
            uptime_ms: count(row, "uptime_ms")?,
            at: time(row, "at")?,
        })
    };
    rows.iter().map(read).collect()
}

pub(super) fn read(row: &SqliteRow) -> Result<Job, sqlx::Error> {
    let platform: Option<Trust> = match row.try_get::<Option<String>, _>("platform")? {
        None => None,
        Some(_) => Some(json(row, "platform")?),
    };
    Ok(Job {
        id: text(row, "id")?,
        project: text(row, "project")?,
        author: text(row, "author")?,
        workload: text(row, "workload")?,
        state: text(row, "state")?,
        reason: reason(row, "reason")?,
        detail: row.try_get("detail")?,
        cancel_asked: row.try_get("cancel_asked")?,
        launch: optional_text(row, "launch")?,
        log_index: optional_count(row, "log_index")?,
        accelerator: row.try_get("accelerator")?,
        platform,
        notice: platform.and_then(notice),
        peak_memory_kib: optional_count(row, "peak_memory_kib")?,
        created: time(row, "created")?,
        updated: time(row, "updated")?,
        steps: Vec::new(),
        request: row.try_get("request")?,
    })
}
