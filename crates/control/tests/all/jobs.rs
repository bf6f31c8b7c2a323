//! Jobs, from the request to each of their ends.

use std::time::Duration;

use control::{LaunchEvent, LaunchOrder};
use domain::claims::Trust;
use serde_json::{Value, json};
use tokio::time::timeout;
use wire::guest::{Progress, Step};

use crate::world::{COMPONENT, RULES, World, draft, job_request, proposal};

const ADA: &str = "researcher-1";

async fn submitted(world: &mut World) -> LaunchOrder {
    let job = world.post(ADA, "/v1/jobs", &job_request("job-1", "study", ADA)).await.must_be(201);
    assert_eq!(job["state"], "authorised");
    world.orders.recv().await.unwrap()
}

async fn say(order: &LaunchOrder, event: LaunchEvent) {
    order.events.send(event).await.unwrap();
}

fn started() -> LaunchEvent {
    LaunchEvent::Started { accelerator: "tcg".to_owned(), platform: Trust::Emulated }
}

fn step(step: Step, uptime_ms: u64) -> LaunchEvent {
    LaunchEvent::Progress(Progress::Step { step, uptime_ms })
}

async fn end(world: &World, state: &str) -> (Value, Value) {
    let job = world.job_in(ADA, "job-1", state).await;
    (job["reason"].clone(), job["detail"].clone())
}

/// Whoever asked may be gone: what was written down goes its way. On a busy machine they may be gone before
/// they were heard, and ask again.
#[tokio::test]
async fn who_leaves_leaves_nothing_half_done() {
    const SOON: Duration = Duration::from_secs(5);
    let mut world = World::with_projects().await;
    let request = job_request("job-1", "study", ADA);
    let mut order = loop {
        world.ask_and_leave(ADA, "/v1/jobs", &request).await;
        if let Ok(order) = timeout(SOON, world.orders.recv()).await {
            break order.unwrap();
        }
    };
    world.job_in(ADA, "job-1", "authorised").await;
    let asked = loop {
        world.ask_and_leave(ADA, "/v1/jobs/job-1/cancel", &json!({})).await;
        if let Ok(asked) = timeout(SOON, &mut order.cancel).await {
            break asked;
        }
    };
    asked.unwrap();
}

#[tokio::test]
async fn a_job_goes_all_the_way() {
    let mut world = World::with_projects().await;
    let order = submitted(&mut world).await;
    assert_eq!(order.job.as_str(), "job-1");
    assert_eq!(order.launch.as_str(), "launch-1");
    assert_eq!(order.initdata, b"initdata");
    assert_eq!(order.dataset_folder, world.folder.path().join("datasets/randhie"));
    assert_eq!(std::fs::read(&order.workload).unwrap(), COMPONENT);
    assert_eq!(order.bundle, b"{}");
    assert_eq!(order.output_rules, RULES);
    say(&order, started()).await;
    let job = world.job_in(ADA, "job-1", "launched").await;
    assert_eq!(job["platform"], "emulated");
    assert_eq!(job["notice"], "emulated platform: not confidential");
    assert_eq!(job["accelerator"], "tcg");
    for (step_, state) in [
        (Step::Attested, "attested"),
        (Step::KeyReceived, "key-released"),
        (Step::Running, "running"),
        (Step::Delivering, "checking"),
    ] {
        say(&order, step(step_, 100)).await;
        world.job_in(ADA, "job-1", state).await;
    }
    say(&order, LaunchEvent::Progress(Progress::Done { uptime_ms: 200, peak_memory_kib: 9000 }))
        .await;
    say(&order, LaunchEvent::Ended).await;
    let job = world.job_in(ADA, "job-1", "delivered").await;
    assert_eq!(job["peak_memory_kib"], 9000);
    assert_eq!(job["steps"].as_array().unwrap().len(), 4);
    assert_eq!(
        job["steps"][0],
        json!({"step": "attested", "uptime_ms": 100, "at": "2027-01-15T08:00:00Z"})
    );
    let refused = world.post(ADA, "/v1/jobs/job-1/cancel", &json!(null)).await;
    refused.must_refuse(409, "job.ended");
    let listed = world.get(ADA, "/v1/jobs").await.must_be(200);
    assert_eq!(listed["items"][0], job);
}

#[tokio::test]
async fn the_brokers_refusal_ends_the_job_and_starts_nothing() {
    let mut world = World::with_projects().await;
    world.script.refuse("/v0/launches", 403, "approval.expired");
    let job = world.post(ADA, "/v1/jobs", &job_request("job-1", "study", ADA)).await.must_be(201);
    assert_eq!(job["state"], "refused");
    assert_eq!(job["reason"], "approval.expired");
    assert_eq!(job["detail"], "as the test said");
    assert!(matches!(world.orders.try_recv(), Err(tokio::sync::mpsc::error::TryRecvError::Empty)));
}

#[tokio::test]
async fn the_guests_refusal_is_the_jobs() {
    let mut world = World::with_projects().await;
    let order = submitted(&mut world).await;
    say(&order, started()).await;
    let reason = "output.cell-below-threshold".to_owned().try_into().unwrap();
    let detail = "x".repeat(5000);
    say(&order, LaunchEvent::Progress(Progress::Refused { reason, detail, uptime_ms: 7 })).await;
    say(&order, LaunchEvent::Ended).await;
    let expected = (json!("output.cell-below-threshold"), json!("x".repeat(500)));
    assert_eq!(end(&world, "refused").await, expected);
}

#[tokio::test]
async fn a_launch_can_fail_in_three_ways() {
    for (event, reason) in [
        (
            Some(LaunchEvent::Failed {
                reason: "launcher.qemu-failed".to_owned().try_into().unwrap(),
                detail: "it broke".to_owned(),
            }),
            "launcher.qemu-failed",
        ),
        (Some(LaunchEvent::Ended), "job.ended-early"),
        (None, "job.launcher-lost"),
    ] {
        let mut world = World::with_projects().await;
        let order = submitted(&mut world).await;
        say(&order, started()).await;
        if let Some(event) = event {
            say(&order, event).await;
        }
        drop(order);
        assert_eq!(end(&world, "failed").await.0, reason);
    }
}

#[tokio::test]
async fn without_a_launcher_the_job_fails() {
    let mut world = World::with_projects().await;
    world.orders.close();
    world.post(ADA, "/v1/jobs", &job_request("job-1", "study", ADA)).await.must_be(201);
    assert_eq!(end(&world, "failed").await.0, "job.launcher-lost");
}

#[tokio::test]
async fn a_job_is_cancelled_once_its_machine_is_off() {
    let mut world = World::with_projects().await;
    let order = submitted(&mut world).await;
    say(&order, started()).await;
    world.job_in(ADA, "job-1", "launched").await;
    let job = world.post(ADA, "/v1/jobs/job-1/cancel", &json!(null)).await.must_be(202);
    assert_eq!((&job["state"], &job["cancel_asked"]), (&json!("launched"), &json!(true)));
    order.cancel.await.unwrap();
    order.events.send(LaunchEvent::Ended).await.unwrap();
    assert_eq!(end(&world, "cancelled").await, (json!(null), json!(null)));
}

#[tokio::test]
async fn a_job_that_waits_for_a_machine_can_be_cancelled() {
    let world = World::with_projects().await;
    for number in 1..=9 {
        let request = job_request(&format!("job-{number}"), "study", ADA);
        world.post(ADA, "/v1/jobs", &request).await.must_be(201);
    }
    world.post(ADA, "/v1/jobs/job-9/cancel", &json!(null)).await.must_be(202);
    world.job_in(ADA, "job-9", "cancelled").await;
}

#[tokio::test]
async fn a_repeated_request_starts_nothing_new() {
    let mut world = World::with_projects().await;
    let order = submitted(&mut world).await;
    let again = world.post(ADA, "/v1/jobs", &job_request("job-1", "study", ADA)).await.must_be(200);
    assert_eq!(again["state"], "authorised");
    assert_eq!(world.script.asked("/v0/launches").len(), 1);
    assert!(matches!(world.orders.try_recv(), Err(tokio::sync::mpsc::error::TryRecvError::Empty)));
    let refused = world
        .post("researcher-2", "/v1/jobs", &job_request("job-1", "foreign", "researcher-2"))
        .await;
    refused.must_refuse(409, "job.exists");
    drop(order);
}

#[tokio::test]
async fn a_job_in_flight_does_not_survive_a_restart() {
    let mut world = World::with_projects().await;
    let order = submitted(&mut world).await;
    let world = world.restarted().await;
    assert_eq!(end(&world, "failed").await.0, "job.interrupted");
    let again = world.post(ADA, "/v1/jobs", &job_request("job-1", "study", ADA)).await.must_be(200);
    assert_eq!(again["state"], "failed");
    drop(order);
}

#[tokio::test]
async fn a_job_needs_its_author_project_and_inputs() {
    let world = World::new().await;
    let submit = async |project, author| {
        world.post(ADA, "/v1/jobs", &job_request("job-1", project, author)).await
    };
    submit("study", "researcher-2").await.must_refuse(403, "job.other-author");
    submit("study", ADA).await.must_refuse(404, "access.not-found");
    let new = draft(&proposal("study", ADA, ["reviewer-1", "reviewer-2"]));
    world.post(ADA, "/v1/projects", &new).await.must_be(201);
    submit("study", ADA).await.must_refuse(409, "project.not-approved");
    for payload in [&b"one"[..], b"two"] {
        let statement = crate::world::statement(payload);
        world.post("custodian-1", "/v1/projects/study/approvals", &statement).await.must_be(200);
    }
    submit("study", ADA).await.must_refuse(409, "dataset.unknown");
    world.post("custodian-1", "/v1/datasets", &world.new_dataset()).await.must_be(201);
    submit("study", ADA).await.must_refuse(409, "workload.missing");
    let path = format!("/v1/workloads/{}", domain::Digest::of(COMPONENT));
    world.send(reqwest::Method::PUT, Some(ADA), &path, COMPONENT.to_vec()).await.must_be(200);
    submit("study", ADA).await.must_refuse(409, "workload.bundle-missing");
    world.put_workload(ADA).await;
    submit("study", ADA).await.must_be(201);
    assert_eq!(world.script.asked("/v0/launches").len(), 1);
}
