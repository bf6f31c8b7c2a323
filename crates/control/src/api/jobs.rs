//! `/v1/jobs`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::dsse::Envelope;
use domain::ids::JobId;
use serde::Deserialize;
use utoipa::ToSchema;

use super::extract::{self, Path, Query};
use super::page::{Page, PageQuery};
use super::projects::created_or_ok;
use crate::authz::Caller;
use crate::db::jobs::{self, Job};
use crate::{Control, ControlError};

/// A job to be started.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewJob {
    /// The researcher's signed job request.
    #[schema(value_type = super::schema::Envelope)]
    request: Envelope,
}

/// Lists one's jobs
#[utoipa::path(get, path = "/v1/jobs", tag = "jobs", params(PageQuery),
    responses((status = 200, body = Page<Job>)))]
pub(super) async fn list(
    State(control): State<Arc<Control>>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Job>>, ControlError> {
    let found = jobs::list(&control.pool, caller.confined_to(), page.slice()?).await?;
    Ok(Json(page.page(found)))
}

/// Starts a job
#[utoipa::path(post, path = "/v1/jobs", tag = "jobs", request_body = NewJob,
    responses((status = 201, body = Job, description = "taken in; `state` says how it went on"),
        (status = 200, body = Job, description = "the same request was there already")))]
pub(super) async fn submit(
    State(control): State<Arc<Control>>,
    caller: Caller,
    extract::Json(new): extract::Json<NewJob>,
) -> Result<(StatusCode, Json<Job>), ControlError> {
    let (new, job) = control.submit(&caller, new.request).await?;
    Ok((created_or_ok(new), Json(job)))
}

/// Shows a job and its steps
#[utoipa::path(get, path = "/v1/jobs/{job}", tag = "jobs", params(("job" = String, Path)),
    responses((status = 200, body = Job)))]
pub(super) async fn show(
    State(control): State<Arc<Control>>,
    caller: Caller,
    Path(job): Path<JobId>,
) -> Result<Json<Job>, ControlError> {
    control.job(&caller, &job).await.map(Json)
}

/// Asks for the end of a job
#[utoipa::path(post, path = "/v1/jobs/{job}/cancel", tag = "jobs", params(("job" = String, Path)),
    responses((status = 202, body = Job, description = "cancelled once its machine is off")))]
pub(super) async fn cancel(
    State(control): State<Arc<Control>>,
    caller: Caller,
    Path(job): Path<JobId>,
) -> Result<(StatusCode, Json<Job>), ControlError> {
    let job = control.cancel(&caller, &job).await?;
    Ok((StatusCode::ACCEPTED, Json(job)))
}
