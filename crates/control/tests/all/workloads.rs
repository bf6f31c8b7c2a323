//! Uploads.

use domain::Digest;
use reqwest::Method;
use serde_json::json;

use crate::world::{Answer, COMPONENT, World};

async fn put(world: &World, person: &str, digest: Digest, bytes: &[u8]) -> Answer {
    let path = format!("/v1/workloads/{digest}");
    world.send(Method::PUT, Some(person), &path, bytes.to_vec()).await
}

/// An image layout with `manifest` under the name that `digest` gives it.
fn layout(prefix: &str, digest: Digest, manifest: &[u8], more: &[u8]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    let blob = format!("{prefix}blobs/sha256/{}", digest.hex());
    for (name, bytes) in [("oci-layout", more), (blob.as_str(), manifest)] {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len().try_into().unwrap());
        header.set_mode(0o644);
        archive.append_data(&mut header, name, bytes).unwrap();
    }
    archive.into_inner().unwrap()
}

#[tokio::test]
async fn components_and_layouts_come_in_by_digest() {
    let world = World::new().await;
    let component =
        put(&world, "researcher-1", Digest::of(COMPONENT), COMPONENT).await.must_be(200);
    assert_eq!((&component["kind"], &component["bundle"]), (&json!("component"), &json!(false)));
    for (prefix, manifest) in [("", b"manifest 1"), ("./", b"manifest 2")] {
        let digest = Digest::of(manifest);
        let tar = layout(prefix, digest, manifest, b"{}");
        let image = put(&world, "researcher-1", digest, &tar).await.must_be(200);
        assert_eq!((&image["kind"], &image["bytes"]), (&json!("image-layout"), &json!(tar.len())));
    }
    let listed = world.get("auditor-1", "/v1/workloads").await.must_be(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 3);
}

/// A database that was restored without the folder lists what is not there: uploading it again mends that.
#[tokio::test]
async fn a_lost_file_comes_back_with_the_same_upload() {
    let world = World::new().await;
    let digest = Digest::of(COMPONENT);
    let put = async || put(&world, "researcher-1", digest, COMPONENT).await.must_be(200);
    let first = put().await;
    let file = world.folder.path().join("workloads").join(digest.hex());
    std::fs::remove_file(&file).unwrap();
    assert_eq!(put().await, first);
    assert_eq!(std::fs::read(&file).unwrap(), COMPONENT);
    assert_eq!(put().await, first);
    // And what an upload left that was killed is removed at the next start.
    let left = file.with_file_name(".0123.new");
    std::fs::write(&left, b"half").unwrap();
    let world = world.restarted().await;
    assert!(!left.exists());
    assert_eq!(std::fs::read(&file).unwrap(), COMPONENT);
    drop(world);
}

#[tokio::test]
async fn other_bytes_are_refused_and_leave_nothing() {
    let world = World::new().await;
    let digest = Digest::of(b"manifest");
    let forged = layout("", digest, b"another", b"{}");
    let elsewhere = layout("x/", digest, b"manifest", b"{}");
    for bytes in [&b"something"[..], b"", &forged, &elsewhere, &forged[..100]] {
        put(&world, "researcher-1", digest, bytes).await.must_refuse(400, "workload.digest");
    }
    assert_eq!(std::fs::read_dir(world.folder.path().join("workloads")).unwrap().count(), 0);
    let path = format!("/v1/workloads/{digest}/bundle");
    let refused = world.send(Method::PUT, Some("researcher-1"), &path, b"{}".to_vec()).await;
    refused.must_refuse(404, "access.not-found");
}

#[tokio::test]
async fn a_workload_is_replaced_by_its_owner_or_an_operator() {
    let world = World::new().await;
    let digest = Digest::of(b"manifest");
    let first = layout("", digest, b"manifest", b"1");
    let other = layout("", digest, b"manifest", b"2");
    put(&world, "researcher-1", digest, &first).await.must_be(200);
    put(&world, "researcher-2", digest, &first).await.must_be(200);
    put(&world, "researcher-2", digest, &other).await.must_refuse(409, "workload.exists");
    let bundle = format!("/v1/workloads/{digest}/bundle");
    let refused = world.send(Method::PUT, Some("researcher-2"), &bundle, b"{}".to_vec()).await;
    refused.must_refuse(409, "workload.exists");
    let signed =
        world.send(Method::PUT, Some("researcher-1"), &bundle, b"{}".to_vec()).await.must_be(200);
    assert_eq!(signed["bundle"], true);
    let replaced = put(&world, "operator-1", digest, &other).await.must_be(200);
    assert_eq!(replaced["bundle"], false);
}

#[tokio::test]
async fn a_workload_has_a_largest_size() {
    let world = World::new().await;
    let bytes = vec![0; 256 * 1024 * 1024 + 1];
    let digest = Digest::of(b"whatever");
    put(&world, "researcher-1", digest, &bytes).await.must_refuse(413, "request.too-large");
    assert_eq!(std::fs::read_dir(world.folder.path().join("workloads")).unwrap().count(), 0);
}
