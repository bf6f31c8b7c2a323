//! The broker on HTTP: one route for each action, one place that turns refusals into answers.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use domain::Reason as _;
use domain::ids::ProjectId;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wire::Problem;
use wire::kbs::SESSION_COOKIE;

use crate::{Broker, BrokerError};

/// The broker's routes: the KBS protocol under `/kbs/v0`, everything else under `/v0`.
///
/// Every refusal is answered as `application/problem+json` with its reason code, in a form that
/// reads as [`Problem`] and as the `ErrorInformation` of the KBS protocol.
pub fn router(broker: Arc<Broker>) -> Router {
    Router::new()
        .route("/v0/about", get(about))
        .route("/v0/datasets", post(datasets))
        .route("/v0/projects", post(projects))
        .route("/v0/projects/{project}", get(project))
        .route("/v0/launches", post(launches))
        .route("/v0/job/refusal", post(job_refusal))
        .route("/kbs/v0/auth", post(auth))
        .route("/kbs/v0/attest", post(attest))
        .route("/kbs/v0/resource/{repository}/{type}/{tag}", get(resource))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .with_state(broker)
}

async fn about(State(broker): State<Arc<Broker>>) -> Response {
    answer(broker, |broker| Ok(broker.about())).await
}

async fn datasets(State(broker): State<Arc<Broker>>, body: Body) -> Response {
    answer(broker, |broker| broker.register_dataset(&read(body)?)).await
}

async fn projects(State(broker): State<Arc<Broker>>, body: Body) -> Response {
    answer(broker, |broker| broker.approve_project(&read(body)?)).await
}

async fn project(State(broker): State<Arc<Broker>>, Path(name): Path<String>) -> Response {
    answer(broker, move |broker| {
        let name: ProjectId = name.parse().map_err(|_| BrokerError::ProjectUnknown)?;
        broker.project_record(&name)
    })
    .await
}

async fn launches(State(broker): State<Arc<Broker>>, body: Body) -> Response {
    answer(broker, |broker| broker.authorise_launch(&read(body)?)).await
}

async fn job_refusal(
    State(broker): State<Arc<Broker>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    respond(broker, move |broker| {
        broker.job_refused(bearer(&headers), read(body)?)?;
        Ok(StatusCode::NO_CONTENT.into_response())
    })
    .await
}

async fn auth(State(broker): State<Arc<Broker>>, body: Body) -> Response {
    respond(broker, |broker| {
        let (session, challenge) = broker.challenge(&read(body)?)?;
        let cookie = format!("{SESSION_COOKIE}={session}; Path=/kbs/v0; Secure; HttpOnly");
        Ok(([(SET_COOKIE, cookie)], json(&challenge)?).into_response())
    })
    .await
}

async fn attest(State(broker): State<Arc<Broker>>, headers: HeaderMap, body: Body) -> Response {
    answer(broker, move |broker| broker.attest(cookie(&headers), &read(body)?)).await
}

async fn resource(
    State(broker): State<Arc<Broker>>,
    Path((repository, kind, tag)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    let path = format!("{repository}/{kind}/{tag}");
    answer(broker, move |broker| broker.release(bearer(&headers), &path)).await
}

async fn answer<T: Serialize>(
    broker: Arc<Broker>,
    work: impl FnOnce(&Broker) -> Result<T, BrokerError> + Send + 'static,
) -> Response {
    respond(broker, move |broker| json(&work(broker)?)).await
}

/// Does `work` on a blocking thread and answers with what it made, or with its refusal.
async fn respond(
    broker: Arc<Broker>,
    work: impl FnOnce(&Broker) -> Result<Response, BrokerError> + Send + 'static,
) -> Response {
    let work = move || {
        work(&broker).unwrap_or_else(|refusal| {
            broker.count(&refusal);
            refused(&refusal)
        })
    };
    let stopped = StatusCode::INTERNAL_SERVER_ERROR;
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| stopped.into_response())
}

fn refused(refusal: &BrokerError) -> Response {
    #[derive(Serialize)]
    struct Body {
        r#type: String,
        #[serde(flatten)]
        problem: Problem,
    }
    let r#type = format!("https://cloister.example/problems/{}", refusal.reason());
    let body = serde_json::to_vec(&Body { r#type, problem: Problem::of(refusal) });
    let headers = [(CONTENT_TYPE, Problem::MEDIA_TYPE)];
    (status(refusal), headers, body.unwrap_or_default()).into_response()
}

const fn status(refusal: &BrokerError) -> StatusCode {
    match refusal {
        BrokerError::Malformed(_)
        | BrokerError::RequestBody
        | BrokerError::Tee
        | BrokerError::Version => StatusCode::BAD_REQUEST,
        BrokerError::NonceExpired
        | BrokerError::NonceUnknown
        | BrokerError::NonceUsed
        | BrokerError::SessionUnknown
        | BrokerError::Token
        | BrokerError::TokenExpired => StatusCode::UNAUTHORIZED,
        BrokerError::ProjectUnknown => StatusCode::NOT_FOUND,
        BrokerError::DatasetRegistered => StatusCode::CONFLICT,
        BrokerError::Cryptography
        | BrokerError::KeyStore(_)
        | BrokerError::Ledger(_)
        | BrokerError::Replay { .. }
        | BrokerError::RevocationList(_)
        | BrokerError::TooManySessions => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::FORBIDDEN,
    }
}

fn json<T: Serialize>(value: &T) -> Result<Response, BrokerError> {
    let body = serde_json::to_vec(value).map_err(BrokerError::Malformed)?;
    let headers: [(HeaderName, &str); 1] = [(CONTENT_TYPE, "application/json")];
    Ok((headers, body).into_response())
}

fn read<T: DeserializeOwned>(body: Body) -> Result<T, BrokerError> {
    let bytes = body.map_err(|_| BrokerError::RequestBody)?;
    serde_json::from_slice(&bytes).map_err(BrokerError::Malformed)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get(COOKIE)?.to_str().ok()?;
    cookies.split(';').find_map(|cookie| {
        let (name, value) = cookie.trim().split_once('=')?;
        (name == SESSION_COOKIE).then_some(value)
    })
}

type Body = Result<Bytes, BytesRejection>;

/// Larger than any manifest, proposal or evidence; small enough to be sent by anybody.
const BODY_BYTES: usize = 1 << 20;
