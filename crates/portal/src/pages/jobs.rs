//! `/jobs`.

use askama::Template;
use axum::extract::State;
use axum::response::Redirect;
use domain::ids::JobId;

use super::{Continued, Frame, Named, Page, Place};
use crate::api::Api;
use crate::error::PortalError;
use crate::model::{Job, Listing, Stage};
use crate::session::Session;

#[derive(Template)]
#[template(path = "jobs.html")]
pub(super) struct Jobs {
    frame: Frame,
    listing: Listing<Job>,
}

#[derive(Template)]
#[template(path = "job.html")]
pub(super) struct OneJob {
    frame: Frame,
    stages: Vec<Stage>,
    may_cancel: bool,
    job: Job,
}

pub(super) async fn list(
    State(api): State<Api>,
    session: Session,
    continued: Continued,
) -> Result<Page<Jobs>, PortalError> {
    let listing = api.get(&session.token, &continued.of("/v1/jobs")).await?;
    Ok(Page::of(Jobs { frame: session.frame(Place::Jobs), listing }))
}

pub(super) async fn show(
    State(api): State<Api>,
    session: Session,
    Named(job): Named<JobId>,
) -> Result<Page<OneJob>, PortalError> {
    let job: Job = api.get(&session.token, &format!("/v1/jobs/{job}")).await?;
    let may_cancel = session.me.role.may_cancel() && !job.is_over() && !job.cancel_asked;
    let stages = job.stages();
    Ok(Page::of(OneJob { frame: session.frame(Place::Jobs), stages, may_cancel, job }))
}

/// Asks for the end of a job, and goes back to its page.
pub(super) async fn cancel(
    State(api): State<Api>,
    session: Session,
    Named(job): Named<JobId>,
) -> Result<Redirect, PortalError> {
    let job: Job = api.post(&session.token, &format!("/v1/jobs/{job}/cancel")).await?;
    Ok(Redirect::to(&format!("/jobs/{}", job.id)))
}
