//! Without the log nothing happens, and nothing is lost.

use domain::event::{Action, Outcome};

use crate::guest::{Guest, fetch, send};
use crate::world::{AUTHOR, CUSTODIAN, NO_HEADER, SECRET, World};

/// Puts a file where the log's folder was.
fn break_log(world: &World) {
    std::fs::rename(world.path("data/log"), world.path("data/log-away")).unwrap();
    std::fs::write(world.path("data/log"), "").unwrap();
}

fn mend_log(world: &World) {
    std::fs::remove_file(world.path("data/log")).unwrap();
    std::fs::rename(world.path("data/log-away"), world.path("data/log")).unwrap();
}

#[tokio::test]
async fn without_the_log_no_key_leaves() {
    let mut world = World::approved().await;
    let guest = Guest::launched(&world.launch().await);
    let token = guest.attested(&world).await;
    break_log(&world);
    let answer = fetch(&world, &token).await;
    assert_eq!((answer.status, answer.reason().as_str()), (503, "log.unavailable"));
    mend_log(&world);
    // Whether that entry will be found in the log is not known here: the launch is spent.
    assert_eq!(fetch(&world, &token).await.reason(), "launch.already-used");
    assert_eq!(world.released(), 0);
    // Nothing else is lost.
    world.restart();
    let guest = Guest::launched(&world.launch().await);
    let token = guest.attested(&world).await;
    assert_eq!(guest.open(&fetch(&world, &token).await), SECRET);
}

#[tokio::test]
async fn what_turns_up_in_the_log_counts_without_a_restart() {
    let world = World::approved().await;
    let guest = Guest::launched(&world.launch().await);
    let token = guest.attested(&world).await;
    // An append gets as far as the commit cell, and no further.
    let in_the_way = world.path("data/log/.checkpoint.new/something");
    std::fs::create_dir_all(&in_the_way).unwrap();
    let answer = world.approve(|proposal| proposal.title = "anew".to_owned()).await;
    assert_eq!((answer.status, answer.reason().as_str()), (503, "log.unavailable"));
    assert_eq!(fetch(&world, &token).await.reason(), "log.unavailable");
    std::fs::remove_dir_all(in_the_way.parent().unwrap()).unwrap();
    // The broker knows of both as the log does: the custodians' latest word, and a launch that is spent.
    let answer = world.approve(|_| ()).await;
    world.check_refused(&answer, Action::ProjectApproved, "approval.superseded");
    assert_eq!(fetch(&world, &token).await.reason(), "approval.superseded");
    let anew = world.entries().into_iter().filter(|entry| {
        entry.event.action == Action::ProjectApproved && entry.event.outcome == Outcome::Accepted
    });
    assert_eq!(anew.count(), 2);
    assert_eq!(world.released(), 0);
}

#[tokio::test]
async fn without_the_log_nothing_is_accepted_or_judged() {
    let world = World::approved().await;
    let guest = Guest::launched(&world.launch().await);
    let session = Guest::session(&world).await;
    let before = world.entries();
    break_log(&world);
    let mut manifest = world.dataset();
    manifest.rows = 2;
    let answers = [
        world.post("/v0/datasets", NO_HEADER, &world.registration(&manifest, CUSTODIAN)).await,
        world.approve(|proposal| proposal.title = "anew".to_owned()).await,
        world.authorise(&world.job(), AUTHOR).await,
        send(&world, &session, &guest.attestation(&session.nonce)).await,
        // A refusal, too, is not given without its entry.
        fetch(&world, "no token").await,
    ];
    for (index, answer) in answers.iter().enumerate() {
        let reason = answer.reason();
        assert_eq!((index, answer.status, reason.as_str()), (index, 503, "log.unavailable"));
    }
    mend_log(&world);
    assert_eq!(world.entries(), before);
    let guest = Guest::launched(&world.launch().await);
    guest.attested(&world).await;
}

#[tokio::test]
async fn without_the_objects_nothing_is_accepted() {
    let world = World::approved().await;
    let guest = Guest::launched(&world.launch().await);
    for folder in ["data/objects", "data/sealed"] {
        std::fs::remove_dir_all(world.path(folder)).unwrap();
    }
    let answer = guest.attest(&world).await;
    assert_eq!((answer.status, answer.reason().as_str()), (503, "object.store"));
    let answer = world.authorise(&world.job(), AUTHOR).await;
    assert_eq!((answer.status, answer.reason().as_str()), (503, "record.store"));
    assert_eq!(world.released(), 0);
}
