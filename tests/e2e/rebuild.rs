//! The state database is lost: what was decided comes back from the log, and is what it was.

use std::fs;
use std::path::Path;
use std::process::Command;

use domain::ids::{JobId, ProjectId};
use serde_json::Value;
use wire::airlock::{Exported, OutputSummary};

use crate::harness::{Scene, Stage, outcome, program};
use crate::outputs::python;

/// What happened before the loss.
struct Past {
    project: ProjectId,
    jobs: [JobId; 2],
    output: OutputSummary,
    exported: Exported,
    file: Vec<u8>,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_database_comes_back_from_the_log() {
    let scene = Scene::new();
    let (image, good) = scene.workloads();
    let failing = python(&image, scene.folder.path(), "raise SystemExit(7)");
    let stage = scene.start();
    let workspace = &stage.workspace;
    let project = workspace.approved(&[&good, &failing]).await.unwrap().project;
    let mut jobs = Vec::new();
    for (signed, end) in [(&good, ("delivered", "")), (&failing, ("refused", "job.exit-status"))] {
        let job = workspace.start_job(&project, signed.workload.digest).await.unwrap();
        let ended = workspace.follow(&job, |_| ()).await.unwrap();
        assert_eq!(outcome(&ended), end, "{ended:?}");
        jobs.push(job);
    }
    let [output] = workspace.outputs().await.unwrap().try_into().unwrap();
    workspace.accept(&output).await.unwrap();
    let (exported, file) = workspace.export(&output).await.unwrap();
    let past = Past { project, jobs: jobs.try_into().unwrap(), output, exported, file };
    let before = answers(&stage, &past).await;

    let origin = stage.workspace.served.trust.log_origin.clone();
    let old = stage.folder.path().join("old");
    let stage = stage.terminate_and_restart_after(|node| lost_and_rebuilt(node, &old, &origin));
    assert_eq!(answers(&stage, &past).await, before);
    exported_as_before(&stage, &past).await;
    // Work goes on where it was.
    let proposal = stage.workspace.proposal(&[&good, &failing]).unwrap();
    let job = stage.run_approved(&proposal, &good).await;
    assert_eq!(job.state, "delivered", "{job:?}");
}

/// As an operator does it.
fn lost_and_rebuilt(node: &Path, old: &Path, origin: &str) {
    let taken = log_rebuild(node, origin, &[], 2);
    assert_eq!(taken["reason"], "rebuild.database-exists", "{taken}");
    fs::create_dir(old).unwrap();
    for entry in fs::read_dir(node).unwrap() {
        let name = entry.unwrap().file_name();
        if name.to_str().unwrap().starts_with("control.sqlite") {
            fs::rename(node.join(&name), old.join(&name)).unwrap();
        }
    }
    let rebuilt = log_rebuild(node, origin, &[], 0);
    assert_eq!(rebuilt["verdict"], "rebuilt", "{rebuilt}");
    let count = |member: &str| rebuilt[member].as_array().unwrap().len();
    let counts = ["datasets", "projects", "jobs", "exports", "workloads"].map(count);
    assert_eq!(counts, [1, 1, 2, 1, 2], "{rebuilt}");
    assert_eq!((count("left_out"), count("without_folder")), (0, 0), "{rebuilt}");
    // Each job had its verdict and its key.
    for job in rebuilt["jobs"].as_array().unwrap() {
        for decision in ["attested", "released"] {
            assert_eq!(job["decided"][decision]["refusal"], Value::Null, "{job}");
            assert!(job["decided"][decision]["index"].is_u64(), "{job}");
        }
    }
    for database in [old.join("control.sqlite"), node.join("control.sqlite")] {
        let compared = log_rebuild(node, origin, &["--compare", database.to_str().unwrap()], 0);
        assert_eq!(compared["verdict"], "equal", "{compared}");
        assert_eq!(compared["unlogged"], serde_json::json!([]), "{compared}");
    }
}

fn log_rebuild(node: &Path, origin: &str, more: &[&str], code: i32) -> Value {
    let mut command = Command::new(program("cloister"));
    command.args(["--json", "log", "rebuild", "--origin", origin, "--folder"]).arg(node);
    let output = command.args(more).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{more:?}: {said}{errors}");
    serde_json::from_str(&said).unwrap()
}

/// What control answers to the researcher, less what the log does not hold (docs/operating.md).
async fn answers(stage: &Stage, past: &Past) -> Vec<Value> {
    let paths = [
        "/v1/datasets".to_owned(),
        format!("/v1/projects/{}", past.project),
        format!("/v1/jobs/{}", past.jobs[0]),
        format!("/v1/jobs/{}", past.jobs[1]),
        format!("/v1/outputs/{}", past.output.output),
    ];
    let login = stage.workspace.login(&stage.workspace.people.researcher);
    let mut answers = Vec::new();
    for path in paths {
        let mut answer: Value = stage.workspace.control.get(&path, login, "it").await.unwrap();
        let found = answer["items"].as_array().map_or(1, Vec::len);
        assert_eq!(found, 1, "{path}: {answer}");
        without(&mut answer, &["created", "updated", "steps", "detail"]);
        without(&mut answer, &["accelerator", "peak_memory_kib"]);
        for listed in answer["items"].as_array_mut().into_iter().flatten() {
            without(listed, &["registered"]);
        }
        for statement in answer["approvals"].as_array_mut().into_iter().flatten() {
            without(statement, &["person", "received"]);
        }
        answers.push(answer);
    }
    answers
}

fn without(value: &mut Value, members: &[&str]) {
    let object = value.as_object_mut().unwrap();
    object.retain(|name, _| !members.contains(&name.as_str()));
}

/// The export is found by its name, is what it was, and verifies.
async fn exported_as_before(stage: &Stage, past: &Past) {
    let login = stage.workspace.login(&stage.workspace.people.researcher);
    let path = format!("/v1/exports/{}", past.exported.export);
    let file = stage.workspace.control.bytes(&path, login, "the export's file").await.unwrap();
    let members = |file: &[u8]| {
        let mut members = airlock::export::unpack(file).unwrap();
        // Proofs are of the newest checkpoint.
        members.retain(|name, _| !name.starts_with("log/"));
        members
    };
    assert_eq!(members(&file), members(&past.file));
    let export = stage.folder.path().join("export.zip");
    fs::write(&export, &file).unwrap();
    let mut verify = Command::new(program("cloister-lab"));
    verify.args(["--json", "export", "verify", "--trust"]).arg(&stage.workspace.served.trust_file);
    let output = verify.arg(&export).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
    let again = stage.workspace.export(&past.output).await.unwrap().0;
    assert_eq!((&again.export, again.log_index), (&past.exported.export, past.exported.log_index));
}
