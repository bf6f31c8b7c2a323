//! What the database forgets of records that were erased.

use std::fs;

use control::forget;
use domain::event::{Action, Actor, Entry, Event};
use domain::ids::EntryId;
use domain::{Digest, Timestamp, canonical};

use crate::world::{NOW, World, job_request, proposal};

fn entry(action: Action, object: Digest) -> Entry {
    Entry {
        id: EntryId::from_random([1; 16]),
        sequence: 0,
        time: Timestamp::from_unix_seconds(NOW).unwrap(),
        actor: Actor::Broker,
        person: None,
        event: Event::accepted(action, object),
    }
}

/// Everything that the database's files hold.
fn bytes(world: &World) -> Vec<u8> {
    let files = fs::read_dir(world.folder.path()).unwrap().map(|file| file.unwrap().path());
    files
        .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("control.sqlite"))
        .flat_map(|path| fs::read(path).unwrap())
        .collect()
}

fn has(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test]
async fn an_erased_projects_text_is_on_no_page_of_the_database() {
    let world = World::with_projects().await;
    let study = proposal("study", "researcher-1", ["reviewer-1", "reviewer-3"]);
    let purpose = study.purpose.clone();
    let digest = Digest::of(&canonical::to_vec(&study).unwrap());
    assert!(has(&bytes(&world), "\"project\":\"study\""), "the proposal's bytes are there");
    let file = world.folder.path().join("control.sqlite");
    let other = entry(Action::ProjectApproved, Digest::of(b"of no project"));
    assert_eq!(forget(&file, 1, &other).await.unwrap(), 0);
    assert_eq!(forget(&file, 1, &entry(Action::ProjectApproved, digest)).await.unwrap(), 1);
    assert_eq!(forget(&file, 1, &entry(Action::ProjectApproved, digest)).await.unwrap(), 0);
    let left = bytes(&world);
    assert!(!has(&left, "\"project\":\"study\""), "gone");
    assert!(has(&left, "\"project\":\"foreign\"") && has(&left, &purpose), "others stay");
    let world = world.restarted().await;
    world.get("researcher-1", "/v1/projects/study").await.must_refuse(404, "access.not-found");
    world.get("researcher-2", "/v1/projects/foreign").await.must_be(200);
}

#[tokio::test]
async fn an_erased_launch_takes_its_job_with_it() {
    let world = World::with_projects().await;
    let request = job_request("job-1", "study", "researcher-1");
    let job = world.post("researcher-1", "/v1/jobs", &request).await.must_be(201);
    let index = job["log_index"].as_u64().unwrap();
    let file = world.folder.path().join("control.sqlite");
    let launch = entry(Action::LaunchAuthorised, Digest::of(b"manifest"));
    assert_eq!(forget(&file, index + 1000, &launch).await.unwrap(), 0);
    assert_eq!(forget(&file, index, &launch).await.unwrap(), 1);
    let world = world.restarted().await;
    world.get("researcher-1", "/v1/jobs/job-1").await.must_refuse(404, "access.not-found");
    world.get("researcher-1", "/v1/projects/study").await.must_be(200);
}
