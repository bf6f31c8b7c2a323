//! Answers that should not be, and what becomes of them.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::claims::Measurement;
use domain::keys::SecretKey;
use domain::project::{Proposal, Workload, WorkloadKind};
use domain::{Digest, canonical};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::api::{Api, me};

const DIGEST: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

#[test]
fn a_login_link_has_its_token_where_no_server_sees_it() {
    for url in ["https://host:8443", "https://host:8443/"] {
        assert_eq!(portal::login_link(url, "abc"), "https://host:8443/login#abc");
    }
}

#[tokio::test]
async fn the_token_goes_to_the_api_in_a_header_and_nowhere_else() {
    let api = Api::knowing("auditor").answering("/v1/jobs", &json!({"items": [], "next": null}));
    let (status, html) = api.see("/jobs").await;
    assert_eq!(status, 200, "{html}");
    assert!(!html.contains("secret-token"));
    let expected = [
        "GET /v1/me Bearer secret-token".to_owned(),
        "GET /v1/jobs?limit=20 Bearer secret-token".to_owned(),
    ];
    assert_eq!(api.asked(), expected);
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_is_no_page() {
    let empty = json!({});
    for (path, answer) in [
        ("/v1/me", json!({"person": "ada", "name": "Ada", "role": "king", "expires": "soon"})),
        ("/v1/datasets", json!({"items": [{}], "next": null})),
        ("/v1/projects", json!({"items": [], "next": "a\"><b>"})),
        ("/v1/jobs", json!([])),
        ("/v1/outputs", json!(null)),
        ("/v1/jobs/job-1", with(&job(), "state", json!("done"))),
        ("/v1/jobs/job-1", with(&job(), "project", json!("../../etc"))),
        ("/v1/jobs/job-1", with(&job(), "steps", json!([{"step": "flew", "at": "now"}]))),
        ("/v1/outputs/output-1", with(&output(), "export", json!("a/b"))),
        ("/v1/outputs/output-1", with(&output(), "platform", json!("cloud"))),
        ("/v1/outputs/output-1", empty.clone()),
        ("/v1/projects/study", empty),
    ] {
        let page = path.strip_prefix("/v1").unwrap();
        let page = if page == "/me" { "/" } else { page };
        let refused = Api::knowing("auditor").answering(path, &answer).see(page).await;
        must_refuse(&refused, 502, "portal.api");
    }
}

#[tokio::test]
async fn a_proposal_must_be_the_one_that_its_digests_name() {
    let (bytes, rules) = (canonical::to_vec(&proposal()).unwrap(), b"version = 1\n");
    let other = [&bytes[..], b" "].concat();
    for (digest, proposal, rules, status) in [
        (Digest::of(&bytes), &bytes[..], &rules[..], 200),
        (Digest::of(b"other"), &bytes[..], &rules[..], 502),
        (Digest::of(&bytes), &bytes[..], &b"version = 2\n"[..], 502),
        (Digest::of(&other), &other[..], &rules[..], 502),
        (Digest::of(b"{}"), &b"{}"[..], &rules[..], 502),
    ] {
        let project = json!({
            "id": "study", "title": "T", "state": "draft", "digest": digest,
            "proposal": STANDARD.encode(proposal), "output_rules": STANDARD.encode(rules),
            "created": "2026-01-31T12:00:00Z", "expires": "2026-01-31T12:00:00Z",
            "log_index": null, "refusal": null, "approvals": [],
        });
        for page in ["/projects/study", "/projects/study/proposal.json"] {
            let api = Api::knowing("custodian").answering("/v1/projects/study", &project);
            let seen = api.see(page).await;
            assert_eq!(seen.0, status, "{digest} {}", seen.1);
            assert_eq!(seen.1.contains("<code>portal.api</code>"), status == 502);
        }
    }
}

fn proposal() -> Proposal {
    let key = |seed| SecretKey::from_seed(&Zeroizing::new([seed; 32])).public();
    let person = |name: &str, seed| (name.parse().unwrap(), key(seed));
    Proposal {
        project: "study".parse().unwrap(),
        title: "T".to_owned(),
        purpose: "P".to_owned(),
        dataset: Digest::of(b"dataset"),
        workloads: vec![Workload {
            name: "counts".to_owned(),
            kind: WorkloadKind::Container,
            digest: Digest::of(b"program"),
            signer: "PEM".to_owned(),
            arguments: Vec::new(),
        }],
        measurements: BTreeSet::from([Measurement::from_bytes([1; 48])]),
        output_rules: Digest::of(b"version = 1\n"),
        release_policy: Digest::of(b"policy"),
        researchers: BTreeMap::from([person("ada", 1)]),
        reviewers: BTreeMap::from([person("bob", 2), person("eve", 3)]),
        reviews_required: 2,
        expires: "2026-01-31T12:00:00Z".parse().unwrap(),
    }
}

#[tokio::test]
async fn a_failure_without_a_reason_is_no_page() {
    for (status, body) in [(500, "oops"), (403, "{}"), (404, ""), (200, "{"), (302, "")] {
        let refused = Api::knowing("auditor").saying("/v1/jobs", status, body).see("/jobs").await;
        must_refuse(&refused, 502, "portal.api");
    }
    let problem = json!({"reason": "system.database", "detail": "the database failed"}).to_string();
    let refused = Api::knowing("auditor").saying("/v1/jobs", 500, &problem).see("/jobs").await;
    must_refuse(&refused, 500, "system.database");
    assert!(refused.1.contains("the database failed"));
}

#[tokio::test]
async fn a_checkpoint_that_cannot_be_read_is_no_page() {
    for note in ["", "origin\n9\n", "origin\nnine\nAAAA\n\n— x y\n"] {
        let api = Api::knowing("auditor").saying("/log/checkpoint", 200, note);
        must_refuse(&api.see("/log").await, 502, "portal.api");
    }
}

#[tokio::test]
async fn names_that_name_nothing_are_not_asked_for() {
    let api = Api::knowing("auditor");
    for page in ["/jobs/..%2Fme", "/jobs/A", "/datasets/x", "/outputs/%00", "/exports/a%3Fb"] {
        must_refuse(&api.see(page).await, 404, "access.not-found");
    }
    assert!(api.asked().iter().all(|asked| asked.starts_with("GET /v1/me ")), "{:?}", api.asked());
}

#[tokio::test]
async fn only_the_emulated_platform_has_the_mark() {
    let mark = "emulated, not confidential";
    for (platform, marked) in [("hardware", false), ("emulated", true)] {
        let job = with(&job(), "platform", json!(platform));
        let output = with(&output(), "platform", json!(platform));
        let api = Api::knowing("auditor")
            .answering("/v1/jobs", &json!({"items": [job], "next": null}))
            .answering("/v1/jobs/job-1", &job)
            .answering("/v1/outputs", &json!({"items": [output], "next": null}))
            .answering("/v1/outputs/output-1", &output);
        for page in ["/jobs", "/jobs/job-1", "/outputs", "/outputs/output-1"] {
            let (status, html) = api.see(page).await;
            assert_eq!((status, html.contains(mark)), (200, marked), "{page} {html}");
        }
    }
}

#[tokio::test]
async fn more_than_was_looked_at_is_said_to_be_more() {
    let mut items = vec![output(); 3];
    items[0]["state"] = json!("exported");
    let listing = |next: Value| json!({"items": items, "next": next});
    for (next, count) in [(json!(null), ">2<"), (json!("output-1"), ">2+<")] {
        let api = Api::knowing("reviewer").answering("/v1/outputs", &listing(next));
        let (status, html) = api.see("/").await;
        assert_eq!((status, html.contains(count)), (200, true), "{html}");
    }
}

#[tokio::test]
async fn a_login_that_ends_between_two_questions_leads_to_the_form() {
    let ended = json!({"reason": "access.login-required", "detail": "log in"}).to_string();
    for page in ["/", "/jobs"] {
        let api = Api::knowing("operator").saying("/v1/jobs", 401, &ended);
        assert_eq!(api.see(page).await.0, 303);
    }
    assert_eq!(me("operator")["role"], "operator");
}

#[track_caller]
fn must_refuse((status, html): &(u16, String), expected: u16, reason: &str) {
    assert_eq!(*status, expected, "{html}");
    assert!(html.contains(&format!("<code>{reason}</code>")), "{html}");
}

fn with(value: &Value, member: &str, other: Value) -> Value {
    let mut value = value.clone();
    value[member] = other;
    value
}

#[tokio::test]
async fn an_output_kept_in_by_what_left_before_says_so() {
    let refused = json!([{ "name": "", "reason": "output.difference-isolates" }]);
    let answer = with(&with(&output(), "state", json!("refused")), "refused", refused);
    let api = Api::knowing("auditor").answering("/v1/outputs/output-1", &answer);
    let (status, page) = api.see("/outputs/output-1").await;
    assert_eq!(status, 200);
    assert!(page.contains("All of it, beside what left of the dataset before"), "{page}");
    assert!(page.contains("<code>output.difference-isolates</code>"), "{page}");
    assert!(!page.contains("<code></code>"), "{page}");
}

fn job() -> Value {
    json!({
        "id": "job-1", "project": "study", "author": "ada", "workload": DIGEST,
        "state": "running", "reason": null, "detail": null, "cancel_asked": false,
        "launch": null, "log_index": null, "accelerator": "kvm", "platform": null,
        "notice": null, "peak_memory_kib": null, "created": "2026-01-31T12:00:00Z",
        "updated": "2026-01-31T12:00:00Z", "steps": [],
    })
}

fn output() -> Value {
    json!({
        "output": "output-1", "project": "study", "author": "ada", "package": DIGEST,
        "received": "2026-01-31T12:00:00Z", "state": "in-review", "files": [], "refused": [],
        "platform": "hardware", "accepted_votes": 0, "votes_needed": 2, "notice": null,
        "export": null, "bundle": false,
    })
}
