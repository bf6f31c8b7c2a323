//! `/projects`.

use askama::Template;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use domain::ids::{PersonId, ProjectId};

use super::{Continued, Frame, Named, Page, Place};
use crate::api::Api;
use crate::error::PortalError;
use crate::model::{Dataset, Listing, Project, ProjectRow, Role};
use crate::session::Session;

#[derive(Template)]
#[template(path = "projects.html")]
pub(super) struct Projects {
    frame: Frame,
    listing: Listing<ProjectRow>,
}

#[derive(Template)]
#[template(path = "project.html")]
pub(super) struct OneProject {
    frame: Frame,
    project: Project,
    /// Absent while the dataset is not registered here.
    dataset: Option<Dataset>,
    /// The person, if they can decide about the proposal.
    decides: bool,
    /// The person, if they can start jobs.
    starts: Option<PersonId>,
}

pub(super) async fn list(
    State(api): State<Api>,
    session: Session,
    continued: Continued,
) -> Result<Page<Projects>, PortalError> {
    let listing = api.get(&session.token, &continued.of("/v1/projects")).await?;
    Ok(Page::of(Projects { frame: session.frame(Place::Projects), listing }))
}

pub(super) async fn show(
    State(api): State<Api>,
    session: Session,
    Named(project): Named<ProjectId>,
) -> Result<Page<OneProject>, PortalError> {
    let project: Project = find(&api, &session, &project).await?;
    let path = format!("/v1/datasets/{}", project.proposal.dataset);
    let dataset = match api.get(&session.token, &path).await {
        Err(PortalError::Refused { status: StatusCode::NOT_FOUND, .. }) => None,
        found => Some(found?),
    };
    let me = &session.me;
    let decides = me.role == Role::Custodian && project.row.is_draft();
    let starts = !project.row.is_draft() && project.is_researcher(&me.person);
    let starts = starts.then(|| me.person.clone());
    Ok(Page::of(OneProject {
        frame: session.frame(Place::Projects),
        project,
        dataset,
        decides,
        starts,
    }))
}

/// The file that custodians sign: the bytes that the digest names.
pub(super) async fn proposal(
    State(api): State<Api>,
    session: Session,
    Named(project): Named<ProjectId>,
) -> Result<Response, PortalError> {
    let project = find(&api, &session, &project).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"proposal.json\""),
    ];
    Ok((headers, project.proposal_bytes).into_response())
}

async fn find(api: &Api, session: &Session, project: &ProjectId) -> Result<Project, PortalError> {
    api.get(&session.token, &format!("/v1/projects/{project}")).await
}
