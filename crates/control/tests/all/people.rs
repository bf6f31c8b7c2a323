//! Logins: how long they last, and what of a person goes where.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::atomic::Ordering;

use reqwest::Method;

use crate::world::{NOW, World, job_request};

#[tokio::test]
async fn me_is_who_holds_the_token() {
    let world = World::new().await;
    let me = world.get("reviewer-1", "/v1/me").await.must_be(200);
    assert_eq!(me["person"], "reviewer-1");
    assert_eq!(me["role"], "reviewer");
    assert_eq!(me["expires"], "2027-01-15T09:00:00Z");
}

#[tokio::test]
async fn a_login_ends_by_time_and_by_revocation() {
    let world = World::new().await;
    world.clock.store(NOW + 3599, Ordering::SeqCst);
    world.get("auditor-1", "/v1/me").await.must_be(200);
    world.clock.store(NOW + 3600, Ordering::SeqCst);
    world.get("auditor-1", "/v1/me").await.must_refuse(401, "access.login-required");
    world.clock.store(NOW, Ordering::SeqCst);
    assert_eq!(world.control.revoke_logins(&"auditor-1".parse().unwrap()).await.unwrap(), 1);
    world.get("auditor-1", "/v1/me").await.must_refuse(401, "access.login-required");
    world.get("operator-1", "/v1/me").await.must_be(200);
}

#[tokio::test]
async fn only_the_exact_token_logs_in() {
    let world = World::new().await;
    let token = world.token("operator-1");
    for wrong in ["", "x", &token.to_uppercase(), &token[1..], &format!("{token}0")] {
        let refused = world.send_with(Method::GET, Some(wrong), "/v1/me", Vec::new()).await;
        refused.must_refuse(401, "access.login-required");
    }
    let unknown = world.control.issue_login(&"nobody".parse().unwrap(), 60).await.unwrap_err();
    assert_eq!(unknown.code().as_str(), "access.not-found");
}

#[tokio::test]
async fn the_database_is_private_and_holds_no_token() {
    let world = World::new().await;
    let token = world.token("operator-1");
    for file in ["control.sqlite", "control.sqlite-wal"] {
        let bytes = std::fs::read(world.folder.path().join(file)).unwrap();
        assert!(!bytes.windows(token.len()).any(|window| window == token.as_bytes()), "{file}");
        let mode = std::fs::metadata(world.folder.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[tokio::test]
async fn names_go_to_no_other_service() {
    let world = World::with_projects().await;
    let request = job_request("job-1", "study", "researcher-1");
    world.post("researcher-1", "/v1/jobs", &request).await.must_be(201);
    let asked = world.script.asked.lock().unwrap();
    assert!(asked.len() >= 6);
    assert!(asked.iter().all(|(_, body)| !body.to_string().contains("Dr. Name")));
}
