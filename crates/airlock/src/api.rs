//! HTTP routes. Each runs its decision on a blocking thread: the ledger writes to disk.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use domain::Reason as _;
use domain::dsse::Envelope;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wire::Problem;
use wire::airlock::SubmitReview;

use crate::{Airlock, AirlockError};

/// The airlock's routes, under `/v0`.
pub fn router(airlock: Arc<Airlock>) -> Router {
    let delivery = post(deliver).layer(DefaultBodyLimit::max(DELIVERY_BYTES));
    Router::new()
        .route("/v0/outputs", delivery.get(list))
        .route("/v0/outputs/{output}", get(show))
        .route("/v0/outputs/{output}/content", post(content))
        .route("/v0/outputs/{output}/reviews", post(review))
        .route("/v0/outputs/{output}/export", post(export))
        .route("/v0/exports/{export}", get(download))
        .route("/v0/exports/{export}/bundle", get(download_bundle))
        .layer(DefaultBodyLimit::max(REQUEST_BYTES))
        .with_state(airlock)
}

async fn deliver(State(airlock): State<Arc<Airlock>>, body: Body) -> Response {
    answer(airlock, |airlock| airlock.take_in(read(body)?)).await
}

async fn list(State(airlock): State<Arc<Airlock>>) -> Response {
    answer(airlock, Airlock::outputs).await
}

async fn show(State(airlock): State<Arc<Airlock>>, Path(output): Path<String>) -> Response {
    answer(airlock, move |airlock| airlock.output(&name(&output)?)).await
}

async fn content(
    State(airlock): State<Arc<Airlock>>,
    Path(output): Path<String>,
    body: Body,
) -> Response {
    answer(airlock, move |airlock| airlock.content(&name(&output)?, &read::<Envelope>(body)?)).await
}

async fn review(
    State(airlock): State<Arc<Airlock>>,
    Path(output): Path<String>,
    body: Body,
) -> Response {
    let work = move |airlock: &Airlock| {
        let vote: SubmitReview = read(body)?;
        airlock.review(&name(&output)?, &vote.review)
    };
    answer(airlock, work).await
}

async fn export(State(airlock): State<Arc<Airlock>>, Path(output): Path<String>) -> Response {
    answer(airlock, move |airlock| airlock.export(&name(&output)?)).await
}

async fn download(State(airlock): State<Arc<Airlock>>, Path(export): Path<String>) -> Response {
    let work = move |airlock: &Airlock| {
        let file = airlock.export_file(&name(&export)?)?;
        Ok(([(header::CONTENT_TYPE, "application/zip")], file).into_response())
    };
    respond(airlock, work).await
}

async fn download_bundle(
    State(airlock): State<Arc<Airlock>>,
    Path(export): Path<String>,
) -> Response {
    let work = move |airlock: &Airlock| {
        let bundle = airlock.export_bundle(&name(&export)?)?;
        Ok(([(header::CONTENT_TYPE, BUNDLE)], bundle).into_response())
    };
    respond(airlock, work).await
}

async fn answer<T: Serialize>(
    airlock: Arc<Airlock>,
    work: impl FnOnce(&Airlock) -> Result<T, AirlockError> + Send + 'static,
) -> Response {
    respond(airlock, move |airlock| Ok(Json(work(airlock)?).into_response())).await
}

/// Does `work` on a blocking thread and answers with what it made, or with its refusal.
async fn respond(
    airlock: Arc<Airlock>,
    work: impl FnOnce(&Airlock) -> Result<Response, AirlockError> + Send + 'static,
) -> Response {
    let work = move || {
        work(&airlock).unwrap_or_else(|refusal| {
            airlock.count(&refusal);
            refusal.into_response()
        })
    };
    let aborted = |_| AirlockError::Aborted.into_response();
    tokio::task::spawn_blocking(work).await.unwrap_or_else(aborted)
}

fn read<T: DeserializeOwned>(body: Body) -> Result<T, AirlockError> {
    let bytes = body.map_err(|_| AirlockError::Request)?;
    serde_json::from_slice(&bytes).map_err(|_| AirlockError::Request)
}

/// A name in a path; what is no name names nothing.
fn name<T: std::str::FromStr>(text: &str) -> Result<T, AirlockError> {
    text.parse().map_err(|_| AirlockError::NotFound)
}

impl IntoResponse for AirlockError {
    fn into_response(self) -> Response {
        let status = match &self {
            _ if self.reason() == "object.erased" => StatusCode::GONE,
            Self::NoBundle | Self::NotFound => StatusCode::NOT_FOUND,
            Self::Malformed(_) | Self::Manifest(_) | Self::Request => StatusCode::BAD_REQUEST,
            Self::AlreadyDelivered | Self::AlreadyExported => StatusCode::CONFLICT,
            Self::Ledger(_) | Self::Aborted | Self::NoTimeStamp(_) | Self::Revocation(_) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            _ if self.reason().starts_with("log.") => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::FORBIDDEN,
        };
        let kind = [(header::CONTENT_TYPE, Problem::MEDIA_TYPE)];
        (status, kind, Json(Problem::of(&self))).into_response()
    }
}

type Body = Result<Bytes, BytesRejection>;

/// The media type of a sigstore bundle.
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// One sealed output at most, as JSON: 64 MiB of files in base64, with room for the rest.
const DELIVERY_BYTES: usize = 96 * 1024 * 1024;
/// Larger than any vote.
const REQUEST_BYTES: usize = 64 * 1024;
