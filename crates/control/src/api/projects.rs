//! `/v1/projects`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::dsse::Envelope;
use domain::ids::ProjectId;
use serde::Deserialize;
use utoipa::ToSchema;

use super::extract::{self, Path, Query};
use super::page::{Page, PageQuery};
use crate::authz::Caller;
use crate::db::projects::{self, Project};
use crate::{Control, ControlError};

/// A project to be proposed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewProject {
    /// The proposal's canonical bytes (RFC 8785), base64.
    #[serde(with = "wire::bytes")]
    #[schema(value_type = String)]
    proposal: Vec<u8>,
    /// The output rules that it names by digest: TOML, base64.
    #[serde(with = "wire::bytes")]
    #[schema(value_type = String)]
    output_rules: Vec<u8>,
}

/// Lists the projects that one takes part in
#[utoipa::path(get, path = "/v1/projects", tag = "projects", params(PageQuery),
    responses((status = 200, body = Page<Project>)))]
pub(super) async fn list(
    State(control): State<Arc<Control>>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Project>>, ControlError> {
    let found = projects::list(&control.pool, caller.confined_to(), page.slice()?).await?;
    Ok(Json(page.page(found)))
}

/// Proposes a project
#[utoipa::path(post, path = "/v1/projects", tag = "projects", request_body = NewProject,
    responses((status = 201, body = Project), (status = 200, body = Project,
        description = "the same proposal was there already")))]
pub(super) async fn propose(
    State(control): State<Arc<Control>>,
    caller: Caller,
    extract::Json(new): extract::Json<NewProject>,
) -> Result<(StatusCode, Json<Project>), ControlError> {
    let (new, project) = control.propose(&caller, &new.proposal, &new.output_rules).await?;
    Ok((created_or_ok(new), Json(project)))
}

/// Shows a project and its approvals
#[utoipa::path(get, path = "/v1/projects/{project}", tag = "projects",
    params(("project" = String, Path)), responses((status = 200, body = Project)))]
pub(super) async fn show(
    State(control): State<Arc<Control>>,
    caller: Caller,
    Path(project): Path<ProjectId>,
) -> Result<Json<Project>, ControlError> {
    control.project(&caller, &project).await.map(Json)
}

/// Hands in a custodian's signed approval
#[utoipa::path(post, path = "/v1/projects/{project}/approvals", tag = "projects",
    params(("project" = String, Path)), request_body = super::schema::Envelope,
    responses((status = 200, body = Project, description = "approved, or more are needed"),
        (status = 403, body = super::schema::Problem, description = "refused; a statement that is itself bad is kept, with the reason")))]
pub(super) async fn approve(
    State(control): State<Arc<Control>>,
    caller: Caller,
    Path(project): Path<ProjectId>,
    extract::Json(statement): extract::Json<Envelope>,
) -> Result<Json<Project>, ControlError> {
    control.approve(&caller, &project, statement).await.map(Json)
}

/// Repeating a request finds what it made the first time.
pub(super) const fn created_or_ok(new: bool) -> StatusCode {
    if new { StatusCode::CREATED } else { StatusCode::OK }
}
