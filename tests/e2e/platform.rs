//! Wrong guests and wrong platforms: refused before a key leaves.

use domain::event::Action;

use crate::harness::Scene;

async fn refused(scene: Scene, reason: &str) {
    let (_, component) = scene.workloads();
    let stage = scene.start();
    let job = stage.run(&component).await;
    stage.refused_without_key(&job, Action::EnclaveAttested, reason);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_command_line() {
    let longer = |cmdline: &mut Vec<u8>| cmdline.extend_from_slice(b" loglevel=7");
    refused(Scene::new().with_altered_image("cmdline", longer), "evidence.measurement").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_guest_image() {
    // An empty archive after the real one: the same files, another image.
    let padded = |initrd: &mut Vec<u8>| initrd.extend_from_slice(&[0; 512]);
    refused(Scene::new().with_altered_image("initrd", padded), "evidence.measurement").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn debug_policy() {
    refused(Scene::new().with("--guest-policy=0xb0000"), "evidence.debug-enabled").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn vmpl_above_0() {
    refused(Scene::new().with("--vmpl=1"), "evidence.vmpl").await;
}
