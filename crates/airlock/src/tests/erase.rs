//! What stops when a record is erased, and what does not. The records behind an entry are erased as
//! `cloister log erase` does it; the airlock then starts anew.

use domain::event::{Action, Actor, Entry, Outcome};
use domain::ids::OutputId;
use domain::review::Vote;
use wire::airlock::{Exported, OutputState, OutputSummary};

use super::world::*;
use crate::export::verify;

/// Erases the record behind the first accepted `action`, and starts the airlock again.
fn erased(world: World, action: Action) -> World {
    let accepted =
        |entry: &Entry| entry.event.action == action && entry.event.outcome == Outcome::Accepted;
    let entry = world.entries().into_iter().find(accepted).unwrap();
    world.ledger.erase(&entry.id, person("olga"), world.now()).unwrap();
    world.restarted()
}

async fn summary(world: &World, output: &OutputId) -> OutputSummary {
    world.get(&format!("/v0/outputs/{output}")).await.read()
}

#[tokio::test]
async fn the_export_of_an_erased_record_cannot_be_made_again_and_a_fetched_one_verifies() {
    for action in [
        Action::ProjectApproved,
        Action::LaunchAuthorised,
        Action::JobFinished,
        Action::OutputReviewed,
        Action::OutputExported,
    ] {
        let world = World::new();
        let (_, output) = world.delivered().await;
        world.accepted_by(&output, &REVIEWERS).await;
        let exported: Exported = world.export(&output.output).await.read();
        let path = format!("/v0/exports/{}", exported.export);
        let file = world.get(&path).await.body;
        let world = erased(world, action);
        for answer in [world.get(&path).await, world.export(&output.output).await] {
            assert_eq!(
                (answer.status, answer.reason().as_str()),
                (410, "object.erased"),
                "{action:?}"
            );
        }
        verify(&file, &trust(), &roots()).unwrap();
        // The listing goes on without what cannot be opened.
        let listed: Vec<OutputSummary> = world.get("/v0/outputs").await.read();
        let opens = matches!(action, Action::OutputReviewed | Action::OutputExported);
        assert_eq!(listed.len(), usize::from(opens), "{action:?}");
        assert_eq!(world.left(), 1, "nothing left twice");
    }
}

#[tokio::test]
async fn an_erased_acceptance_does_not_count_and_its_reviewer_may_vote_again() {
    let world = World::new();
    let (_, output) = world.delivered().await;
    world.accepted_by(&output, &REVIEWERS).await;
    let world = erased(world, Action::OutputReviewed);
    let now = summary(&world, &output.output).await;
    assert_eq!((now.state, now.accepted_votes), (OutputState::InReview, 1));
    let answer = world.export(&output.output).await;
    world.check_refused(&answer, Action::OutputExported, "review.too-few");
    // The same bytes were erased; the reviewer signs anew.
    let (name, seed) = REVIEWERS[0];
    let vote = review(name, seed, output.package, Vote::Accept);
    assert_eq!(world.vote(&output.output, &vote).await.reason(), "object.erased");
    let vote = review_at(at(60), name, seed, output.package, Vote::Accept);
    world.vote(&output.output, &vote).await.read::<OutputSummary>();
    let exported: Exported = world.export(&output.output).await.read();
    let file = world.get(&format!("/v0/exports/{}", exported.export)).await.body;
    assert_eq!(verify(&file, &trust(), &roots()).unwrap().receipt().reviewers.len(), 2);
}

#[tokio::test]
async fn an_erased_rejection_is_still_one() {
    let world = World::new();
    let (_, output) = world.delivered().await;
    let (name, seed) = REVIEWERS[1];
    let vote = review(name, seed, output.package, Vote::Reject);
    world.vote(&output.output, &vote).await.read::<OutputSummary>();
    let rejection = world.entries().pop().unwrap();
    assert_eq!((rejection.actor, rejection.event.action), (Actor::Airlock, Action::OutputReviewed));
    world.ledger.erase(&rejection.id, person("olga"), world.now()).unwrap();
    let world = world.restarted();
    assert_eq!(summary(&world, &output.output).await.state, OutputState::Rejected);
    let (name, seed) = REVIEWERS[0];
    let vote = review(name, seed, output.package, Vote::Accept);
    assert_eq!(world.vote(&output.output, &vote).await.reason(), "review.rejected");
}

/// What left of a dataset is remembered from the log and the sealed packages: erasing who made it,
/// who voted and the receipt takes nothing of that away; erasing the package itself ends releases.
#[tokio::test]
async fn the_gate_still_remembers_what_left() {
    const FIRST: [(&str, &str); 1] = [("under_30.csv", "band,people\nyounger,18\nolder,22\n")];
    const SECOND: [(&str, &str); 1] = [("under_31.csv", "band,people\nyounger,22\nolder,18\n")];
    for (action, reason) in [
        (Action::LaunchAuthorised, "output.difference-isolates"),
        (Action::OutputReviewed, "output.difference-isolates"),
        (Action::OutputExported, "output.difference-isolates"),
        (Action::JobFinished, "object.erased"),
    ] {
        let world = World::new();
        let launched = world.launch();
        let first = package(&launched, &FIRST);
        let output: OutputSummary = world.deliver(&sealed(&launched, &first)).await.read();
        world.accepted_by(&output, &REVIEWERS).await;
        world.export(&output.output).await.read::<Exported>();
        let world = erased(world, action);
        let launched = world.launch();
        let second = package(&launched, &SECOND);
        let second: OutputSummary = world.deliver(&sealed(&launched, &second)).await.read();
        assert_eq!(second.state, OutputState::Refused, "{action:?}");
        let reasons: Vec<_> = second.refused.iter().map(|file| file.reason.as_str()).collect();
        assert_eq!(reasons, [reason], "{action:?}");
    }
}
