//! Taking in: what is refused, what a refusal leaves behind, and who may read.

use domain::event::{Action, Actor, Event};
use domain::output::OutputPackage;
use domain::{Digest, Reason as _};
use wire::airlock::{OutputState, OutputSummary, RefusedFile, SealedOutput};

use super::world::*;
use crate::Revocation;
use crate::chain::Steps;

#[tokio::test]
async fn a_delivery_is_logged_listed_and_shown_to_a_reviewer() {
    let world = World::new();
    let (launched, summary) = world.delivered().await;
    assert_eq!(summary.state, OutputState::InReview);
    assert_eq!(summary.files, ["by_site.csv"]);
    // The name of the file that no rule declares is the workload's own text: it is not told.
    let told = |file: &RefusedFile| (file.name.clone(), file.reason.to_string());
    let refused: Vec<_> = summary.refused.iter().map(told).collect();
    assert_eq!(
        refused,
        [
            ("by_age.csv".to_owned(), "output.cell-below-threshold".to_owned()),
            (String::new(), "output.undeclared".to_owned()),
        ]
    );
    let listed: Vec<OutputSummary> = world.get("/v0/outputs").await.read();
    assert_eq!(listed.as_slice(), std::slice::from_ref(&summary));
    let path = format!("/v0/outputs/{}", summary.output);
    assert_eq!(world.get(&path).await.read::<OutputSummary>(), summary);
    let content = world.content(&summary.output).await;
    let read = OutputPackage::from_bytes(&content.package).unwrap();
    assert_eq!(read.digest().unwrap(), summary.package);
    assert_eq!(content.package, package(&launched, &LEFT).to_bytes().unwrap());
    let logged: Vec<_> =
        world.entries().into_iter().skip(5).map(|entry| entry.event.action).collect();
    let checked = Action::OutputChecked;
    assert_eq!(logged, [Action::JobFinished, checked, checked, checked]);
}

/// What `edit` makes of a good delivery is refused with `reason`, is logged, and stays out.
async fn refused(reason: &str, edit: impl FnOnce(&World, &Launched, &mut SealedOutput)) {
    let world = World::new();
    let launched = world.launch();
    let mut delivery = sealed(&launched, &package(&launched, &LEFT));
    edit(&world, &launched, &mut delivery);
    let objects = world.objects();
    world.check_refused(&world.deliver(&delivery).await, Action::OutputChecked, reason);
    let entries = world.entries().len();
    assert_eq!(world.deliver(&delivery).await.reason(), reason);
    assert_eq!(world.entries().len(), entries, "logged once");
    assert_eq!(world.airlock.refusals().get(reason), Some(&2), "counted twice");
    assert_eq!(world.objects(), objects, "nothing kept");
    assert_eq!(world.get("/v0/outputs").await.read::<Vec<OutputSummary>>(), []);
}

/// An output that waits for its entry beyond the end of its approval: by the time of that entry it
/// could never be opened again.
#[tokio::test]
async fn what_waits_too_long_for_its_entry_is_refused() {
    let world = World::new();
    let launched = world.launch();
    let delivery = sealed(&launched, &package(&launched, &LEFT));
    let manifest = Digest::of(&delivery.initdata);
    let steps = Steps::of(&world.ledger.entries().unwrap(), manifest).unwrap();
    let (opened, objects) = world.airlock.judge(steps, delivery).unwrap();
    world.wait(20_000);
    let before = (world.entries().len(), world.objects());
    let refused = world.airlock.log_checked(&opened, objects).unwrap_err();
    assert_eq!(refused.reason(), "approval.expired");
    assert_eq!((world.entries().len(), world.objects()), before);
}

#[tokio::test]
async fn what_cannot_be_opened_any_more_keeps_no_other_output_from_being_listed() {
    let world = World::new();
    let (_, lost) = world.delivered().await;
    let (_, there) = world.delivered().await;
    let finished = world.entries().into_iter().find(|e| e.event.action == Action::JobFinished);
    let finished = finished.unwrap();
    let sealed = finished.event.evidence[0];
    std::fs::remove_file(world.path(&format!("data/sealed/{}", sealed.hex()))).unwrap();
    let world = world.restarted();
    let listed: Vec<OutputSummary> = world.get("/v0/outputs").await.read();
    let [first, second] = listed.try_into().unwrap();
    assert_eq!(second, there);
    let reason = first.refused[0].reason.to_string();
    assert_eq!((first.state, reason.as_str()), (OutputState::Refused, "object.missing"));
    let whose = |it: &OutputSummary| (it.output.clone(), it.project.clone(), it.author.clone());
    assert_eq!(whose(&first), whose(&lost));
    assert_eq!(world.export(&lost.output).await.reason(), "object.missing");
    // And if nobody can say whose it was.
    let author = finished.person.unwrap().hex();
    std::fs::remove_file(world.path(&format!("record-keys/{author}"))).unwrap();
    let listed: Vec<OutputSummary> = world.restarted().get("/v0/outputs").await.read();
    assert_eq!(listed, [there]);
}

/// The same for a package that was altered before enclave, sealing and evidence saw it.
async fn package_refused(reason: &str, edit: impl FnOnce(&mut OutputPackage)) {
    refused(reason, |_, launched, delivery| {
        let mut package = package(launched, &LEFT);
        edit(&mut package);
        *delivery = sealed(launched, &package);
    })
    .await;
}

#[tokio::test]
async fn evidence_must_bind_this_package_of_this_launch() {
    refused("evidence.report-data", |_, launched, delivery| {
        delivery.evidence = evidence_of(launched, Digest::of(b"another package"));
    })
    .await;
    refused("evidence.host-data", |world, launched, delivery| {
        let other = world.launch();
        delivery.evidence = evidence_of(&other, package(launched, &LEFT).digest().unwrap());
    })
    .await;
    refused("evidence.malformed", |_, _, delivery| delivery.evidence.report = vec![0; 8]).await;
    refused("evidence.signature", |_, _, delivery| delivery.evidence.report[0x90] ^= 1).await;
}

#[tokio::test]
async fn a_package_of_another_launch_is_refused() {
    package_refused("output.other-launch", |package| {
        package.launch = "launch-other".parse().unwrap();
    })
    .await;
    package_refused("output.other-launch", |package| {
        package.manifest = Digest::of(b"other");
    })
    .await;
    package_refused("output.other-launch", |package| {
        package.author = person("reviewer-1");
    })
    .await;
    // Sealed by another launch: the key is bound to the manifest.
    refused("seal.envelope-authentication", |world, launched, delivery| {
        let other = world.launch();
        delivery.sealed = seal_bytes(&package(launched, &LEFT).to_bytes().unwrap(), &other);
    })
    .await;
}

#[tokio::test]
async fn files_are_checked_again() {
    package_refused("output.cell-below-threshold", |package| {
        package.files[0].content = "site,people\nnorth,4\n".to_owned();
    })
    .await;
    package_refused("output.not-canonical", |package| {
        package.files[0].content = "site,people\nsouth,30\nnorth,12\n".to_owned();
    })
    .await;
    package_refused("output.undeclared", |package| {
        package.files[0].name = "other.csv".to_owned();
    })
    .await;
    package_refused("output.report-mismatch", |package| {
        package.files.push(package.files[0].clone());
    })
    .await;
    package_refused("output.report-mismatch", |package| package.files.clear()).await;
    package_refused("format.not-json", |package| package.report.clear()).await;
    refused("format.not-json", |_, launched, delivery| {
        *delivery = sealed_bytes(launched, b"no package");
    })
    .await;
}

#[tokio::test]
async fn the_workload_must_be_the_signed_one() {
    refused("bundle.signature", |_, _, delivery| {
        delivery.workload_bundle = bundle_by(&signers()[1]);
    })
    .await;
    refused("bundle.malformed", |_, _, delivery| delivery.workload_bundle.clear()).await;
    refused("output.other-workload", |_, _, delivery| delivery.image_manifest.push(0)).await;
}

#[tokio::test]
async fn a_launch_delivers_once() {
    let world = World::new();
    let (launched, first) = world.delivered().await;
    let again = sealed(&launched, &package(&launched, &LEFT[..1]));
    let answer = world.deliver(&again).await;
    world.check_refused(&answer, Action::OutputChecked, "output.already-delivered");
    assert_eq!(answer.status, 409);
    assert_eq!(world.get("/v0/outputs").await.read::<Vec<OutputSummary>>(), [first]);
}

#[tokio::test]
async fn an_unknown_launch_leaves_only_a_count() {
    let world = World::new();
    let known = world.launch();
    let mut delivery = sealed(&known, &package(&known, &LEFT));
    delivery.initdata.push(b'\n');
    let (entries, objects) = (world.entries().len(), world.objects());
    let answer = world.deliver(&delivery).await;
    assert_eq!((answer.status, answer.reason().as_str()), (403, "output.no-such-launch"));
    let answer = world.post_bytes("/v0/outputs", b"{}".to_vec()).await;
    assert_eq!((answer.status, answer.reason().as_str()), (400, "request.malformed"));
    assert_eq!((world.entries().len(), world.objects()), (entries, objects));
    assert_eq!(world.airlock.refusals().values().sum::<u64>(), 2);
}

#[tokio::test]
async fn only_the_brokers_accepted_decisions_make_a_launch() {
    for (actor, follows) in [(Actor::Airlock, true), (Actor::Broker, false)] {
        let world = World::new();
        let launched = world.launch();
        // A second launch, whose key release somebody else wrote or which follows nothing.
        let other = Launched {
            digest: Digest::of(b"other"),
            initdata: b"other".to_vec(),
            manifest: launched.manifest.clone(),
        };
        let last = world.entries().pop().unwrap();
        let event = Event {
            previous: if follows { vec![last.event.previous[0].clone()] } else { vec![] },
            ..Event::accepted(Action::KeyReleased, other.digest)
        };
        world.log(actor, None, event);
        let answer = world.deliver(&sealed(&other, &package(&other, &LEFT))).await;
        assert_eq!(answer.reason(), "output.no-such-launch");
    }
}

#[tokio::test]
async fn what_the_launch_rests_on_must_hold() {
    type LaunchIn = fn(&World) -> Launched;
    let cases: [(&str, LaunchIn); 3] = [
        ("approval.expired", |world| {
            let launched = world.launch();
            world.wait(20_000);
            launched
        }),
        ("dataset.signature", |world| {
            world.launch_with(|_| (), |manifest| manifest.dataset_signer = key(STRANGER).public())
        }),
        ("rules.malformed", |world| {
            let rules = world.ledger.keep(b"no rules").unwrap();
            world.launch_with(|_| (), |manifest| manifest.output_rules = rules)
        }),
    ];
    for (reason, launch) in cases {
        let world = World::new();
        let launched = launch(&world);
        let answer = world.deliver(&sealed(&launched, &package(&launched, &LEFT))).await;
        world.check_refused(&answer, Action::OutputChecked, reason);
    }
}

#[tokio::test]
async fn an_unreadable_manifest_is_refused() {
    let world = World::new();
    let mut launched = world.launch();
    launched.initdata = b"no manifest".to_vec();
    launched.digest = world.launch_of(&launched.initdata);
    let answer = world.deliver(&sealed(&launched, &package(&launched, &LEFT))).await;
    world.check_refused(&answer, Action::OutputChecked, "launch.malformed");
}

#[tokio::test]
async fn without_a_revocation_list_nothing_is_taken_in() {
    let world = World::revoking(Revocation::File("/nonexistent/list.crl".into()));
    let launched = world.launch();
    let answer = world.deliver(&sealed(&launched, &package(&launched, &LEFT))).await;
    world.check_refused(&answer, Action::OutputChecked, "evidence.crl-missing");
}

#[tokio::test]
async fn an_output_refused_as_a_whole_is_kept_for_its_report() {
    let world = World::new();
    let launched = world.launch();
    let delivery = sealed(&launched, &package(&launched, &LEFT[1..]));
    let summary: OutputSummary = world.deliver(&delivery).await.read();
    assert_eq!(summary.state, OutputState::Refused);
    assert_eq!(summary.files, Vec::<String>::new());
    let vote = review("reviewer-1", 4, summary.package, domain::review::Vote::Accept);
    let answer = world.vote(&summary.output, &vote).await;
    world.check_refused(&answer, Action::OutputReviewed, "output.refused");
    let answer = world.export(&summary.output).await;
    world.check_refused(&answer, Action::OutputExported, "output.refused");
}

#[tokio::test]
async fn an_altered_object_is_refused() {
    let world = World::new();
    let (launched, output) = world.delivered().await;
    let object = world.path("data/sealed").join(launched.digest.hex());
    std::fs::write(object, b"altered").unwrap();
    let answer = world.read_as("reviewer-1", 4, &output.output).await;
    assert_eq!((answer.status, answer.reason().as_str()), (503, "object.altered"));
}

#[tokio::test]
async fn only_reviewers_read_and_only_by_a_fresh_request_of_their_own() {
    let world = World::new();
    let (_, output) = world.delivered().await;
    let (_, other) = world.delivered().await;
    let cases = [
        ("nobody", 4, &output, 0, "output.read-not-allowed"),
        ("reviewer-1", STRANGER, &output, 0, "output.read-signature"),
        ("reviewer-1", 4, &output, -301, "output.read-not-allowed"),
        ("reviewer-1", 4, &output, 301, "output.read-not-allowed"),
        ("reviewer-1", 4, &other, 0, "output.read-not-allowed"),
        ("author", 6, &output, 0, "output.read-not-allowed"),
        ("author-by-another-name", AUTHOR, &output, 0, "output.read-not-allowed"),
    ];
    let path = format!("/v0/outputs/{}/content", output.output);
    for (reader, seed, named, age, reason) in cases {
        let request = read_request(reader, seed, &named.output, at(age));
        assert_eq!(world.post(&path, &request).await.reason(), reason, "{reader} {age}");
    }
    let vote = review("reviewer-1", 4, output.package, domain::review::Vote::Accept);
    assert_eq!(world.post(&path, &vote).await.reason(), "format.not-json");
    world.wait(20_000);
    let answer = world.read_as("reviewer-1", 4, &output.output).await;
    assert_eq!(answer.reason(), "approval.expired");
    for path in ["/v0/outputs/output-0", "/v0/outputs/NO%20NAME", "/v0/exports/export-0"] {
        let answer = world.get(path).await;
        assert_eq!((answer.status, answer.reason().as_str()), (404, "output.not-found"));
    }
}
