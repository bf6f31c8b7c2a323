//! Datasets and projects.

use serde_json::json;

use crate::world::{World, draft, proposal, statement};

const APPROVALS: &str = "/v1/projects/study/approvals";

#[tokio::test]
async fn a_dataset_is_listed_as_its_manifest_says() {
    let world = World::new().await;
    let dataset =
        world.post("custodian-1", "/v1/datasets", &world.new_dataset()).await.must_be(201);
    assert_eq!(dataset["id"], "randhie");
    assert_eq!(dataset["classification"], "highly-confidential");
    assert_eq!(dataset["rows"], 20_190);
    assert_eq!(dataset["columns"][0]["name"], "age");
    assert_eq!(dataset["log_index"], 1);
    let again = world.post("custodian-1", "/v1/datasets", &world.new_dataset()).await.must_be(201);
    assert_eq!(again, dataset);
    let listed = world.get("researcher-1", "/v1/datasets").await.must_be(200);
    assert_eq!(listed, json!({"items": [dataset], "next": null}));
}

#[tokio::test]
async fn a_dataset_needs_its_folder_and_the_brokers_consent() {
    let world = World::new().await;
    let mut dataset = world.new_dataset();
    for folder in ["other", "", "..", "../datasets/randhie", "/etc", "randhie/"] {
        dataset["folder"] = json!(folder);
        let refused = world.post("operator-1", "/v1/datasets", &dataset).await;
        refused.must_refuse(409, "dataset.folder");
    }
    dataset["folder"] = json!("randhie");
    world.script.refuse("/v0/datasets", 403, "dataset.unknown-custodian");
    let refused = world.post("operator-1", "/v1/datasets", &dataset).await;
    refused.must_refuse(403, "dataset.unknown-custodian");
    let listed = world.get("operator-1", "/v1/datasets").await.must_be(200);
    assert_eq!(listed["items"], json!([]));
}

#[tokio::test]
async fn a_project_is_approved_when_the_broker_says_so() {
    let world = World::new().await;
    let new = draft(&proposal("study", "researcher-1", ["reviewer-1", "reviewer-2"]));
    let project = world.post("researcher-1", "/v1/projects", &new).await.must_be(201);
    assert_eq!(project["state"], "draft");
    let project = world.post("custodian-1", APPROVALS, &statement(b"one")).await.must_be(200);
    assert_eq!(project["state"], "draft");
    assert_eq!(project["refusal"]["reason"], "approval.too-few");
    let project = world.post("custodian-1", APPROVALS, &statement(b"two")).await.must_be(200);
    assert_eq!(project["state"], "approved");
    assert_eq!(project["refusal"], json!(null));
    assert_eq!(project["log_index"], 2);
    assert_eq!(project["approvals"].as_array().unwrap().len(), 2);
    let again = world.post("custodian-1", APPROVALS, &statement(b"two")).await.must_be(200);
    assert_eq!(again, project);
    let refused = world.post("custodian-1", APPROVALS, &statement(b"three")).await;
    refused.must_refuse(409, "project.already-approved");
    let sent = world.script.asked("/v0/projects");
    assert_eq!(sent.last().unwrap()["output_rules"], new["output_rules"]);
    assert_eq!(sent.last().unwrap()["proposal"], new["proposal"]);
}

#[tokio::test]
async fn a_bad_statement_is_kept_and_spoils_nothing() {
    let world = World::new().await;
    let new = draft(&proposal("study", "researcher-1", ["reviewer-1", "reviewer-2"]));
    world.post("researcher-1", "/v1/projects", &new).await.must_be(201);
    let refused = world.post("custodian-1", APPROVALS, &statement(b"bad")).await;
    refused.must_refuse(403, "approval.signature");
    for payload in [&b"one"[..], b"two"] {
        world.post("custodian-1", APPROVALS, &statement(payload)).await.must_be(200);
    }
    let project = world.get("custodian-1", "/v1/projects/study").await.must_be(200);
    assert_eq!(project["state"], "approved");
    assert_eq!(project["approvals"][0]["refusal"], "approval.signature");
    assert_eq!(project["approvals"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_statement_outlives_an_unavailable_log() {
    let world = World::new().await;
    let new = draft(&proposal("study", "researcher-1", ["reviewer-1", "reviewer-2"]));
    world.post("researcher-1", "/v1/projects", &new).await.must_be(201);
    world.post("custodian-1", APPROVALS, &statement(b"one")).await.must_be(200);
    world.script.refuse("/v0/projects", 503, "log.unavailable");
    let refused = world.post("custodian-1", APPROVALS, &statement(b"two")).await;
    refused.must_refuse(503, "log.unavailable");
    world.script.allow("/v0/projects");
    let project = world.post("custodian-1", APPROVALS, &statement(b"two")).await.must_be(200);
    assert_eq!(project["state"], "approved");
    assert_eq!(project["approvals"].as_array().unwrap().len(), 2);
}

/// One that the broker could not judge is not taken for one that it counts: its end would be that of all
/// that follow.
#[tokio::test]
async fn a_bad_statement_that_was_not_judged_is_in_nobodys_way() {
    let world = World::new().await;
    let new = draft(&proposal("study", "researcher-1", ["reviewer-1", "reviewer-2"]));
    world.post("researcher-1", "/v1/projects", &new).await.must_be(201);
    world.script.refuse("/v0/projects", 503, "log.quorum");
    let refused = world.post("custodian-1", APPROVALS, &statement(b"bad")).await;
    refused.must_refuse(503, "log.quorum");
    world.script.allow("/v0/projects");
    for (payload, state) in [(&b"one"[..], "draft"), (b"two", "approved")] {
        let project = world.post("custodian-1", APPROVALS, &statement(payload)).await.must_be(200);
        assert_eq!(project["state"], state);
    }
}

#[tokio::test]
async fn a_proposal_can_be_repeated_and_not_replaced() {
    let world = World::new().await;
    let first = proposal("study", "researcher-1", ["reviewer-1", "reviewer-2"]);
    let made = world.post("researcher-1", "/v1/projects", &draft(&first)).await.must_be(201);
    let again = world.post("researcher-1", "/v1/projects", &draft(&first)).await.must_be(200);
    assert_eq!(made, again);
    let other = domain::project::Proposal { title: "Another".to_owned(), ..first.clone() };
    let refused = world.post("researcher-1", "/v1/projects", &draft(&other)).await;
    refused.must_refuse(409, "project.exists");
    let mut rules = draft(&first);
    rules["output_rules"] = json!("bm8=");
    let refused = world.post("researcher-1", "/v1/projects", &rules).await;
    refused.must_refuse(400, "project.output-rules");
    let one = domain::project::Proposal { reviews_required: 1, ..first };
    let refused = world.post("researcher-1", "/v1/projects", &draft(&one)).await;
    refused.must_refuse(400, "approval.unusable");
}

#[tokio::test]
async fn listings_come_in_pages_and_show_ones_own() {
    let world = World::new().await;
    for number in 1..=5 {
        let name = format!("study-{number}");
        let new = draft(&proposal(&name, "researcher-1", ["reviewer-1", "reviewer-2"]));
        world.post("custodian-1", "/v1/projects", &new).await.must_be(201);
    }
    let mut seen = Vec::new();
    let mut path = "/v1/projects?limit=2".to_owned();
    loop {
        let page = world.get("reviewer-1", &path).await.must_be(200);
        let items = page["items"].as_array().unwrap();
        assert!((1..=2).contains(&items.len()));
        seen.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/projects?limit=2&cursor={next}");
    }
    assert_eq!(seen, ["study-5", "study-4", "study-3", "study-2", "study-1"]);
    let others = world.get("researcher-2", "/v1/projects").await.must_be(200);
    assert_eq!(others["items"], json!([]));
    for query in ["limit=0", "limit=201", "limit=x", "cursor=x", "page=2"] {
        let refused = world.get("auditor-1", &format!("/v1/projects?{query}")).await;
        refused.must_refuse(400, "request.malformed");
    }
}
