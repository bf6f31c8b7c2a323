//! `/v1/outputs` and `/v1/exports`.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use domain::dsse::Envelope;
use domain::ids::{ExportId, OutputId};
use serde::Deserialize;
use utoipa::ToSchema;
use wire::airlock::SubmitReview;

use super::extract::{self, Path, Query};
use super::page::{Page, PageQuery};
use crate::app::outputs::{Export, Output};
use crate::authz::Caller;
use crate::{Control, ControlError};

/// A vote.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewReview {
    /// The reviewer's signed vote.
    #[schema(value_type = super::schema::Envelope)]
    review: Envelope,
}

/// Lists the outputs of the projects that one takes part in
#[utoipa::path(get, path = "/v1/outputs", tag = "outputs", params(PageQuery),
    responses((status = 200, body = Page<Output>)))]
pub(super) async fn list(
    State(control): State<Arc<Control>>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Output>>, ControlError> {
    let all = control.outputs(&caller).await?;
    let Page { items: listed, next } = page.page_of(all, |output| output.output.to_string())?;
    let mut items = Vec::with_capacity(listed.len());
    for summary in listed {
        items.push(control.described(summary).await?);
    }
    Ok(Json(Page { items, next }))
}

/// Shows an output, without its content
#[utoipa::path(get, path = "/v1/outputs/{output}", tag = "outputs",
    params(("output" = String, Path)), responses((status = 200, body = Output)))]
pub(super) async fn show(
    State(control): State<Arc<Control>>,
    caller: Caller,
    Path(output): Path<OutputId>,
) -> Result<Json<Output>, ControlError> {
    let summary = control.output(&caller, &output).await?;
    control.described(summary).await.map(Json)
}

/// Hands in a reviewer's signed vote
#[utoipa::path(post, path = "/v1/outputs/{output}/reviews", tag = "outputs",
    params(("output" = String, Path)), request_body = NewReview,
    responses((status = 200, body = Output)))]
pub(super) async fn review(
    State(control): State<Arc<Control>>,
    caller: Caller,
    Path(output): Path<OutputId>,
    extract::Json(vote): extract::Json<NewReview>,
) -> Result<Json<Output>, ControlError> {
    let vote = SubmitReview { review: vote.review };
    let summary = control.review(&caller, &output, &vote).await?;
    control.described(summary).await.map(Json)
}

/// Releases an output that enough reviewers accepted
#[utoipa::path(post, path = "/v1/outputs/{output}/export", tag = "outputs",
    params(("output" = String, Path)), responses((status = 200, body = Export)))]
pub(super) async fn export(
    State(control): State<Arc<Control>>,
    caller: Caller,
    Path(output): Path<OutputId>,
) -> Result<Json<Export>, ControlError> {
    control.export(&caller, &output).await.map(Json)
}

/// Fetches an export
#[utoipa::path(get, path = "/v1/exports/{export}", tag = "outputs",
    params(("export" = String, Path)),
    responses((status = 200, content_type = "application/zip", body = Vec<u8>)))]
pub(super) async fn download(
    State(control): State<Arc<Control>>,
    caller: Caller,
    Path(export): Path<ExportId>,
) -> Result<Response, ControlError> {
    let file = control.export_file(&caller, &export).await?;
    Ok(attachment("application/zip", &format!("{export}.zip"), file))
}

/// Fetches the sigstore bundle that was published with an export
#[utoipa::path(get, path = "/v1/exports/{export}/bundle", tag = "outputs",
    params(("export" = String, Path)),
    responses((status = 200, content_type = "application/vnd.dev.sigstore.bundle.v0.3+json", body = Object),
        (status = 404, description = "`export.no-bundle`: none was published with it")))]
pub(super) async fn download_bundle(
    State(control): State<Arc<Control>>,
    caller: Caller,
    Path(export): Path<ExportId>,
) -> Result<Response, ControlError> {
    let bundle = control.export_bundle(&caller, &export).await?;
    Ok(attachment(BUNDLE, &format!("{export}.sigstore.json"), bundle))
}

/// A file of another service, to be saved under `name`.
fn attachment(kind: &'static str, name: &str, file: reqwest::Response) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers =
        [(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    (headers, Body::new(reqwest::Body::from(file))).into_response()
}

/// The media type of a sigstore bundle.
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
