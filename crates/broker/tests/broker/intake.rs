//! Stages 1 to 3: datasets, projects and launches that are refused.

use domain::Digest;
use domain::dataset::Classification;
use domain::event::{Action, Outcome};
use domain::launch::JobRequest;
use domain::project::{Proposal, approve};
use wire::broker::{About, RegisterDataset, Registered};
use wire::kbs::{Request, Tee};

use crate::world::{
    AUTHOR, CUSTODIAN, NO_HEADER, OTHER_CUSTODIAN, STRANGER, World, at, key, sealing_key,
};

async fn check_dataset(world: &World, request: &RegisterDataset, reason: &str) {
    let answer = world.post("/v0/datasets", NO_HEADER, request).await;
    world.check_refused(&answer, Action::DatasetSealed, reason);
}

#[tokio::test]
async fn datasets_come_from_configured_custodians_with_keys_that_open() {
    let world = World::empty();
    let good = world.registration(&world.dataset(), CUSTODIAN);
    let stranger = world.registration(&world.dataset(), STRANGER);
    check_dataset(&world, &stranger, "dataset.unknown-custodian").await;
    let posing = RegisterDataset { signer: good.signer, ..stranger };
    check_dataset(&world, &posing, "dataset.signature").await;
    let mut manifest = world.dataset();
    manifest.rows = 2;
    let other = world.registration(&manifest, CUSTODIAN);
    let swapped = RegisterDataset { wrapped_key: other.wrapped_key, ..good.clone() };
    check_dataset(&world, &swapped, "seal.envelope-authentication").await;
    let no_key = RegisterDataset { wrapped_key: "?".to_owned(), ..good };
    check_dataset(&world, &no_key, "seal.envelope-format").await;
}

#[tokio::test]
async fn a_registered_key_is_not_replaced() {
    let mut world = World::empty();
    let first = world.registration(&world.dataset(), CUSTODIAN);
    let wrapped_anew = world.registration(&world.dataset(), CUSTODIAN);
    let other = world.registration_with(&world.dataset(), CUSTODIAN, [0x5f; 32]);
    world.post("/v0/datasets", NO_HEADER, &first).await.read::<Registered>();
    world.restart();
    check_dataset(&world, &other, "dataset.already-registered").await;
    // Who got no answer sends the same once more, or wraps the same secret anew.
    for (request, index) in [(&first, 2), (&wrapped_anew, 3)] {
        let again: Registered = world.post("/v0/datasets", NO_HEADER, request).await.read();
        assert_eq!((again.digest, again.log_index), (world.dataset_digest(), index));
    }
}

async fn check_project(world: &World, edit: impl FnOnce(&mut Proposal), reason: &str) {
    let answer = world.approve(edit).await;
    world.check_refused(&answer, Action::ProjectApproved, reason);
}

#[tokio::test]
async fn projects_need_a_registered_dataset_this_policy_and_time() {
    let world = World::empty();
    check_project(&world, |_| (), "dataset.unknown").await;
    world.register().await.read::<Registered>();
    check_project(&world, |p| p.expires = at(0), "approval.expired").await;
    check_project(&world, |p| p.release_policy = Digest::of(b"x"), "policy.other-policy").await;
    let other_rules = |p: &mut Proposal| p.output_rules = Digest::of(b"x");
    check_project(&world, other_rules, "approval.other-output-rules").await;
    check_project(&world, |p| p.reviews_required = 1, "approval.unusable").await;
}

#[tokio::test]
async fn approvals_are_of_this_proposal_and_this_dataset() {
    let world = World::approved().await;
    let proposal = world.proposal();
    let mut other = world.dataset();
    other.classification = Classification::Internal;
    let registration = world.registration(&other, CUSTODIAN);
    let other: Registered = world.post("/v0/datasets", NO_HEADER, &registration).await.read();
    let elsewhere = Proposal { dataset: other.digest, ..world.proposal() };

    // A statement for another dataset; then the project itself for another dataset.
    let statement = approve(&elsewhere, &key(CUSTODIAN), at(0)).unwrap();
    let answer = world.approve_with(&proposal, vec![statement]).await;
    world.check_refused(&answer, Action::ProjectApproved, "approval.other-dataset");
    let statement = approve(&elsewhere, &key(CUSTODIAN), at(0)).unwrap();
    let answer = world.approve_with(&elsewhere, vec![statement]).await;
    assert_eq!(answer.reason(), "approval.other-dataset");

    let mut changed = world.proposal();
    changed.purpose = "another".to_owned();
    let statement = approve(&changed, &key(OTHER_CUSTODIAN), at(0)).unwrap();
    let answer = world.approve_with(&proposal, vec![statement]).await;
    world.check_refused(&answer, Action::ProjectApproved, "approval.other-proposal");
    let statement = approve(&proposal, &key(STRANGER), at(0)).unwrap();
    let answer = world.approve_with(&proposal, vec![statement]).await;
    world.check_refused(&answer, Action::ProjectApproved, "approval.signature");
    let answer = world.approve_with(&proposal, Vec::new()).await;
    world.check_refused(&answer, Action::ProjectApproved, "approval.too-few");
}

#[tokio::test]
async fn a_superseded_proposal_does_not_come_back() {
    let mut world = World::approved().await;
    world.approve(|proposal| proposal.title = "anew".to_owned()).await.read::<Registered>();
    world.restart();
    let answer = world.approve(|_| ()).await;
    world.check_refused(&answer, Action::ProjectApproved, "approval.superseded");
}

async fn check_launch(world: &World, edit: impl FnOnce(&mut JobRequest), signer: u8, reason: &str) {
    let mut job = world.job();
    edit(&mut job);
    let answer = world.authorise(&job, signer).await;
    world.check_refused(&answer, Action::LaunchAuthorised, reason);
}

#[tokio::test]
async fn launches_need_an_approval_a_researcher_and_an_approved_workload() {
    let world = World::empty();
    check_launch(&world, |_| (), AUTHOR, "approval.missing").await;
    world.register().await.read::<Registered>();
    world.approve(|_| ()).await.read::<Registered>();
    check_launch(&world, |_| (), STRANGER, "launch.signature").await;
    let stranger = |job: &mut JobRequest| job.author = "stranger".parse().unwrap();
    check_launch(&world, stranger, STRANGER, "launch.not-a-researcher").await;
    let other = |job: &mut JobRequest| job.workload = Digest::of(b"moved tag");
    check_launch(&world, other, AUTHOR, "launch.workload-not-approved").await;
    world.wait(10_000);
    check_launch(&world, |_| (), AUTHOR, "approval.expired").await;
}

#[tokio::test]
async fn a_launch_is_bound_to_the_deployment_and_names_its_author() {
    let world = World::approved().await;
    let init_data = world.launch().await;
    let manifest = domain::launch::LaunchManifest::from_initdata(init_data.as_bytes()).unwrap();
    assert_eq!(manifest.deployment, world.config.deployment);
    assert_eq!(manifest.dataset_signer, key(CUSTODIAN).public());
    assert_eq!(manifest.expires, at(600));
    let entry = world.entries().pop().unwrap();
    assert_eq!(entry.event.outcome, Outcome::Accepted);
    let who = world.ledger().person(&entry.person.unwrap()).unwrap();
    let expected = ("author".parse().unwrap(), Some(manifest.project));
    assert_eq!((who.person, who.project), expected);
}

#[tokio::test]
async fn other_protocols_and_other_bytes_are_refused_and_counted() {
    let world = World::empty();
    let request = |version: &str, tee| Request {
        version: version.to_owned(),
        tee,
        extra_params: serde_json::Value::Null,
    };
    for (request, reason) in
        [(request("0.3.0", Tee::Snp), "kbs.version"), (request("0.4.0", Tee::Tdx), "kbs.tee")]
    {
        let answer = world.post("/kbs/v0/auth", NO_HEADER, &request).await;
        assert_eq!((answer.status, answer.reason().as_str()), (400, reason));
    }
    let routes = ["datasets", "projects", "launches", "job/refusal"].map(|r| format!("/v0/{r}"));
    for route in routes.iter().map(String::as_str).chain(["/kbs/v0/auth", "/kbs/v0/attest"]) {
        let answer = world.post(route, NO_HEADER, &"not this").await;
        assert_eq!((answer.status, answer.reason().as_str()), (400, "request.malformed"));
        let answer = world.post(route, NO_HEADER, &"x".repeat(2 << 20)).await;
        assert_eq!(answer.reason(), "request.body");
    }
    assert_eq!(world.broker().refusals()["request.malformed"], 6);
    assert_eq!(world.entries().len(), 0);
}

#[tokio::test]
async fn about_says_what_to_pin() {
    let world = World::empty();
    let about: About = world.get("/v0/about", NO_HEADER).await.read();
    assert_eq!(about.sealing_key, sealing_key().public().to_string());
    assert_eq!(about.log_origin, world.config.deployment.log_origin);
    assert_eq!(about.log_key, world.config.deployment.log_key);
    assert_eq!(about.release_policy, world.proposal().release_policy);
}
