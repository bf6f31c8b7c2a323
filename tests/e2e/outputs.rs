//! What a hostile workload leaves in `/out`: refused by name, and nothing of it leaves.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use domain::Digest;
use domain::event::Action;
use domain::project::WorkloadKind;
use lab::workspace::{Cosign, Signed};
use serde_json::{Value, json};
use wire::airlock::OutputState;

use crate::harness::{Scene, outcome, program, refusal};

#[tokio::test(flavor = "multi_thread")]
async fn a_table_below_the_threshold_among_good_ones() {
    let scene = Scene::new();
    let (image, _) = scene.workloads();
    let stage = scene.start();
    let job = stage.run(&image).await;
    assert_eq!(job.state, "delivered", "{job:?}");
    let [output] = stage.workspace.outputs().await.unwrap().try_into().unwrap();
    assert_eq!(output.files, ["extract.csv", "visits_by_group.csv"]);
    let refused: Vec<_> =
        output.refused.iter().map(|file| (file.name.as_str(), file.reason.as_str())).collect();
    assert_eq!(refused, [("chronic_by_single_year.csv", "output.cell-below-threshold")]);
    assert_eq!(stage.refusals(Action::OutputChecked), ["output.cell-below-threshold"]);
    stage.workspace.accept(&output).await.unwrap();
    let (_, file) = stage.workspace.export(&output).await.unwrap();
    let members = airlock::export::unpack(&file).unwrap();
    assert!(!members.keys().any(|path| path.contains("chronic")), "{:?}", members.keys());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_symbolic_link() {
    refused("os.symlink('/data/randhie.csv', '/out/visits_by_plan.csv')", "output.symlink").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_or_a_link_to_one() {
    // The sandbox lets a workload make no device and no pipe; a link to a device is refused as a link.
    // What the gate says to one all the same: `what_the_sandbox_prevents_the_gate_refuses_too`.
    let script = "\
import stat
for make in [
    lambda: os.mknod('/out/device', 0o600 | stat.S_IFCHR, os.makedev(1, 3)),
    lambda: os.mkfifo('/out/pipe'),
]:
    try:
        make()
        raise SystemExit(7)
    except PermissionError:
        pass
os.symlink('/dev/null', '/out/visits_by_plan.csv')";
    refused(script, "output.symlink").await;
}

#[test]
fn what_the_sandbox_prevents_the_gate_refuses_too() {
    let folder = tempfile::tempdir().unwrap();
    let (out, rules) = (folder.path().join("out"), folder.path().join("rules.toml"));
    fs::create_dir(&out).unwrap();
    fs::write(&rules, lab::workspace::RULES).unwrap();
    let made = Command::new("mkfifo").arg(out.join("visits_by_plan.csv")).status().unwrap();
    assert!(made.success());
    let mut check = Command::new(program("cloister"));
    check.args(["--json", "output", "check"]).arg(&out).arg("--rules").arg(&rules);
    let output = check.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["verdict"], "refused");
    assert_eq!(report["findings"][0]["code"], "output.special-file", "{report}");
    assert_eq!(report["files"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_climbs_out() {
    // No file system holds `..` as a name; what comes near is refused by the alphabet.
    refused("open('/out/..\\\\..\\\\visits_by_plan.csv', 'w').write('x')", "output.path").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_that_unpacks_to_gigabytes() {
    let script = "\
import zlib
data = zlib.compressobj(9)
bomb = b'\\x1f\\x8b\\x08' + b'\\0' * 7 + data.compress(b'\\0' * (1 << 24)) + data.flush()
open('/out/visits_by_plan.csv', 'wb').write(bomb)";
    refused(script, "output.archive").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_may_leave() {
    let script = "open('/out/visits_by_plan.csv', 'w').write('x' * 2_000_000)";
    refused(script, "output.too-large").await;
}

/// Runs `script` in the demo's image; all of its output must be refused for `reason`.
async fn refused(script: &str, reason: &str) {
    let scene = Scene::new();
    let (image, _) = scene.workloads();
    let hostile = python(&image, scene.folder.path(), &format!("import os\n{script}\n"));
    let stage = scene.start();
    let job = stage.run(&hostile).await;
    assert_eq!(outcome(&job), ("delivered", ""), "{job:?}");
    let [output] = stage.workspace.outputs().await.unwrap().try_into().unwrap();
    assert_eq!(output.state, OutputState::Refused, "{output:?}");
    assert!(output.files.is_empty());
    assert_eq!(stage.refusals(Action::OutputChecked), [reason]);
    assert_eq!(stage.accepted(Action::OutputChecked), 0);
    assert_eq!(refusal(stage.workspace.export(&output).await), "output.refused");
}

/// The demo's image with another program to start, signed and approved like any other.
pub(crate) fn python(image: &Signed, folder: &Path, script: &str) -> Signed {
    let mut layout = Layout::read(&image.program);
    let mut manifest = layout.manifest(&image.workload.digest);
    let config = manifest["config"]["digest"].as_str().unwrap().parse().unwrap();
    let mut config = layout.json(&config);
    config["config"]["Entrypoint"] = json!(["/usr/bin/python3", "-c", script]);
    let (digest, size) = layout.add(&config);
    manifest["config"]["digest"] = json!(digest);
    manifest["config"]["size"] = json!(size);
    let digest = layout.point_at(&manifest);
    let program = layout.write(&folder.join("python.tar"));

    let keys = folder.join("python-signer");
    fs::create_dir(&keys).unwrap();
    let cosign = Cosign::new(&keys).unwrap();
    let signed = keys.join("manifest.json");
    fs::write(&signed, serde_json::to_vec(&manifest).unwrap()).unwrap();
    Signed {
        workload: cosign.workload("hostile", WorkloadKind::Container, digest, Vec::new()),
        bundle: cosign.sign(&signed, "python").unwrap(),
        program,
    }
}

/// An OCI image layout as a tar archive.
pub(crate) struct Layout(BTreeMap<String, Vec<u8>>);

impl Layout {
    pub(crate) fn read(archive: &Path) -> Self {
        let mut members = BTreeMap::new();
        let mut archive = tar::Archive::new(fs::File::open(archive).unwrap());
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            if entry.header().entry_type().is_file() {
                let path = entry.path().unwrap().to_str().unwrap().to_owned();
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes).unwrap();
                members.insert(path, bytes);
            }
        }
        Self(members)
    }

    pub(crate) fn json(&self, digest: &Digest) -> Value {
        serde_json::from_slice(&self.0[&blob(digest)]).unwrap()
    }

    pub(crate) fn manifest(&self, digest: &Digest) -> Value {
        self.json(digest)
    }

    pub(crate) fn add(&mut self, value: &Value) -> (Digest, usize) {
        let bytes = serde_json::to_vec(value).unwrap();
        let digest = Digest::of(&bytes);
        let size = bytes.len();
        self.0.insert(blob(&digest), bytes);
        (digest, size)
    }

    /// Adds `manifest` and makes it the one that the index names.
    pub(crate) fn point_at(&mut self, manifest: &Value) -> Digest {
        let (digest, size) = self.add(manifest);
        let mut index: Value = serde_json::from_slice(&self.0["index.json"]).unwrap();
        index["manifests"][0]["digest"] = json!(digest);
        index["manifests"][0]["size"] = json!(size);
        self.0.insert("index.json".to_owned(), serde_json::to_vec(&index).unwrap());
        digest
    }

    pub(crate) fn write(&self, path: &Path) -> PathBuf {
        let mut archive = tar::Builder::new(fs::File::create(path).unwrap());
        for (name, bytes) in &self.0 {
            let mut header = tar::Header::new_ustar();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            archive.append_data(&mut header, name, bytes.as_slice()).unwrap();
        }
        archive.finish().unwrap();
        path.to_owned()
    }
}

fn blob(digest: &Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}
