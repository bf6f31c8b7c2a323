//! `/datasets`.

use askama::Template;
use axum::extract::State;
use domain::Digest;

use super::{Continued, Frame, Named, Page, Place};
use crate::api::Api;
use crate::error::PortalError;
use crate::model::{Dataset, Listing};
use crate::session::Session;

#[derive(Template)]
#[template(path = "datasets.html")]
pub(super) struct Datasets {
    frame: Frame,
    listing: Listing<Dataset>,
}

#[derive(Template)]
#[template(path = "dataset.html")]
pub(super) struct OneDataset {
    frame: Frame,
    dataset: Dataset,
}

pub(super) async fn list(
    State(api): State<Api>,
    session: Session,
    continued: Continued,
) -> Result<Page<Datasets>, PortalError> {
    let listing = api.get(&session.token, &continued.of("/v1/datasets")).await?;
    Ok(Page::of(Datasets { frame: session.frame(Place::Datasets), listing }))
}

pub(super) async fn show(
    State(api): State<Api>,
    session: Session,
    Named(digest): Named<Digest>,
) -> Result<Page<OneDataset>, PortalError> {
    let dataset = api.get(&session.token, &format!("/v1/datasets/{digest}")).await?;
    Ok(Page::of(OneDataset { frame: session.frame(Place::Datasets), dataset }))
}
