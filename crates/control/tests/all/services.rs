//! A broker and an airlock that keep what they were asked and answer what they were told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use channel::Identity;
use control::Service;
use domain::Digest;
use domain::claims::Trust;
use domain::dsse::Envelope;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use wire::airlock::{OutputState, OutputSummary};

/// What both fakes share with the test.
#[derive(Default)]
pub(crate) struct Script {
    /// Every request: its path and its JSON body.
    pub(crate) asked: Mutex<Vec<(String, Value)>>,
    /// Paths that are refused, with status and reason.
    pub(crate) refuse: Mutex<BTreeMap<String, (u16, &'static str)>>,
    /// What the airlock has.
    pub(crate) outputs: Mutex<Vec<OutputSummary>>,
}

impl Script {
    pub(crate) fn refuse(&self, path: &str, status: u16, reason: &'static str) {
        self.refuse.lock().unwrap().insert(path.to_owned(), (status, reason));
    }

    pub(crate) fn allow(&self, path: &str) {
        self.refuse.lock().unwrap().remove(path);
    }

    /// The bodies that came in at `path`.
    pub(crate) fn asked(&self, path: &str) -> Vec<Value> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|(at, _)| at == path).map(|(_, body)| body.clone()).collect()
    }

    fn hear(&self, uri: &Uri, body: &[u8]) -> Option<Response> {
        let body = serde_json::from_slice(body).unwrap_or(Value::Null);
        self.asked.lock().unwrap().push((uri.path().to_owned(), body));
        let (status, reason) = *self.refuse.lock().unwrap().get(uri.path())?;
        Some(problem(status, reason))
    }
}

fn problem(status: u16, reason: &str) -> Response {
    let body = json!({"type": "about:blank", "reason": reason, "detail": "as the test said"});
    let kind = [(header::CONTENT_TYPE, "application/problem+json")];
    (StatusCode::from_u16(status).unwrap(), kind, Json(body)).into_response()
}

/// Serves `router` on loopback under a new key.
pub(crate) async fn serve(router: Router) -> Service {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let identity = Identity::generate().unwrap();
    let pin = identity.pin();
    tokio::spawn(async move { channel::serve(listener, &identity, router).await });
    Service { url, pin }
}

pub(crate) fn broker(script: Arc<Script>) -> Router {
    Router::new()
        .route("/v0/datasets", post(dataset))
        .route("/v0/projects", post(project))
        .route("/v0/launches", post(launch))
        .with_state(script)
}

async fn dataset(State(script): State<Arc<Script>>, uri: Uri, body: Bytes) -> Response {
    if let Some(refused) = script.hear(&uri, &body) {
        return refused;
    }
    let request: wire::broker::RegisterDataset = serde_json::from_slice(&body).unwrap();
    let digest = request.manifest.payload_digest().unwrap();
    Json(json!({"digest": digest, "log_index": 1})).into_response()
}

/// Two statements are enough; one that says `bad` is nobody's.
async fn project(State(script): State<Arc<Script>>, uri: Uri, body: Bytes) -> Response {
    if let Some(refused) = script.hear(&uri, &body) {
        return refused;
    }
    let request: wire::broker::ApproveProject = serde_json::from_slice(&body).unwrap();
    let bad = |said: &Envelope| said.unverified_payload().unwrap() == b"bad";
    if request.approvals.iter().any(bad) {
        problem(403, "approval.signature")
    } else if request.approvals.len() < 2 {
        problem(403, "approval.too-few")
    } else {
        Json(json!({"digest": Digest::of(&request.proposal), "log_index": 2})).into_response()
    }
}

async fn launch(State(script): State<Arc<Script>>, uri: Uri, body: Bytes) -> Response {
    if let Some(refused) = script.hear(&uri, &body) {
        return refused;
    }
    Json(json!({"launch": "launch-1", "initdata": "aW5pdGRhdGE=", "log_index": 3})).into_response()
}

pub(crate) fn airlock(script: Arc<Script>) -> Router {
    Router::new()
        .route("/v0/outputs", get(outputs))
        .route("/v0/outputs/{output}", get(output))
        .route("/v0/outputs/{output}/reviews", post(review))
        .route("/v0/outputs/{output}/export", post(export))
        .route("/v0/exports/{export}", get(download))
        .route("/v0/exports/{export}/bundle", get(bundle))
        .with_state(script)
}

async fn outputs(State(script): State<Arc<Script>>, uri: Uri) -> Response {
    let refused = script.hear(&uri, b"");
    refused.unwrap_or_else(|| Json(script.outputs.lock().unwrap().clone()).into_response())
}

async fn output(State(script): State<Arc<Script>>, Path(output): Path<String>) -> Response {
    let outputs = script.outputs.lock().unwrap();
    let found = outputs.iter().find(|held| held.output.as_str() == output);
    found.map_or_else(|| problem(404, "output.not-found"), |found| Json(found).into_response())
}

async fn review(
    State(script): State<Arc<Script>>,
    Path(name): Path<String>,
    uri: Uri,
    body: Bytes,
) -> Response {
    match script.hear(&uri, &body) {
        Some(refused) => refused,
        None => output(State(script), Path(name)).await,
    }
}

async fn export(State(script): State<Arc<Script>>, Path(name): Path<String>, uri: Uri) -> Response {
    let export = name.replace("output", "export");
    let bundle = export != UNPUBLISHED;
    let answer =
        json!({"export": export, "sha256": Digest::of(ZIP), "log_index": 9, "bundle": bundle});
    script.hear(&uri, b"").unwrap_or_else(|| Json(answer).into_response())
}

async fn download() -> &'static [u8] {
    ZIP
}

async fn bundle(Path(export): Path<String>) -> Response {
    if export == UNPUBLISHED {
        return problem(404, "export.no-bundle");
    }
    BUNDLE.into_response()
}

/// The one export with which no bundle was published.
const UNPUBLISHED: &str = "export-4";
/// What every published bundle is.
pub(crate) const BUNDLE: &[u8] = b"{}";
/// What every export is.
pub(crate) const ZIP: &[u8] = b"PK, in a manner of speaking";

/// An output that was made on the emulated platform.
pub(crate) fn summary(output: &str, project: &str) -> OutputSummary {
    OutputSummary {
        output: output.parse().unwrap(),
        project: project.parse().unwrap(),
        author: "researcher-1".parse().unwrap(),
        package: Digest::of(output.as_bytes()),
        received: "2026-11-20T12:00:00Z".parse().unwrap(),
        state: OutputState::InReview,
        files: vec!["counts.csv".to_owned()],
        refused: Vec::new(),
        platform: Trust::Emulated,
        accepted_votes: 0,
        votes_needed: 2,
    }
}
