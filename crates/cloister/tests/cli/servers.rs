//! Commands that talk to a server, against one that answers what a test wants.

use std::net::SocketAddr;

use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse as _;
use axum::{Json, Router};
use base64::Engine as _;
use channel::Identity;
use domain::Digest;
use domain::dsse::Envelope;
use domain::output::{OutputPackage, PackageFile};
use domain::review::{Review, Vote};
use serde_json::json;

use crate::run::{Bench, Ran};

/// A server with a key of its own. `/v1/jobs` and `/v1/workloads` echo; everything else is refused.
struct Server {
    address: SocketAddr,
    pin: Digest,
}

impl Server {
    fn start() -> Self {
        let identity = Identity::generate().unwrap();
        let pin = identity.pin();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                let router = Router::new().fallback(answer);
                channel::serve(listener, &identity, router).await
            })
        });
        Self { address, pin }
    }

    fn run(&self, bench: &Bench, pin: &str, arguments: &str) -> Ran {
        let url = format!("https://{}", self.address);
        let environment = [
            ("CLOISTER_SERVER", url.as_str()),
            ("CLOISTER_PIN", pin),
            ("CLOISTER_TOKEN", "a-token"),
        ];
        bench.run_with(&arguments.split(' ').collect::<Vec<_>>(), &environment)
    }
}

async fn answer(request: Request) -> axum::response::Response {
    let token = request.headers().get(header::AUTHORIZATION).cloned();
    let path = request.uri().path().to_owned();
    let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    if path == "/v0/outputs/output-1/content" {
        return Json(content()).into_response();
    }
    if path == "/v1/outputs/output-1/reviews" {
        return Json(body).into_response();
    }
    if path.starts_with("/v1/workloads") {
        return Json(json!({ "path": path })).into_response();
    }
    if path.starts_with("/v1/jobs") {
        let token = token.map(|token| token.to_str().unwrap().to_owned());
        return Json(json!({ "path": path, "token": token, "body": body })).into_response();
    }
    let problem = json!({ "reason": "approval.expired", "detail": "the approval has expired" });
    (StatusCode::FORBIDDEN, Json(problem)).into_response()
}

#[test]
fn a_job_request_is_signed_and_sent_with_the_login() {
    let (bench, server) = (Bench::new(), Server::start());
    let pin = server.pin.to_string();
    bench.key("alice");
    let start = format!(
        "job start --project visits --workload {} --author alice --key alice.key --job job-1",
        Digest::of(b"component")
    );
    let ran = server.run(&bench, &pin, &start);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.text("path"), "/v1/jobs");
    assert_eq!(ran.text("token"), "Bearer a-token");
    let kind = &ran.json["body"]["request"]["payloadType"];
    assert_eq!(kind, "application/vnd.cloister.job-request.v1+json");
    let status = server.run(&bench, &pin, "job status job-1");
    assert_eq!(status.text("path"), "/v1/jobs/job-1");
}

#[test]
fn a_workload_is_put_at_its_digest_and_its_signature_beside_it() {
    let (bench, server) = (Bench::new(), Server::start());
    bench.write("visits.wasm", "component");
    bench.write("bundle.json", "{}");
    let upload = "project upload-workload visits.wasm --bundle bundle.json";
    let ran = server.run(&bench, &server.pin.to_string(), upload);
    let path = format!("/v1/workloads/{}/bundle", Digest::of(b"component"));
    assert_eq!((ran.code, ran.text("path")), (0, path));
}

/// What an airlock shows of a package with one file.
fn content() -> serde_json::Value {
    json!({
        "summary": {
            "output": "output-1", "project": "visits", "author": "alice",
            "package": package().digest().unwrap(), "received": "2026-11-20T12:00:00Z",
            "state": "in-review", "files": ["visits.csv"], "refused": [], "platform": "emulated",
            "accepted_votes": 0, "votes_needed": 2,
        },
        "package": base64::engine::general_purpose::STANDARD.encode(package().to_bytes().unwrap()),
    })
}

fn package() -> OutputPackage {
    let file =
        PackageFile { name: "visits.csv".into(), content: "site\nnorth\n".into(), checked: None };
    OutputPackage {
        job: "job-1".parse().unwrap(),
        launch: "launch-1".parse().unwrap(),
        author: "alice".parse().unwrap(),
        project: "visits".parse().unwrap(),
        manifest: Digest::of(b"manifest"),
        report: "{}".into(),
        files: vec![file],
        records: None,
    }
}

#[test]
fn a_reviewer_reads_first_and_votes_on_what_was_read() {
    let (bench, server) = (Bench::new(), Server::start());
    let pin = server.pin.to_string();
    bench.key("bob");
    let airlock = format!("--airlock https://{} --airlock-pin {pin}", server.address);
    let review = format!("output review output-1 --reviewer bob --key bob.key {airlock}");
    let shown = server.run(&bench, &pin, &review);
    assert_eq!(shown.verdict(), (0, "shown", None), "{shown:?}");
    assert_eq!(shown.json["files"][0]["content"], "site\nnorth\n");
    let digest = shown.text("package");
    assert_eq!(digest, package().digest().unwrap().to_string());

    assert_eq!(server.run(&bench, &pin, &format!("{review} --vote accept")).code, 2);
    let vote = format!("{review} --vote reject --package {digest}");
    let voted = server.run(&bench, &pin, &vote);
    assert_eq!(voted.code, 0, "{voted:?}");
    let envelope: Envelope = serde_json::from_value(voted.json["review"].clone()).unwrap();
    let signed: Review = serde_json::from_slice(&envelope.unverified_payload().unwrap()).unwrap();
    assert_eq!((signed.vote, signed.package.to_string()), (Vote::Reject, digest));
}

#[test]
fn a_servers_refusal_keeps_its_reason() {
    let (bench, server) = (Bench::new(), Server::start());
    let ran = server.run(&bench, &server.pin.to_string(), "output show output-1");
    assert_eq!(ran.verdict(), (1, "refused", Some("approval.expired")));
    assert_eq!(ran.text("detail"), "the approval has expired");
}

#[test]
fn a_server_with_another_key_gets_nothing() {
    let (bench, server) = (Bench::new(), Server::start());
    let ran = server.run(&bench, &Digest::of(b"another").to_string(), "job status");
    assert_eq!(ran.verdict(), (2, "unusable", Some("server.unreachable")));
}

#[test]
fn a_server_can_be_named_in_a_file() {
    let (bench, server) = (Bench::new(), Server::start());
    let unknown = bench.run("job status");
    assert_eq!(unknown.verdict(), (2, "unusable", Some("server.unknown")));
    let (address, pin) = (server.address, server.pin);
    bench.write(
        "cloister.toml",
        format!("server = \"https://{address}\"\npin = \"{pin}\"\ntoken_file = \"token\"\n"),
    );
    bench.write("token", "from-a-file\n");
    let ran = bench.run("job status");
    assert_eq!(ran.text("token"), "Bearer from-a-file", "{ran:?}");
    bench.write("cloister.toml", "sever = \"x\"");
    assert_eq!(bench.run("job status").verdict(), (2, "unusable", Some("input.malformed")));
}
