//! The services as a process: what ends with them, and that one folder has one writer.

use std::fs;
use std::process::Command;

use domain::event::Action;
use serde_json::Value;

use crate::harness::{Scene, outcome, program};
use crate::outputs::python;

#[tokio::test(flavor = "multi_thread")]
async fn asked_to_stop_they_end_their_guests() {
    let scene = Scene::new();
    let (image, _) = scene.workloads();
    let endless = python(&image, scene.folder.path(), "import time; time.sleep(3600)");
    let stage = scene.start();
    let proposal = stage.workspace.approved(&[&endless]).await.unwrap();
    let job = stage.workspace.start_job(&proposal.project, endless.workload.digest).await;
    let job = job.unwrap();
    let begun = ["requested", "authorised"];
    while begun.contains(&stage.workspace.job(&job).await.unwrap().state.as_str()) {
        tokio::task::yield_now().await;
    }
    let guests = guests_of(stage.server.pid());
    assert_ne!(guests, [""; 0]);
    let runs = stage.folder.path().join("tmp");
    assert_ne!(fs::read_dir(&runs).unwrap().count(), 0, "the guest has no folder");

    let before = stage.entries().len();
    let stage = stage.terminate_and_restart();
    assert_eq!(fs::read_dir(&runs).unwrap().count(), 0, "a guest's folder was left");
    assert!(stage.entries().len() >= before);
    let ended = stage.workspace.job(&job).await.unwrap();
    assert_eq!(outcome(&ended), ("failed", "job.interrupted"));
    assert!(stage.workspace.outputs().await.unwrap().is_empty());
    assert_eq!(stage.accepted(Action::OutputChecked), 0);
}

/// The command lines of the guests that a process' threads have started.
fn guests_of(pid: u32) -> Vec<String> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let children = threads
        .map(|thread| fs::read_to_string(thread.unwrap().path().join("children")))
        // A thread that ended meanwhile has none.
        .filter_map(Result::ok)
        .collect::<String>();
    let command = |pid: &str| fs::read_to_string(format!("/proc/{pid}/cmdline")).ok();
    children
        .split_whitespace()
        .filter_map(command)
        .filter(|command| command.contains("qemu"))
        .collect()
}

#[test]
fn a_second_node_in_the_same_folder_is_refused() {
    let stage = Scene::new().start();
    let mut second = Command::new(program("cloister-lab"));
    second.args(["--json", "serve", "--listen=127.0.0.1:0", "--folder"]);
    let output = second.arg(stage.workspace.node_folder()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let refusal: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(refusal["reason"], "log.second-writer", "{refusal}");
}

/// What a browser does with a login link, against the running program.
#[tokio::test(flavor = "multi_thread")]
async fn a_login_opens_the_pages_of_its_person() {
    let stage = Scene::new().start();
    let control = &stage.workspace.served.control;
    let client = ::channel::http_client(control.pin).unwrap();
    let at = |path: &str| format!("{}{path}", control.url);
    let stranger = client.get(at("/")).send().await.unwrap();
    assert_eq!(stranger.headers()["location"], "/login");

    let login = stage.workspace.login(&stage.workspace.people.researcher).unwrap();
    let form = client.post(at("/login")).header("sec-fetch-site", "same-origin");
    let form = form.header("content-type", "application/x-www-form-urlencoded");
    let answer = form.body(format!("token={login}")).send().await.unwrap();
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.starts_with("__Host-cloister="), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    let home = client.get(at("/")).header("cookie", cookie).send().await.unwrap();
    let home = home.text().await.unwrap();
    assert!(home.contains("Robin, researcher"), "{home}");
}
