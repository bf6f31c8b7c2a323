//! Votes: which count, and that neither order nor repetition changes what they say.

use domain::Digest;
use domain::event::{Action, Actor, Event};
use domain::review::Vote;
use wire::airlock::{OutputState, OutputSummary};

use super::world::*;

#[tokio::test]
async fn a_vote_that_does_not_count_is_refused_and_not_kept() {
    let world = World::new();
    let (_, output) = world.delivered().await;
    let package = output.package;
    let cases = [
        (review("author", 6, package, Vote::Accept), "review.author-as-reviewer"),
        (review("reviewer-1", STRANGER, package, Vote::Accept), "review.signature"),
        (review("nobody", STRANGER, package, Vote::Accept), "review.not-a-reviewer"),
        (review("reviewer-1", 4, Digest::of(b"other"), Vote::Accept), "review.other-package"),
        (read_request("reviewer-1", 4, &output.output, at(0)), "review.malformed"),
    ];
    let objects = world.objects();
    for (vote, reason) in cases {
        let answer = world.vote(&output.output, &vote).await;
        world.check_refused(&answer, Action::OutputReviewed, reason);
        let entries = world.entries().len();
        assert_eq!(world.vote(&output.output, &vote).await.reason(), reason);
        assert_eq!(world.entries().len(), entries, "logged once");
    }
    let by_key = review("author-by-another-name", AUTHOR, package, Vote::Accept);
    let answer = world.vote(&output.output, &by_key).await;
    assert_eq!(answer.reason(), "review.author-as-reviewer");
    assert_eq!(world.objects(), objects);
    let path = format!("/v0/outputs/{}/reviews", output.output);
    assert_eq!(world.post_bytes(&path, b"{}".to_vec()).await.reason(), "request.malformed");
    let summary: OutputSummary = world.get(&format!("/v0/outputs/{}", output.output)).await.read();
    assert_eq!(summary, output);
}

#[tokio::test]
async fn a_vote_counts_once() {
    let world = World::new();
    let (_, output) = world.delivered().await;
    world.accepted_by(&output, &REVIEWERS[..1]).await;
    let entries = world.entries().len();
    world.accepted_by(&output, &REVIEWERS[..1]).await;
    assert_eq!(world.entries().len(), entries);
    let answer = world.export(&output.output).await;
    world.check_refused(&answer, Action::OutputExported, "review.too-few");
    world.accepted_by(&output, &REVIEWERS).await;
    let path = format!("/v0/outputs/{}", output.output);
    let summary: OutputSummary = world.get(&path).await.read();
    assert_eq!((summary.state, summary.accepted_votes), (OutputState::Accepted, 2));
}

#[tokio::test]
async fn a_rejection_is_final_in_whatever_order_votes_arrive() {
    let accept = |name, seed, package| review(name, seed, package, Vote::Accept);
    let reject = |name, seed, package| review(name, seed, package, Vote::Reject);
    // Accepted, thought again, and the first vote is played once more by whoever kept it.
    for after in [0, 1] {
        let world = World::new();
        let (_, output) = world.delivered().await;
        let package = output.package;
        world.accepted_by(&output, &REVIEWERS[..=after]).await;
        let summary: OutputSummary =
            world.vote(&output.output, &reject("reviewer-1", 4, package)).await.read();
        assert_eq!(summary.state, OutputState::Rejected);
        world.vote(&output.output, &accept("reviewer-1", 4, package)).await;
        world.vote(&output.output, &accept("reviewer-2", 5, package)).await;
        let answer = world.export(&output.output).await;
        world.check_refused(&answer, Action::OutputExported, "review.rejected");
        assert_eq!(world.left(), 0);
    }
    let world = World::new();
    let (_, output) = world.delivered().await;
    let rejection = reject("reviewer-2", 5, output.package);
    world.vote(&output.output, &rejection).await.read::<OutputSummary>();
    let answer = world.vote(&output.output, &accept("reviewer-1", 4, output.package)).await;
    world.check_refused(&answer, Action::OutputReviewed, "review.rejected");
}

#[tokio::test]
async fn votes_in_the_log_by_others_do_not_count() {
    let world = World::new();
    let (_, output) = world.delivered().await;
    for (name, seed) in REVIEWERS {
        let vote = review(name, seed, output.package, Vote::Accept);
        let kept = world.ledger.keep(&domain::canonical::to_vec(&vote).unwrap()).unwrap();
        let event = Event {
            evidence: vec![kept],
            ..Event::accepted(Action::OutputReviewed, output.package)
        };
        world.log(Actor::Broker, Some(name), event);
    }
    let path = format!("/v0/outputs/{}", output.output);
    assert_eq!(world.get(&path).await.read::<OutputSummary>().accepted_votes, 0);
    let answer = world.export(&output.output).await;
    world.check_refused(&answer, Action::OutputExported, "review.too-few");
}
