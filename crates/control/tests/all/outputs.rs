//! Outputs and exports.

use reqwest::Method;
use serde_json::json;

use crate::services::{BUNDLE, ZIP, summary};
use crate::world::{World, statement};

async fn with_outputs() -> World {
    let world = World::with_projects().await;
    for (output, project) in [("output-1", "study"), ("output-2", "foreign"), ("output-3", "study")]
    {
        world.script.outputs.lock().unwrap().push(summary(output, project));
    }
    world
}

#[tokio::test]
async fn listings_are_marked_paged_and_ones_own() {
    let world = with_outputs().await;
    let own = world.get("reviewer-1", "/v1/outputs").await.must_be(200);
    let names: Vec<_> =
        own["items"].as_array().unwrap().iter().map(|item| &item["output"]).collect();
    assert_eq!(names, ["output-3", "output-1"]);
    assert_eq!(own["items"][0]["platform"], "emulated");
    assert_eq!(own["items"][0]["notice"], "emulated platform: not confidential");
    let first = world.get("auditor-1", "/v1/outputs?limit=2").await.must_be(200);
    assert_eq!(first["next"], "output-2");
    let last = world.get("auditor-1", "/v1/outputs?limit=2&cursor=output-2").await.must_be(200);
    assert_eq!((last["items"].as_array().unwrap().len(), &last["next"]), (1, &json!(null)));
    let refused = world.get("auditor-1", "/v1/outputs?cursor=gone").await;
    refused.must_refuse(400, "request.malformed");
}

#[tokio::test]
async fn a_hidden_output_looks_like_none() {
    let world = with_outputs().await;
    for output in ["output-2", "output-9"] {
        let refused = world.get("reviewer-1", &format!("/v1/outputs/{output}")).await;
        refused.must_refuse(404, "access.not-found");
    }
}

#[tokio::test]
async fn votes_go_on_as_they_are_and_refusals_come_back() {
    let world = with_outputs().await;
    let (path, vote) = ("/v1/outputs/output-1/reviews", json!({"review": statement(b"vote")}));
    world.post("reviewer-1", path, &vote).await.must_be(200);
    assert_eq!(world.script.asked("/v0/outputs/output-1/reviews"), std::slice::from_ref(&vote));
    world.script.refuse("/v0/outputs/output-1/reviews", 403, "review.author");
    world.post("reviewer-1", path, &vote).await.must_refuse(403, "review.author");
    world.script.refuse("/v0/outputs/output-1/reviews", 418, "review.other");
    world.post("reviewer-1", path, &vote).await.must_refuse(503, "review.other");
}

#[tokio::test]
async fn an_export_is_fetched_by_those_who_take_part() {
    let world = with_outputs().await;
    let path = "/v1/outputs/output-1/export";
    let export =
        world.send(Method::POST, Some("researcher-1"), path, Vec::new()).await.must_be(200);
    assert_eq!((&export["export"], &export["log_index"]), (&json!("export-1"), &json!(9)));
    assert_eq!(export["notice"], "emulated platform: not confidential");
    for (output, export) in [("output-1", json!("export-1")), ("output-3", json!(null))] {
        let shown = world.get("auditor-1", &format!("/v1/outputs/{output}")).await.must_be(200);
        assert_eq!(shown["export"], export);
    }
    let file = world.get("researcher-1", "/v1/exports/export-1").await;
    assert_eq!((file.status, file.kind.as_str()), (200, "application/zip"));
    assert_eq!(file.bytes, ZIP);
    let refused = world.get("researcher-2", "/v1/exports/export-1").await;
    refused.must_refuse(404, "access.not-found");
    world.get("auditor-1", "/v1/exports/export-2").await.must_refuse(404, "access.not-found");
}

#[tokio::test]
async fn a_bundle_is_fetched_where_one_was_published() {
    let world = with_outputs().await;
    world.script.outputs.lock().unwrap().push(summary("output-4", "study"));
    for (output, published) in [("output-1", true), ("output-4", false)] {
        let path = format!("/v1/outputs/{output}/export");
        let left = world.send(Method::POST, Some("researcher-1"), &path, Vec::new()).await;
        assert_eq!(left.must_be(200)["bundle"], published);
        let shown = world.get("auditor-1", &format!("/v1/outputs/{output}")).await.must_be(200);
        assert_eq!(shown["bundle"], published);
    }
    let bundle = world.get("researcher-1", "/v1/exports/export-1/bundle").await;
    let kind = "application/vnd.dev.sigstore.bundle.v0.3+json";
    assert_eq!((bundle.status, bundle.kind.as_str()), (200, kind));
    assert_eq!(bundle.bytes, BUNDLE);
    let refused = world.get("researcher-1", "/v1/exports/export-4/bundle").await;
    refused.must_refuse(404, "export.no-bundle");
    for (person, export) in [("researcher-2", "export-1"), ("auditor-1", "export-3")] {
        let refused = world.get(person, &format!("/v1/exports/{export}/bundle")).await;
        refused.must_refuse(404, "access.not-found");
    }
}

#[tokio::test]
async fn a_log_that_cannot_be_written_stops_the_export() {
    let world = with_outputs().await;
    world.script.refuse("/v0/outputs/output-1/export", 503, "log.unavailable");
    let path = "/v1/outputs/output-1/export";
    let refused = world.send(Method::POST, Some("researcher-1"), path, Vec::new()).await;
    refused.must_refuse(503, "log.unavailable");
    world.get("auditor-1", "/v1/exports/export-1").await.must_refuse(404, "access.not-found");
}
