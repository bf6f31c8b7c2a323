//! What leaves, when, and that nothing else does.

use std::fs;
use std::process::Command;

use domain::Digest;
use domain::Reason as _;
use domain::claims::Trust;
use domain::event::{Action, Actor, Event};
use domain::project::Proposal;
use domain::review::Vote;
use evidence::snp::Roots;
use wire::airlock::{Exported, OutputState, OutputSummary};

use super::world::*;
use crate::export::verify;

#[tokio::test]
async fn an_accepted_output_leaves_with_a_receipt_that_verifies() {
    let world = World::new();
    let (_, output) = world.delivered().await;
    world.accepted_by(&output, &REVIEWERS).await;
    let exported: Exported = world.export(&output.output).await.read();
    let file = world.get(&format!("/v0/exports/{}", exported.export)).await.body;
    assert_eq!(Digest::of(&file), exported.sha256);
    // Whatever is decided in the meantime, it is the same file.
    let event = world.entries()[0].event.clone();
    world.log(Actor::Broker, None, event);
    assert_eq!(world.get(&format!("/v0/exports/{}", exported.export)).await.body, file);
    let again: Exported = world.export(&output.output).await.read();
    assert_eq!(again.sha256, exported.sha256);

    let verified = verify(&file, &trust(), &roots()).unwrap();
    let names: Vec<_> = verified.files().keys().map(String::as_str).collect();
    assert_eq!(names, ["by_site.csv"], "no refused file");
    // Nor anything that the checks found in one.
    let holds = |text: &str| file.windows(text.len()).any(|bytes| bytes == text.as_bytes());
    assert!(holds("by_site.csv") && !holds("secret-of-row-17"));
    assert_eq!(verified.files()["by_site.csv"], b"site,people\nnorth,12\nsouth,30\n");
    let receipt = verified.receipt();
    assert_eq!((receipt.package, receipt.platform), (output.package, Trust::Emulated));
    assert_eq!(receipt.reviewers, [person("reviewer-1"), person("reviewer-2")]);
    assert_eq!(verified.claims().measurement, receipt.measurement);

    let refused = verify(&file, &trust(), &Roots::amd()).unwrap_err();
    assert_eq!(refused.reason(), "evidence.emulated-platform");
    let path = format!("/v0/outputs/{}", output.output);
    assert_eq!(world.get(&path).await.read::<OutputSummary>().state, OutputState::Exported);
}

#[tokio::test]
async fn other_programs_read_the_file() {
    let world = World::new();
    let file = world.exported().await;
    let place = world.path("export.zip");
    fs::write(&place, &file).unwrap();
    let script = "import sys, zipfile\n\
                  z = zipfile.ZipFile(sys.argv[1])\n\
                  assert z.testzip() is None\n\
                  sys.stdout.buffer.write(z.read('files/by_site.csv'))";
    match Command::new("python3").arg("-c").arg(script).arg(&place).output() {
        Ok(read) => assert_eq!(read.stdout, b"site,people\nnorth,12\nsouth,30\n", "{read:?}"),
        Err(_) => println!("skipped: there is no python3"),
    }
}

#[tokio::test]
async fn an_output_leaves_once_and_its_file_outlives_what_changes_later() {
    let world = World::new();
    let (_, output) = world.delivered().await;
    world.accepted_by(&output, &REVIEWERS).await;
    let first: Exported = world.export(&output.output).await.read();
    // The log goes on, a reviewer thinks again, the approval runs out.
    world.launch();
    let vote = review("reviewer-1", 4, output.package, Vote::Reject);
    let answer = world.vote(&output.output, &vote).await;
    world.check_refused(&answer, Action::OutputReviewed, "output.already-exported");
    world.wait(20_000);
    let again: Exported = world.export(&output.output).await.read();
    assert_eq!((&again.export, again.log_index), (&first.export, first.log_index));
    assert_eq!(world.left(), 1);
    let file = world.get(&format!("/v0/exports/{}", first.export)).await.body;
    assert_eq!(Digest::of(&file), again.sha256);
    verify(&file, &trust(), &roots()).unwrap();
}

#[tokio::test]
async fn newer_decisions_on_the_same_things_do_not_spoil_an_export() {
    let world = World::new();
    let launched = world.launch();
    // The same dataset and proposal are registered once more after the key was released.
    world.approve(&proposal());
    let delivery = sealed(&launched, &package(&launched, &LEFT));
    let output: OutputSummary = world.deliver(&delivery).await.read();
    world.accepted_by(&output, &REVIEWERS).await;
    let exported: Exported = world.export(&output.output).await.read();
    let file = world.get(&format!("/v0/exports/{}", exported.export)).await.body;
    verify(&file, &trust(), &roots()).unwrap();
}

/// An accepted output whose release is refused for what `change` did, and once only in the log.
async fn release_refused(reason: &str, change: impl FnOnce(&World, &OutputSummary)) {
    let world = World::new();
    let (_, output) = world.delivered().await;
    world.accepted_by(&output, &REVIEWERS).await;
    change(&world, &output);
    let answer = world.export(&output.output).await;
    world.check_refused(&answer, Action::OutputExported, reason);
    let entries = world.entries().len();
    assert_eq!(world.export(&output.output).await.reason(), reason);
    assert_eq!((world.entries().len(), world.left()), (entries, 0));
}

#[tokio::test]
async fn the_approval_must_hold_when_the_output_leaves() {
    release_refused("approval.expired", |world, _| world.wait(20_000)).await;
    release_refused("approval.superseded", |world, _| {
        let narrower = Proposal { title: "narrower".to_owned(), ..proposal() };
        world.approve(&narrower);
    })
    .await;
}

#[tokio::test]
async fn nothing_leaves_that_a_receiver_would_refuse() {
    let world = World::new();
    let other_log = |manifest: &mut domain::launch::LaunchManifest| {
        manifest.deployment.log_origin = "other.example/log".to_owned();
    };
    let launched = world.launch_with(|_| (), other_log);
    let delivery = sealed(&launched, &package(&launched, &LEFT));
    let output: OutputSummary = world.deliver(&delivery).await.read();
    world.accepted_by(&output, &REVIEWERS).await;
    let answer = world.export(&output.output).await;
    world.check_refused(&answer, Action::OutputExported, "export.mismatch");
}

#[tokio::test]
async fn an_export_in_the_log_by_another_is_none() {
    let world = World::new();
    let (_, output) = world.delivered().await;
    let event = Event {
        evidence: vec![Digest::of(b"receipt"), output.package],
        ..Event::accepted(Action::OutputExported, Digest::of(b"payload"))
    };
    world.log(Actor::Broker, None, event);
    let path = format!("/v0/outputs/{}", output.output);
    assert_eq!(world.get(&path).await.read::<OutputSummary>().state, OutputState::InReview);
    let name = crate::output::name_bits(output.package);
    let path = format!("/v0/exports/{}", domain::ids::ExportId::from_random(name));
    assert_eq!(world.get(&path).await.reason(), "output.not-found");
    let answer = world.export(&output.output).await;
    world.check_refused(&answer, Action::OutputExported, "review.too-few");
}

#[tokio::test]
async fn while_the_log_cannot_be_written_nothing_leaves() {
    let world = World::new();
    let (_, output) = world.delivered().await;
    world.accepted_by(&output, &REVIEWERS).await;
    let entries = world.entries().len();
    // The checkpoint is written beside its place first; a folder is there instead.
    let obstacle = world.path("data/log/.checkpoint.new");
    fs::create_dir(&obstacle).unwrap();
    let answer = world.export(&output.output).await;
    assert_eq!((answer.status, answer.reason().as_str()), (503, "log.unavailable"));
    let name = crate::output::name_bits(output.package);
    let path = format!("/v0/exports/{}", domain::ids::ExportId::from_random(name));
    assert_eq!(world.get(&path).await.reason(), "log.unavailable");
    fs::remove_dir(&obstacle).unwrap();
    let exported: Exported = world.export(&output.output).await.read();
    // Whether the first attempt's entry came through was unknown: it did, and is not made twice.
    assert_eq!(world.entries().len(), entries + 1);
    let file = world.get(&format!("/v0/exports/{}", exported.export)).await.body;
    verify(&file, &trust(), &roots()).unwrap();
}
