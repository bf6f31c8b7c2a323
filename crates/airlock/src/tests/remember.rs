//! What left before decides on what may leave next. Of the dataset's forty people four are thirty
//! years old: the difference of two tables that are safe alone.

use domain::Digest;
use domain::event::{Action, Outcome};
use domain::output::OutputPackage;
use domain::review::Vote;
use wire::airlock::{Exported, OutputState, OutputSummary};

use super::world::*;
use crate::export::verify;

const UNDER_30: [(&str, &str); 1] = [("under_30.csv", "band,people\nyounger,18\nolder,22\n")];
const UNDER_31: [(&str, &str); 1] = [("under_31.csv", "band,people\nyounger,22\nolder,18\n")];

async fn taken_in(world: &World, left: &[(&str, &str)]) -> OutputSummary {
    let launched = world.launch();
    world.deliver(&sealed(&launched, &package(&launched, left))).await.read()
}

async fn exported(world: &World, left: &[(&str, &str)]) -> Exported {
    let output = taken_in(world, left).await;
    world.accepted_by(&output, &REVIEWERS).await;
    world.export(&output.output).await.read()
}

#[tokio::test]
async fn an_output_that_isolates_people_beside_an_earlier_one_never_gets_to_reviewers() {
    let world = World::new();
    exported(&world, &UNDER_30).await;
    let second = taken_in(&world, &UNDER_31).await;
    assert!(second.state == OutputState::Refused, "{:?}", second.state);
    let refused: Vec<_> = world
        .entries()
        .into_iter()
        .filter(|entry| {
            entry.event.action == Action::OutputChecked && entry.event.object == second.package
        })
        .map(|entry| entry.event.outcome)
        .collect();
    let reason = "output.difference-isolates".to_owned().try_into().unwrap();
    assert_eq!(refused, [Outcome::Refused { reason }]);
    assert_eq!(second.refused.len(), 1);
    assert_eq!(second.refused[0].reason.as_str(), "output.difference-isolates");
    let (name, seed) = REVIEWERS[0];
    let vote = review(name, seed, second.package, Vote::Accept);
    let answer = world.vote(&second.output, &vote).await;
    world.check_refused(&answer, Action::OutputReviewed, "output.refused");
    let answer = world.export(&second.output).await;
    world.check_refused(&answer, Action::OutputExported, "output.refused");
    assert_eq!(world.left(), 1);
}

#[tokio::test]
async fn of_two_that_wait_together_the_first_to_leave_keeps_the_other_in() {
    let world = World::new();
    let one = taken_in(&world, &UNDER_30).await;
    let other = taken_in(&world, &UNDER_31).await;
    for output in [&one, &other] {
        world.accepted_by(output, &REVIEWERS).await;
    }
    world.export(&other.output).await.read::<Exported>();
    let answer = world.export(&one.output).await;
    world.check_refused(&answer, Action::OutputExported, "output.difference-isolates");
    let told = String::from_utf8(answer.body).unwrap();
    let problem: serde_json::Value = serde_json::from_str(&told).unwrap();
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("differs by too few records"), "{detail}");
    let told = detail.split(' ').any(|word| ["4", "18", "22"].contains(&word));
    assert!(!told, "{detail}");
}

#[tokio::test]
async fn the_same_table_may_leave_again_and_each_export_names_the_chain() {
    let world = World::new();
    let first = exported(&world, &UNDER_30).await;
    let second = exported(&world, &UNDER_30).await;
    let heads: Vec<Digest> = world
        .entries()
        .into_iter()
        .filter(|entry| entry.event.action == Action::OutputExported)
        .map(|entry| entry.event.evidence[2])
        .collect();
    assert_eq!(heads.len(), 2);
    assert_ne!(heads[0], heads[1]);
    for export in [first, second] {
        let file = world.get(&format!("/v0/exports/{}", export.export)).await.body;
        verify(&file, &trust(), &roots()).unwrap();
        let holds = |text: &[u8]| file.windows(text.len()).any(|bytes| bytes == text);
        assert!(!holds(b"footprints"), "who is behind a row stays inside");
    }
}

#[tokio::test]
async fn what_left_is_remembered_after_a_restart() {
    let world = World::new();
    exported(&world, &UNDER_30).await;
    let world = world.restarted();
    let second = taken_in(&world, &UNDER_31).await;
    assert!(second.state == OutputState::Refused, "{:?}", second.state);
}

#[tokio::test]
async fn reviewers_are_not_told_who_is_behind_a_row() {
    let world = World::new();
    let output = taken_in(&world, &UNDER_30).await;
    let content = world.content(&output.output).await;
    let read = OutputPackage::from_bytes(&content.package).unwrap();
    assert_eq!(read.records, None);
    assert_eq!(read.digest().unwrap(), output.package);
}

#[tokio::test]
async fn a_package_without_its_footprints_is_refused() {
    let world = World::new();
    let launched = world.launch();
    let mut package = package(&launched, &UNDER_30);
    package.records = None;
    let answer = world.deliver(&sealed(&launched, &package)).await;
    world.check_refused(&answer, Action::OutputChecked, "output.no-records");
}

/// Exports the same until it is refused: how often it left, and why it did not again.
async fn until_refused(left: &[(&str, &str)]) -> (usize, String) {
    let world = World::new();
    loop {
        let output = taken_in(&world, left).await;
        if output.state == OutputState::Refused {
            let reason = output.refused.last().unwrap().reason.to_string();
            return (world.left(), reason);
        }
        world.accepted_by(&output, &REVIEWERS).await;
        world.export(&output.output).await.read::<Exported>();
    }
}

#[tokio::test]
async fn a_project_gets_so_many_releases_and_so_many_bits() {
    let releases = until_refused(&UNDER_30).await;
    assert_eq!(releases, (3, "output.release-budget".to_owned()));
    // Nobody says whom this table is about; what it can hold is counted all the same.
    let bits = until_refused(&[("by_site.csv", "site,people\nnorth,12\nsouth,30\n")]).await;
    assert_eq!(bits, (5, "output.bits-budget".to_owned()));
}
