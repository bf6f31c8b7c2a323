//! HTTP routes. Each runs its decision on a blocking thread: the ledger writes to disk.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use domain::Reason as _;
use domain::dsse::Envelope;
use domain::ids::{ExportId, OutputId};
use wire::Problem;
use wire::airlock::{Exported, OutputContent, OutputSummary, SealedOutput, SubmitReview};

use crate::{Airlock, AirlockError};

/// The airlock's routes, under `/v0`.
pub fn router(airlock: Arc<Airlock>) -> Router {
    Router::new()
        .route("/v0/outputs", post(deliver).get(list))
        .route("/v0/outputs/{output}", get(show))
        .route("/v0/outputs/{output}/content", post(content))
        .route("/v0/outputs/{output}/reviews", post(review))
        .route("/v0/outputs/{output}/export", post(export))
        .route("/v0/exports/{export}", get(download))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(airlock)
}

async fn deliver(
    State(airlock): State<Arc<Airlock>>,
    Json(sealed): Json<SealedOutput>,
) -> Result<Json<OutputSummary>, AirlockError> {
    blocking(move || airlock.take_in(sealed)).await.map(Json)
}

async fn list(
    State(airlock): State<Arc<Airlock>>,
) -> Result<Json<Vec<OutputSummary>>, AirlockError> {
    blocking(move || airlock.outputs()).await.map(Json)
}

async fn show(
    State(airlock): State<Arc<Airlock>>,
    Path(output): Path<OutputId>,
) -> Result<Json<OutputSummary>, AirlockError> {
    blocking(move || airlock.summary(airlock.package_of(&output)?)).await.map(Json)
}

async fn content(
    State(airlock): State<Arc<Airlock>>,
    Path(output): Path<OutputId>,
    Json(request): Json<Envelope>,
) -> Result<Json<OutputContent>, AirlockError> {
    blocking(move || airlock.content(&output, &request)).await.map(Json)
}

async fn review(
    State(airlock): State<Arc<Airlock>>,
    Path(output): Path<OutputId>,
    Json(vote): Json<SubmitReview>,
) -> Result<Json<OutputSummary>, AirlockError> {
    blocking(move || airlock.review(&output, &vote.review)).await.map(Json)
}

async fn export(
    State(airlock): State<Arc<Airlock>>,
    Path(output): Path<OutputId>,
) -> Result<Json<Exported>, AirlockError> {
    blocking(move || airlock.export(&output)).await.map(Json)
}

async fn download(
    State(airlock): State<Arc<Airlock>>,
    Path(export): Path<ExportId>,
) -> Result<Response, AirlockError> {
    let file = blocking(move || airlock.export_file(&export)).await?;
    Ok(([(header::CONTENT_TYPE, "application/zip")], file).into_response())
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, AirlockError> + Send + 'static,
) -> Result<T, AirlockError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| AirlockError::Aborted)?
}

impl IntoResponse for AirlockError {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Malformed(_) | Self::Manifest(_) => StatusCode::BAD_REQUEST,
            Self::Ledger(_) | Self::Aborted | Self::Revocation(_) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            _ if self.reason().starts_with("log.") => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::FORBIDDEN,
        };
        let kind = [(header::CONTENT_TYPE, Problem::MEDIA_TYPE)];
        (status, kind, Json(Problem::of(&self))).into_response()
    }
}

/// One sealed output at most, as JSON: 64 MiB of files in base64, with room for the rest.
const MAX_BODY_BYTES: usize = 96 * 1024 * 1024;
