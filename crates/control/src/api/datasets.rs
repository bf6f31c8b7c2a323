//! `/v1/datasets`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::Digest;
use domain::dsse::Envelope;
use domain::keys::PublicKey;
use serde::Deserialize;
use utoipa::ToSchema;
use wire::broker::RegisterDataset;

use super::extract::{self, Path, Query};
use super::page::{Page, PageQuery};
use crate::db::datasets::{self, Dataset};
use crate::{Control, ControlError};

/// A sealed dataset to be registered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewDataset {
    /// The signed manifest.
    #[schema(value_type = super::schema::Envelope)]
    manifest: Envelope,
    /// The custodian's key that signed it, `ed25519:…`.
    #[schema(value_type = String)]
    signer: PublicKey,
    /// The dataset secret, wrapped to the broker's key.
    wrapped_key: String,
    /// The folder of the ciphertext, below the configured one.
    folder: String,
}

/// Lists the sealed datasets
#[utoipa::path(get, path = "/v1/datasets", tag = "datasets", params(PageQuery),
    responses((status = 200, body = Page<Dataset>)))]
pub(super) async fn list(
    State(control): State<Arc<Control>>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Dataset>>, ControlError> {
    Ok(Json(page.page(datasets::list(&control.pool, page.slice()?).await?)))
}

/// Registers a sealed dataset with the broker
#[utoipa::path(post, path = "/v1/datasets", tag = "datasets", request_body = NewDataset,
    responses((status = 201, body = Dataset)))]
pub(super) async fn register(
    State(control): State<Arc<Control>>,
    extract::Json(new): extract::Json<NewDataset>,
) -> Result<(StatusCode, Json<Dataset>), ControlError> {
    let NewDataset { manifest, signer, wrapped_key, folder } = new;
    let request = RegisterDataset { manifest, signer, wrapped_key };
    let dataset = control.register_dataset(request, folder).await?;
    Ok((StatusCode::CREATED, Json(dataset)))
}

/// Shows a sealed dataset
#[utoipa::path(get, path = "/v1/datasets/{digest}", tag = "datasets",
    params(("digest" = String, Path, description = "`sha256:…` of the manifest's payload")),
    responses((status = 200, body = Dataset)))]
pub(super) async fn show(
    State(control): State<Arc<Control>>,
    Path(digest): Path<Digest>,
) -> Result<Json<Dataset>, ControlError> {
    let found = datasets::find(&control.pool, digest).await?;
    found.map(Json).ok_or(ControlError::NotFound)
}
