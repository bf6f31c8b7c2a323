//! `/outputs` and `/exports`.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use domain::ids::{ExportId, OutputId, PersonId};

use super::{Continued, Frame, Named, Page, Place};
use crate::api::Api;
use crate::error::PortalError;
use crate::model::{Export, Listing, Output, Role};
use crate::session::Session;

#[derive(Template)]
#[template(path = "outputs.html")]
pub(super) struct Outputs {
    frame: Frame,
    listing: Listing<Output>,
}

#[derive(Template)]
#[template(path = "output.html")]
pub(super) struct OneOutput {
    frame: Frame,
    /// The reviewer who could vote now.
    votes: Option<PersonId>,
    may_export: bool,
    may_download: bool,
    output: Output,
}

#[derive(Template)]
#[template(path = "export.html")]
pub(super) struct OneExport {
    frame: Frame,
    may_download: bool,
    export: Export,
}

pub(super) async fn list(
    State(api): State<Api>,
    session: Session,
    continued: Continued,
) -> Result<Page<Outputs>, PortalError> {
    let listing = api.get(&session.token, &continued.of("/v1/outputs")).await?;
    Ok(Page::of(Outputs { frame: session.frame(Place::Outputs), listing }))
}

pub(super) async fn show(
    State(api): State<Api>,
    session: Session,
    Named(output): Named<OutputId>,
) -> Result<Page<OneOutput>, PortalError> {
    let output: Output = api.get(&session.token, &format!("/v1/outputs/{output}")).await?;
    let me = &session.me;
    let votes = (me.role == Role::Reviewer && output.is_in_review()).then(|| me.person.clone());
    Ok(Page::of(OneOutput {
        frame: session.frame(Place::Outputs),
        votes,
        may_export: me.role.may_export(),
        may_download: me.role.may_download(),
        output,
    }))
}

/// Releases an output. Doing it again shows the same export.
pub(super) async fn export(
    State(api): State<Api>,
    session: Session,
    Named(output): Named<OutputId>,
) -> Result<Page<OneExport>, PortalError> {
    let export = api.post(&session.token, &format!("/v1/outputs/{output}/export")).await?;
    let may_download = session.me.role.may_download();
    Ok(Page::of(OneExport { frame: session.frame(Place::Outputs), may_download, export }))
}

/// The zip file, as the API sends it.
pub(super) async fn download(
    State(api): State<Api>,
    session: Session,
    Named(export): Named<ExportId>,
) -> Result<Response, PortalError> {
    api.download(&session.token, &format!("/v1/exports/{export}")).await
}

/// The sigstore bundle that was published with it, as the API sends it.
pub(super) async fn download_bundle(
    State(api): State<Api>,
    session: Session,
    Named(export): Named<ExportId>,
) -> Result<Response, PortalError> {
    api.download(&session.token, &format!("/v1/exports/{export}/bundle")).await
}
