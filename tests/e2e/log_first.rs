//! Log first: with the log's folder full or read-only no key is released and no export leaves; when
//! it is back, everything goes on.

use std::fs;
use std::path::Path;
use std::process::Command;

use domain::event::Action;

use crate::harness::{Scene, Stage, refusal};
use crate::kbs::Enclave;

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_log_releases_neither_key_nor_export() {
    let Some((stage, component)) = prepared().await else { return };
    let log = stage.workspace.log_folder();
    let enclave = Enclave::authorised(&stage.workspace, &component).await;
    let session = enclave.auth().await;
    let token = enclave.attest(&session, |_| ()).await.token().to_owned();
    {
        let _read_only = Mounted::read_only(&log);
        let refused = enclave.key(&token).await;
        assert_eq!((refused.status, refused.reason()), (503, "log.store-read-only"));
        assert!(refused.body.get("ciphertext").is_none());
    }
    assert_eq!(stage.accepted(Action::KeyReleased), 0);
    drop(enclave);

    let job = stage
        .workspace
        .start_job(&"visits-by-plan".parse().unwrap(), component.workload.digest)
        .await
        .unwrap();
    let job = stage.workspace.follow(&job, |_| ()).await.unwrap();
    assert_eq!(job.state, "delivered", "{job:?}");
    let [output] = stage.workspace.outputs().await.unwrap().try_into().unwrap();
    stage.workspace.accept(&output).await.unwrap();
    {
        let _read_only = Mounted::read_only(&log);
        let refused = stage.workspace.export(&output).await;
        assert_eq!(refusal(refused), "log.store-read-only");
    }
    assert_eq!(stage.accepted(Action::OutputExported), 0);
    stage.workspace.export(&output).await.unwrap();
    assert_eq!(stage.accepted(Action::OutputExported), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_log_releases_no_key() {
    let scene = Scene::new();
    let (_, component) = scene.workloads();
    let log = scene.sealed.node_folder().join("ledger/log");
    fs::create_dir_all(&log).unwrap();
    let Some(_small) = Mounted::small(&log) else { return };
    let stage = scene.start();
    stage.workspace.approved(&[&component]).await.unwrap();
    let enclave = Enclave::authorised(&stage.workspace, &component).await;
    let session = enclave.auth().await;
    let token = enclave.attest(&session, |_| ()).await.token().to_owned();

    let filler = log.join("filler");
    fill(&filler);
    let refused = enclave.key(&token).await;
    assert_eq!((refused.status, refused.reason()), (503, "log.store-full"), "{refused:?}");
    fs::remove_file(&filler).unwrap();
    assert_eq!(stage.accepted(Action::KeyReleased), 0);
    drop(enclave);
    drop(stage);
}

async fn prepared() -> Option<(Stage, lab::workspace::Signed)> {
    let scene = Scene::new();
    let (_, component) = scene.workloads();
    let stage = scene.start();
    if !Mounted::permitted(&stage.workspace.log_folder()) {
        return None;
    }
    stage.workspace.approved(&[&component]).await.unwrap();
    Some((stage, component))
}

/// Writes until the device is full.
fn fill(path: &Path) {
    use std::io::Write as _;
    let mut file = fs::File::create(path).unwrap();
    for size in [4096, 1] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
}

/// A mount that is undone when it is dropped.
struct Mounted<'a>(&'a Path);

impl<'a> Mounted<'a> {
    /// Says so and returns false where this test may not mount.
    fn permitted(path: &Path) -> bool {
        let permitted = mount(&["--bind"], path, path);
        if permitted {
            drop(Mounted(path));
        } else {
            println!("skipped: mounting is not permitted here");
        }
        permitted
    }

    fn read_only(path: &'a Path) -> Self {
        assert!(mount(&["--bind"], path, path));
        let mounted = Self(path);
        assert!(mount(&["-o", "remount,bind,ro"], path, path));
        mounted
    }

    fn small(path: &'a Path) -> Option<Self> {
        let mounted = mount(&["-t", "tmpfs", "-o", "size=256k"], Path::new("tmpfs"), path);
        if !mounted {
            println!("skipped: mounting is not permitted here");
        }
        mounted.then_some(Self(path))
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let status = Command::new("umount").arg("--lazy").arg(self.0).status().unwrap();
        assert!(status.success());
    }
}

fn mount(options: &[&str], source: &Path, target: &Path) -> bool {
    let output = Command::new("mount").args(options).arg(source).arg(target).output();
    output.is_ok_and(|output| output.status.success())
}
