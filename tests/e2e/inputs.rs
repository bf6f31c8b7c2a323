//! Inputs that the host or a thief altered. What can be told beforehand is refused without a key; a
//! flipped byte of ciphertext shows when it is read, inside, after the key came and before anything
//! leaves.

use std::fs;
use std::path::{Path, PathBuf};

use domain::Digest;
use domain::dataset::DatasetManifest;
use domain::event::Action;
use lab::workspace::{Cosign, Signed};
use seal::luks2::HEADER_BYTES;

use crate::harness::{Scene, outcome};

#[tokio::test(flavor = "multi_thread")]
async fn one_flipped_byte_of_the_dataset() {
    let scene = Scene::new();
    let path = scene.dataset("data.img");
    let mut image = fs::read(&path).unwrap();
    let middle = image.len() / 2;
    image[middle] ^= 1;
    fs::write(&path, image).unwrap();
    let (_, component) = scene.workloads();
    let stage = scene.start();
    let job = stage.run(&component).await;
    assert_eq!(outcome(&job), ("refused", "dataset.corrupted"), "{job:?}");
    assert_eq!(stage.refusals(Action::JobFinished), ["dataset.corrupted"]);
    assert!(stage.workspace.outputs().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_that_the_custodian_did_not_sign() {
    let scene = Scene::new();
    edit_header(&scene.dataset("header.img"), "aes-xts-plain64", "cipher_null-ecb");
    header_refused(scene, "dataset.header-digest").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_header_with_cipher_null() {
    let mut scene = Scene::new();
    edit_header(&scene.dataset("header.img"), "aes-xts-plain64", "cipher_null-ecb");
    sign_again(&mut scene);
    header_refused(scene, "seal.luks-cipher").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_header_with_an_extra_segment() {
    let mut scene = Scene::new();
    let path = scene.dataset("header.img");
    let second = r#""segments":{"1":{"type":"linear","offset":"0","size":"dynamic"},"0":"#;
    edit_header(&path, r#""segments":{"0":"#, second);
    sign_again(&mut scene);
    header_refused(scene, "seal.luks-segments").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_header_with_a_weak_key_slot() {
    let mut scene = Scene::new();
    edit_header(&scene.dataset("header.img"), r#""memory":32768"#, r#""memory":32"#);
    sign_again(&mut scene);
    header_refused(scene, "seal.luks-weak-keyslot").await;
}

async fn header_refused(scene: Scene, reason: &str) {
    let (_, component) = scene.workloads();
    refused_inside(scene, &component, reason).await;
}

/// Refused in the guest, told to the broker, logged, and no key asked for.
async fn refused_inside(scene: Scene, signed: &Signed, reason: &str) {
    let stage = scene.start();
    let job = stage.run(signed).await;
    stage.refused_without_key(&job, Action::JobFinished, reason);
}

/// Replaces a text in both copies of a LUKS2 header and puts their checksums right (LUKS2 on-disk
/// format §2.1: SHA-256 over header and JSON area, with the checksum's 64 bytes zero).
fn edit_header(path: &Path, from: &str, to: &str) {
    let mut header = fs::read(path).unwrap();
    assert_eq!(header.len(), HEADER_BYTES);
    let size = usize::try_from(u64::from_be_bytes(header[8..16].try_into().unwrap())).unwrap();
    for copy in header[..2 * size].chunks_mut(size) {
        let json = copy[4096..].iter().position(|byte| *byte == 0).unwrap();
        let text = String::from_utf8(copy[4096..4096 + json].to_vec()).unwrap();
        assert!(text.contains(from), "{text}");
        let text = text.replace(from, to);
        copy[4096..].fill(0);
        copy[4096..4096 + text.len()].copy_from_slice(text.as_bytes());
        copy[CHECKSUM..CHECKSUM + 64].fill(0);
        let checksum = Digest::of(copy);
        copy[CHECKSUM..CHECKSUM + 32].copy_from_slice(checksum.as_bytes());
    }
    fs::write(path, header).unwrap();
}

const CHECKSUM: usize = 0x1c0;

/// A custodian whose tool was deceived: the altered header is what the manifest names.
fn sign_again(scene: &mut Scene) {
    let header = fs::read(scene.dataset("header.img")).unwrap();
    let mut manifest = scene.sealed.dataset.manifest().clone();
    manifest.header_digest = Digest::of(&header);
    let custodian = &scene.sealed.people.custodian.key;
    let envelope = manifest.sign(custodian).unwrap();
    let json = serde_json::to_vec(&envelope).unwrap();
    scene.sealed.dataset = DatasetManifest::verify(&envelope, &custodian.public()).unwrap();
    fs::write(scene.dataset("manifest.dsse.json"), json).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unsigned_workload() {
    let scene = Scene::new();
    let (_, mut component) = scene.workloads();
    component.bundle = b"{}".to_vec();
    refused_inside(scene, &component, "workload.unsigned").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workload_signed_by_another_key() {
    let scene = Scene::new();
    let (_, mut component) = scene.workloads();
    let other = scene.folder.path().join("other");
    fs::create_dir(&other).unwrap();
    let stranger = Cosign::new(&other).unwrap();
    component.bundle = stranger.sign(&component.program, "stranger").unwrap();
    refused_inside(scene, &component, "workload.signature").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_whose_tag_was_moved() {
    let scene = Scene::new();
    let (mut image, _) = scene.workloads();
    image.program = with_moved_tag(&image, scene.folder.path());
    refused_inside(scene, &image, "workload.digest").await;
}

/// The same layout, whose index names another manifest than the approved one; both are in it.
fn with_moved_tag(image: &Signed, folder: &Path) -> PathBuf {
    let mut layout = crate::outputs::Layout::read(&image.program);
    let approved = layout.manifest(&image.workload.digest);
    let mut other = approved.clone();
    other["annotations"] = serde_json::json!({ "moved": "yes" });
    layout.point_at(&other);
    layout.write(&folder.join("moved.tar"))
}
