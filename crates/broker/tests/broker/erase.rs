//! What the broker makes of records that were erased while it was stopped.

use domain::event::{Action, Entry, Outcome};
use wire::broker::Registered;

use crate::world::{AUTHOR, World};

/// Erases the record behind the last accepted `action`, as `cloister log erase` does, and starts anew.
fn erase(world: &mut World, action: Action) {
    let accepted =
        |entry: &Entry| entry.event.action == action && entry.event.outcome == Outcome::Accepted;
    let entry = world.entries().into_iter().rfind(accepted).unwrap();
    world.ledger().erase(&entry.id, "olga".parse().unwrap(), world.now()).unwrap();
    world.restart();
}

#[tokio::test]
async fn a_project_whose_approval_was_erased_has_ended() {
    let mut world = World::approved().await;
    world.launch().await;
    erase(&mut world, Action::ProjectApproved);
    let answer = world.authorise(&world.job(), AUTHOR).await;
    world.check_refused(&answer, Action::LaunchAuthorised, "approval.missing");
    // The same statements do not bring it back; a new proposal begins anew.
    let answer = world.approve(|_| ()).await;
    world.check_refused(&answer, Action::ProjectApproved, "approval.superseded");
    world.approve(|proposal| proposal.title = "anew".to_owned()).await.read::<Registered>();
    world.launch().await;
}

#[tokio::test]
async fn an_older_approval_does_not_come_back_for_an_erased_one() {
    let mut world = World::approved().await;
    world.approve(|proposal| proposal.title = "anew".to_owned()).await.read::<Registered>();
    erase(&mut world, Action::ProjectApproved);
    let answer = world.authorise(&world.job(), AUTHOR).await;
    world.check_refused(&answer, Action::LaunchAuthorised, "approval.missing");
    let answer = world.approve(|_| ()).await;
    world.check_refused(&answer, Action::ProjectApproved, "approval.superseded");
}

#[tokio::test]
async fn a_request_whose_launch_was_erased_runs_nothing_again() {
    let mut world = World::approved().await;
    world.launch().await;
    erase(&mut world, Action::LaunchAuthorised);
    let answer = world.authorise(&world.job(), AUTHOR).await;
    world.check_refused(&answer, Action::LaunchAuthorised, "launch.job-already-run");
    // Another job of the same project is another request.
    let mut job = world.job();
    job.job = "job-2".parse().unwrap();
    assert_eq!(world.authorise(&job, AUTHOR).await.status, 200);
}

#[tokio::test]
async fn a_log_with_every_kind_of_erasure_is_still_read() {
    let mut world = World::approved().await;
    world.launch().await;
    for action in [Action::LaunchAuthorised, Action::ProjectApproved] {
        erase(&mut world, action);
    }
    world.restart();
    assert_eq!(world.entries().len(), 5, "dataset, project, launch, two erasures");
    world.approve(|proposal| proposal.title = "anew".to_owned()).await.read::<Registered>();
}
