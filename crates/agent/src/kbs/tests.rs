//! The protocol against a broker of the test's own, over real TLS.

use std::net::{Ipv4Addr, SocketAddr};

use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse as _;
use axum::routing::{get, post};
use axum::{Json, Router};
use channel::Identity;
use domain::Reason as _;
use domain::claims::HostData;
use serde_json::Value;

use super::*;
use crate::http::{AIRLOCK, BROKER};
use crate::platform::tests::Fake;
use crate::testing::given;

/// A broker that checks the form of what it gets and refuses the key.
fn broker() -> Router {
    Router::new()
        .route("/kbs/v0/auth", post(auth))
        .route("/kbs/v0/attest", post(attest))
        .route("/kbs/v0/resource/{*path}", get(resource))
        .route("/v0/job/refusal", post(refusal))
}

async fn auth(Json(request): Json<Value>) -> impl axum::response::IntoResponse {
    assert_eq!(request, json!({ "version": "0.4.0", "tee": "snp", "extra-params": {} }));
    let cookie = [("set-cookie", "kbs-session-id=abc; HttpOnly; Secure")];
    (cookie, Json(json!({ "nonce": "bm9uY2U", "extra-params": "" })))
}

async fn attest(headers: HeaderMap, Json(sent): Json<Value>) -> Json<Value> {
    assert_eq!(headers["cookie"], "kbs-session-id=abc");
    assert_eq!(sent["init-data"], json!({ "format": "toml", "body": given().initdata }));
    assert_eq!(sent["runtime-data"]["nonce"], "bm9uY2U");
    let key = &sent["runtime-data"]["tee-pubkey"];
    assert_eq!((&key["kty"], &key["crv"]), (&json!("EC"), &json!("P-256")));
    assert_eq!(sent["tee-evidence"]["additional_evidence"], "");
    let attestation: Attestation = serde_json::from_value(sent).unwrap();
    let evidence: evidence::snp::SnpEvidence =
        serde_json::from_value(attestation.tee_evidence.primary_evidence).unwrap();
    let bound = report_data("", &attestation.runtime_data).unwrap();
    assert_eq!(evidence.report[0x50..0x90], *bound.as_bytes());
    Json(json!({ "token": "the token" }))
}

async fn resource(headers: HeaderMap) -> axum::response::Response {
    assert_eq!(headers["authorization"], "Bearer the token");
    let problem = json!({ "type": "about:blank", "reason": "policy.denied", "detail": "no" });
    (StatusCode::FORBIDDEN, Json(problem)).into_response()
}

async fn refusal(headers: HeaderMap, Json(sent): Json<Value>) -> StatusCode {
    assert_eq!(headers["authorization"], "Bearer the token");
    assert_eq!(sent, json!({ "reason": "rules.digest" }));
    StatusCode::NO_CONTENT
}

/// Runs `client` against `router`, which answers under `identity`.
fn against<T>(router: Router, identity: &Identity, client: impl AsyncFnOnce(SocketAddr) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::select! {
            failed = channel::serve(listener, identity, router) => match failed.unwrap() {},
            done = client(address) => done,
        }
    })
}

async fn attested(address: SocketAddr, pin: Digest) -> Result<(Session, EnvelopeKey), AgentError> {
    let given = given();
    let platform = Fake { host_data: HostData::from(given.digest), stale: false };
    let mut measured = Measured::check(Box::new(platform), &given)?;
    let key = EnvelopeKey::generate()?;
    let service = Service::at(address, BROKER, pin)?;
    let session = Session::attest(service, &mut measured, &given, &key).await?;
    Ok((session, key))
}

#[test]
fn the_broker_gets_what_the_protocol_says_and_its_refusal_keeps_its_code() {
    let identity = Identity::generate().unwrap();
    let pin = identity.pin();
    let refused = against(broker(), &identity, async |address| {
        let (session, key) = attested(address, pin).await.unwrap();
        session.report_refusal("rules.digest".to_owned().try_into().unwrap()).await.unwrap();
        session.dataset_key(key, &Digest::of(b"dataset")).await.unwrap_err()
    });
    assert_eq!(refused.code().as_str(), "policy.denied");
    assert_eq!(refused.reason(), "guest.broker-refused");
}

#[test]
fn another_key_than_the_pinned_one_is_not_spoken_to() {
    let identity = Identity::generate().unwrap();
    let pin = Identity::generate().unwrap().pin();
    let refused = against(broker(), &identity, async |address| attested(address, pin).await);
    assert_eq!(refused.unwrap_err().reason(), "guest.unreachable");
}

#[test]
fn answers_outside_the_protocol_are_not_believed() {
    let identity = Identity::generate().unwrap();
    let pin = identity.pin();
    let nonce = || Json(json!({ "nonce": "n", "extra-params": "" }));
    let routers = [
        Router::new(),
        Router::new().route("/kbs/v0/auth", post(async || "no JSON")),
        Router::new().route("/kbs/v0/auth", post(async move || nonce())), // without a cookie
        Router::new().route("/kbs/v0/auth", post(async || "x".repeat(2 << 20))),
    ];
    for router in routers {
        let refused = against(router, &identity, async |address| attested(address, pin).await);
        assert_eq!(refused.unwrap_err().reason(), "guest.unreachable");
    }
}

#[test]
fn a_refusal_of_the_airlock_is_told_from_one_of_the_broker() {
    let identity = Identity::generate().unwrap();
    let pin = identity.pin();
    let problem =
        || (StatusCode::CONFLICT, Json(json!({ "reason": "output.late", "detail": "d" })));
    let router = Router::new().route("/v0/outputs", post(async move || problem()));
    let refused = against(router, &identity, async |address| {
        let airlock = Service::at(address, AIRLOCK, pin).unwrap();
        airlock.post("/v0/outputs", None, None, &json!({})).await.unwrap_err()
    });
    assert_eq!(refused.code().as_str(), "output.late");
    assert_eq!(refused.reason(), "guest.airlock-refused");
}
