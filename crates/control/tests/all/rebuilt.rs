//! A database that is made anew of its own decisions says the same.

use std::fs;
use std::path::Path;

use control::authz::Role;
use control::{Decisions, JobEnd, LaunchEvent, Logged, Recovered, decisions, forget, rebuild};
use domain::claims::Trust;
use domain::event::{Action, Actor, Entry, Event};
use domain::ids::EntryId;
use domain::{Digest, Reason as _, Timestamp};
use serde_json::{Value, json};
use wire::guest::Progress;

use crate::services::summary;
use crate::world::{COMPONENT, NOW, World, draft, job_request, proposal};

const ADA: &str = "researcher-1";

/// A delivered job and its export, and things of which the log knows nothing.
async fn lived_in() -> World {
    let mut world = World::with_projects().await;
    let unapproved = draft(&proposal("draft", ADA, ["reviewer-1", "reviewer-3"]));
    world.post(ADA, "/v1/projects", &unapproved).await.must_be(201);
    world.post(ADA, "/v1/jobs", &job_request("job-1", "study", ADA)).await.must_be(201);
    let order = world.orders.recv().await.unwrap();
    for event in [
        LaunchEvent::Started { accelerator: "tcg".to_owned(), platform: Trust::Emulated },
        LaunchEvent::Progress(Progress::Done { uptime_ms: 200, peak_memory_kib: 9000 }),
        LaunchEvent::Ended,
    ] {
        order.events.send(event).await.unwrap();
    }
    world.job_in(ADA, "job-1", "delivered").await;
    world.script.refuse("/v0/launches", 403, "approval.expired");
    world.post(ADA, "/v1/jobs", &job_request("job-2", "study", ADA)).await.must_be(201);
    world.script.outputs.lock().unwrap().push(summary("output-1", "study"));
    world.post(ADA, "/v1/outputs/output-1/export", &json!(null)).await.must_be(200);
    world
}

fn recovered(decisions: Decisions) -> Recovered {
    fn logged<T>(decision: T) -> Logged<T> {
        let at = Timestamp::from_unix_seconds(NOW).unwrap();
        Logged { decision, at, latest: at }
    }
    let Decisions { datasets, projects, jobs, exports } = decisions;
    let folder = |dataset| (logged(dataset), "randhie".to_owned());
    Recovered {
        datasets: datasets.into_iter().map(|(id, dataset)| (id, folder(dataset))).collect(),
        projects: projects.into_iter().map(|(id, project)| (id, logged(project))).collect(),
        jobs: jobs.into_iter().map(|(id, job)| (id, logged(job))).collect(),
        exports,
    }
}

/// What the API says of what was decided, less what the log does not hold.
async fn answers(world: &World) -> Vec<Value> {
    let mut answers = Vec::new();
    for path in [
        "/v1/datasets",
        "/v1/projects/study",
        "/v1/projects/foreign",
        "/v1/jobs/job-1",
        "/v1/outputs/output-1",
    ] {
        let mut answer = world.get("operator-1", path).await.must_be(200);
        forget_unlogged(&mut answer);
        answers.push(answer);
    }
    answers
}

fn forget_unlogged(value: &mut Value) {
    for member in ["accelerator", "peak_memory_kib", "steps"] {
        if let Some(object) = value.as_object_mut() {
            object.remove(member);
        }
    }
    for statement in value["approvals"].as_array_mut().into_iter().flatten() {
        statement.as_object_mut().unwrap().remove("person");
    }
}

fn with_suffixes(file: &Path) -> [std::path::PathBuf; 3] {
    ["", "-wal", "-shm"].map(|suffix| format!("{}{suffix}", file.display()).into())
}

#[tokio::test]
async fn a_database_made_anew_of_its_decisions_says_the_same() {
    let world = lived_in().await;
    let file = world.folder.path().join("control.sqlite");
    let found = decisions(&file).await.unwrap();
    let count = (found.datasets.len(), found.projects.len(), found.jobs.len(), found.exports.len());
    assert_eq!(count, (1, 2, 1, 1), "neither the draft nor the refused request is a decision");
    assert_eq!(found.jobs[&"job-1".parse().unwrap()].end, Some(JobEnd::Delivered));
    let study = &found.projects[&"study".parse().unwrap()];
    assert_eq!((study.statements.len(), study.members.len()), (2, 3));

    let before = answers(&world).await;
    let taken = rebuild(&file, &Recovered::default(), world.folder.path()).await.unwrap_err();
    assert_eq!(taken.reason(), "rebuild.database-exists");
    let old = world.folder.path().join("old");
    fs::create_dir(&old).unwrap();
    for part in with_suffixes(&file).into_iter().filter(|part| part.exists()) {
        fs::rename(&part, old.join(part.file_name().unwrap())).unwrap();
    }
    let workloads = world.folder.path().join("workloads");
    let stored = rebuild(&file, &recovered(found.clone()), &workloads).await.unwrap();
    assert_eq!(stored.listed().collect::<Vec<_>>(), [Digest::of(COMPONENT)]);
    assert_eq!(stored.unusable(), []);
    assert_eq!(decisions(&file).await.unwrap(), found);

    let mut world = world.restarted().await;
    for (person, role) in [(ADA, Role::Researcher), ("operator-1", Role::Operator)] {
        world.add_person(person, role).await;
    }
    assert_eq!(answers(&world).await, before);
    // Work goes on: the project is approved, its dataset and workload are found.
    world.script.allow("/v0/launches");
    let job = world.post(ADA, "/v1/jobs", &job_request("job-3", "study", ADA)).await.must_be(201);
    assert_eq!(job["state"], "authorised");
    world.get(ADA, "/v1/exports/export-1").await.must_be(200);
    world.get(ADA, "/v1/projects/foreign").await.must_refuse(404, "access.not-found");
}

#[tokio::test]
async fn an_erased_export_is_listed_nowhere() {
    let world = lived_in().await;
    let file = world.folder.path().join("control.sqlite");
    let entry = |action| Entry {
        id: EntryId::from_random([1; 16]),
        sequence: 0,
        time: Timestamp::from_unix_seconds(NOW).unwrap(),
        actor: Actor::Airlock,
        person: None,
        event: Event::accepted(action, Digest::of(b"receipt")),
    };
    let exported = entry(Action::OutputExported);
    // What a rebuilding left that did not come to its end goes with any erasure.
    let unfinished = world.folder.path().join("control.sqlite.new");
    fs::write(&unfinished, "half").unwrap();
    assert_eq!(forget(&file, 1000, &exported).await.unwrap(), 0);
    assert!(!unfinished.exists());
    let index = decisions(&file).await.unwrap().exports.values().next().unwrap().log_index;
    assert_eq!(forget(&file, index, &exported).await.unwrap(), 1);
    assert!(decisions(&file).await.unwrap().exports.is_empty());
}
