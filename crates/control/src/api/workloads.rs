//! `/v1/workloads`.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use domain::Digest;

use super::extract::{Path, Query, Whole};
use super::page::{Page, PageQuery};
use crate::authz::Caller;
use crate::db::workloads::{self, Workload};
use crate::{Control, ControlError};

/// Lists the uploaded workloads
#[utoipa::path(get, path = "/v1/workloads", tag = "workloads", params(PageQuery),
    responses((status = 200, body = Page<Workload>)))]
pub(super) async fn list(
    State(control): State<Arc<Control>>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Workload>>, ControlError> {
    Ok(Json(page.page(workloads::list(&control.pool, page.slice()?).await?)))
}

/// Uploads a workload
///
/// The body is the component itself, or a tar archive of an OCI image layout that holds the image
/// manifest with this digest; at most 256 MiB.
#[utoipa::path(put, path = "/v1/workloads/{digest}", tag = "workloads",
    params(("digest" = String, Path, description = "`sha256:…`, as in the proposal")),
    request_body(content_type = "application/octet-stream", content = Vec<u8>),
    responses((status = 200, body = Workload)))]
pub(super) async fn upload(
    State(control): State<Arc<Control>>,
    caller: Caller,
    Path(digest): Path<Digest>,
    body: Body,
) -> Result<Json<Workload>, ControlError> {
    control.put_workload(&caller, digest, body).await.map(Json)
}

/// Uploads a workload's signature
///
/// The body is a sigstore bundle; at most 2 MiB.
#[utoipa::path(put, path = "/v1/workloads/{digest}/bundle", tag = "workloads",
    params(("digest" = String, Path, description = "`sha256:…`, as in the proposal")),
    request_body(content_type = "application/json", content = Object),
    responses((status = 200, body = Workload)))]
pub(super) async fn upload_bundle(
    State(control): State<Arc<Control>>,
    caller: Caller,
    Path(digest): Path<Digest>,
    Whole(bundle): Whole,
) -> Result<Json<Workload>, ControlError> {
    control.put_bundle(&caller, digest, &bundle).await.map(Json)
}
