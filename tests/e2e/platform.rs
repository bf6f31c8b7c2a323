//! Wrong guests and wrong platforms: refused before a key leaves.

use std::fs;

use domain::claims::GuestPolicy;
use domain::event::Action;

use crate::harness::Scene;

async fn refused(scene: Scene, reason: &str) {
    let (_, component) = scene.workloads();
    let stage = scene.start().await;
    let job = stage.run(&component).await;
    stage.refused_without_key(&job, Action::EnclaveAttested, reason);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_command_line() {
    let mut scene = Scene::new().await;
    scene.launcher.image.cmdline.push_str(" loglevel=7");
    refused(scene, "evidence.measurement").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_guest_image() {
    let mut scene = Scene::new().await;
    let mut initrd = fs::read(&scene.launcher.image.initrd).unwrap();
    // An empty archive after the real one: the same files, another image.
    initrd.extend_from_slice(&[0; 512]);
    let altered = scene.folder.path().join("initrd");
    fs::write(&altered, initrd).unwrap();
    scene.launcher.image.initrd = altered;
    refused(scene, "evidence.measurement").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn debug_policy() {
    let mut scene = Scene::new().await;
    scene.platform = scene.platform.with_policy(GuestPolicy::new(0xb0000));
    refused(scene, "evidence.debug-enabled").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn vmpl_above_0() {
    let mut scene = Scene::new().await;
    scene.platform = scene.platform.with_vmpl(1);
    refused(scene, "evidence.vmpl").await;
}
