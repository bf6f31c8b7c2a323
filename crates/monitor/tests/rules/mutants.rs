//! For each rule a log that breaks it, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use domain::claims::Trust;
use domain::event::{Action, Actor, Entry, Event, Outcome};
use domain::ids::EntryId;
use domain::{Digest, Reason as _};
use monitor::{Monitor, Violation};

use crate::world::{SIGNATURE, World, code, entries, policy, story};

/// Where the entries of [`story`] stand.
const SEALED: usize = 0;
const APPROVED: usize = 1;
const AUTHORISED: usize = 2;
const ATTESTED: usize = 3;
const KEY: usize = 4;
const FINISHED: usize = 5;
const CHECKED: usize = 6;
const REVIEWED: usize = 7;
const EXPORTED: usize = 9;

fn codes(leaves: &[Vec<u8>]) -> Vec<(u64, &'static str)> {
    let mut monitor = Monitor::default();
    let findings = leaves.iter().flat_map(|leaf| monitor.take(leaf));
    findings.map(|finding| (finding.index, finding.violation.reason())).collect()
}

/// What is found in the entries, numbered anew by actor.
fn renumbered(mut entries: Vec<Entry>) -> Vec<(u64, &'static str)> {
    let mut next: BTreeMap<Actor, u64> = BTreeMap::new();
    for entry in &mut entries {
        let next = next.entry(entry.actor).or_default();
        entry.sequence = *next;
        *next += 1;
    }
    as_they_are(&entries)
}

fn as_they_are(entries: &[Entry]) -> Vec<(u64, &'static str)> {
    codes(&entries.iter().map(|entry| entry.to_leaf().unwrap()).collect::<Vec<_>>())
}

/// The story with one entry altered.
fn with(place: usize, alter: impl FnOnce(&mut Entry)) -> Vec<(u64, &'static str)> {
    let mut story = story();
    alter(&mut story[place]);
    renumbered(story)
}

/// The story without an entry; what followed it, follows what it followed.
fn without(place: usize) -> Vec<(u64, &'static str)> {
    let mut story = story();
    let lost = story.remove(place);
    for entry in &mut story[place..] {
        let previous = &mut entry.event.previous;
        if previous.contains(&lost.id) {
            previous.retain(|name| *name != lost.id);
            previous.extend(lost.event.previous.iter().cloned());
        }
    }
    renumbered(story)
}

/// The story with a copy of an entry under another name, put before `place`.
fn again(copied: usize, place: usize, alter: impl FnOnce(&mut Entry)) -> Vec<(u64, &'static str)> {
    let mut story = story();
    let mut copy = story[copied].clone();
    copy.id = name(u8::MAX);
    alter(&mut copy);
    story.insert(place, copy);
    renumbered(story)
}

fn name(byte: u8) -> EntryId {
    EntryId::from_random([byte; 16])
}

fn at(index: usize, code: &'static str) -> Vec<(u64, &'static str)> {
    vec![(index as u64, code)]
}

#[test]
fn the_story_is_without_fault_and_in_its_order() {
    let story = story();
    assert_eq!(as_they_are(&story), []);
    let actions: Vec<_> = story.iter().map(|entry| entry.event.action).collect();
    let expected = [
        Action::DatasetSealed,
        Action::ProjectApproved,
        Action::LaunchAuthorised,
        Action::EnclaveAttested,
        Action::KeyReleased,
        Action::JobFinished,
        Action::OutputChecked,
        Action::OutputReviewed,
        Action::OutputReviewed,
        Action::OutputExported,
    ];
    assert_eq!(actions, expected);
}

#[test]
fn leaves_that_are_no_entries() {
    let leaf = |bytes: &[u8]| codes(&[bytes.to_vec()]);
    let entry = story()[SEALED].to_leaf().unwrap();
    let spaced = String::from_utf8(entry).unwrap().replacen(':', ": ", 1);
    let known = SIGNATURE;
    assert_eq!(leaf(known.as_bytes()), []);
    for other in [
        "",
        "{}",
        "no entry",
        &spaced,
        &known.replace("hashedrekord", "intoto"),
        &known.replace("spec", "action"),
        &known.replace("0.0.2", "0.0.1"),
        &known.replace("SHA2_256", "Jane Doe"),
    ] {
        assert_eq!(leaf(other.as_bytes()), at(0, "monitor.leaf"), "{other}");
    }
}

#[test]
fn numbering() {
    let mut gap = story();
    gap[KEY].sequence += 1;
    let mut again = story();
    again[KEY].sequence -= 1;
    assert_eq!(as_they_are(&gap), at(KEY, "monitor.sequence-gap"));
    assert_eq!(as_they_are(&again), at(KEY, "monitor.sequence-repeated"));
    // One that was cut out leaves a gap, whatever it was.
    for lost in 0..EXPORTED {
        let mut story = story();
        let actor = story.remove(lost).actor;
        let next = story[lost..].iter().position(|entry| entry.actor == actor);
        if let Some(next) = next {
            let found = as_they_are(&story);
            let gap = ((lost + next) as u64, "monitor.sequence-gap");
            assert!(found.contains(&gap), "{lost}: {found:?}");
        }
    }
    // An actor's first number is 0.
    let mut late = story();
    late[SEALED].sequence = 7;
    assert_eq!(as_they_are(&late)[0], (0, "monitor.sequence-gap"));
}

#[test]
fn names() {
    assert_eq!(
        with(REVIEWED, |entry| entry.event.previous.push(name(1))),
        at(REVIEWED, "monitor.previous-unknown")
    );
    // Itself is not before it, nor is what comes later.
    assert_eq!(
        with(REVIEWED, |entry| entry.event.previous.push(entry.id.clone())),
        at(REVIEWED, "monitor.previous-unknown")
    );
    let later = story()[EXPORTED].id.clone();
    assert_eq!(
        with(REVIEWED, |entry| entry.event.previous.push(later)),
        at(REVIEWED, "monitor.previous-unknown")
    );
    let first = story()[SEALED].id.clone();
    let repeated = again(SEALED, EXPORTED, |copy| copy.id = first);
    assert_eq!(repeated, at(EXPORTED, "monitor.entry-repeated"));
}

#[test]
fn time() {
    let back = |seconds: i64| with(KEY, |entry| entry.time = entry.time.plus_seconds(seconds));
    assert_eq!(back(-100), []);
    assert_eq!(back(-700), at(KEY, "monitor.time-backwards"));
    // A clock that was ahead and is set right is told once, where it goes back.
    assert_eq!(back(86_400), at(KEY + 1, "monitor.time-backwards"));
}

#[test]
fn who_decides() {
    for place in [SEALED, KEY, EXPORTED] {
        let found = with(place, |entry| entry.actor = Actor::Operator);
        assert_eq!(found[0], (place as u64, "monitor.wrong-actor"), "{place}");
    }
    let export = with(EXPORTED, |entry| entry.actor = Actor::Broker);
    assert_eq!(export, at(EXPORTED, "monitor.wrong-actor"));
    // The broker's own refusal of a job is none of an output.
    let refused = again(FINISHED, FINISHED, |copy| {
        copy.actor = Actor::Broker;
        copy.event.outcome = Outcome::Refused { reason: code("agent.input") };
    });
    assert_eq!(refused, []);
}

#[test]
fn what_entries_must_say() {
    let lacks = |place, alter: fn(&mut Entry)| with(place, alter);
    let incomplete = |place| at(place, "monitor.incomplete");
    assert_eq!(lacks(APPROVED, |it| it.event.reviews_required = None), incomplete(APPROVED));
    assert_eq!(lacks(AUTHORISED, |it| it.person = None), incomplete(AUTHORISED));
    assert_eq!(lacks(FINISHED, |it| it.person = None), incomplete(FINISHED));
    assert_eq!(lacks(CHECKED, |it| it.person = None), incomplete(CHECKED));
    // Without who it is, it is the review of nobody.
    let anonymous = lacks(REVIEWED, |it| it.person = None);
    let expected = [
        (REVIEWED as u64, "monitor.incomplete"),
        (EXPORTED as u64, "monitor.export-without-reviews"),
    ];
    assert_eq!(anonymous, expected);
    assert_eq!(lacks(EXPORTED, |it| it.event.evidence.truncate(1)), incomplete(EXPORTED));
    let packageless = lacks(FINISHED, |it| it.event.evidence.truncate(1));
    assert_eq!(packageless[0], (FINISHED as u64, "monitor.incomplete"));
    let projectless = lacks(APPROVED, |it| it.event.project = None);
    assert_eq!(projectless[0], (APPROVED as u64, "monitor.incomplete"));
    let policyless = lacks(APPROVED, |it| it.event.policy = None);
    assert_eq!(policyless[0], (APPROVED as u64, "monitor.incomplete"));
    let platformless = lacks(ATTESTED, |it| it.event.platform = None);
    assert_eq!(platformless[0], (ATTESTED as u64, "monitor.incomplete"));
}

#[test]
fn approvals() {
    assert_eq!(without(SEALED), at(APPROVED - 1, "monitor.approval-without-dataset"));
    let refused = with(SEALED, |entry| entry.event.outcome = refused());
    assert_eq!(refused, at(APPROVED, "monitor.approval-without-dataset"));
    // The first proposal comes back after another one took its place.
    let mut world = World::new();
    world.seal(None);
    world.propose(2);
    world.supersede(0);
    let mut back = entries(world);
    let mut first = back[APPROVED].clone();
    first.id = name(3);
    back.push(first);
    assert_eq!(renumbered(back), at(3, "monitor.approval-went-back"));
    // So it does after it was erased.
    let mut world = World::new();
    world.seal(None);
    world.propose(2);
    world.erase(APPROVED);
    world.approve(0);
    assert_eq!(renumbered(entries(world)), at(3, "monitor.approval-went-back"));
}

#[test]
fn launches() {
    assert_eq!(without(APPROVED), at(AUTHORISED - 1, "monitor.launch-without-approval"));
    let refused = with(APPROVED, |entry| entry.event.outcome = refused());
    assert_eq!(refused, at(AUTHORISED, "monitor.launch-without-approval"));
    // Of another project.
    let mut world = World::new();
    world.seal(None);
    world.propose(2);
    world.propose(2);
    world.authorise(1, 0);
    let mut other = entries(world);
    other[3].event.project = other[1].event.project.clone();
    assert_eq!(renumbered(other), at(3, "monitor.launch-without-approval"));
    // Under a proposal that was superseded or erased.
    for ended in [World::supersede, |world: &mut World, _| world.erase(APPROVED)] {
        let mut world = World::new();
        world.seal(None);
        world.propose(2);
        world.authorise(0, 0);
        ended(&mut world, 0);
        let mut launch = entries(world);
        launch.swap(2, 3);
        assert_eq!(renumbered(launch), at(3, "monitor.launch-without-approval"));
    }
    for place in [ATTESTED, KEY, EXPORTED] {
        assert_eq!(again(AUTHORISED, place, |_| ()), at(place, "monitor.launch-repeated"));
    }
}

#[test]
fn verdicts_and_keys() {
    let unknown = |entry: &mut Entry| entry.event.object = Digest::of(b"other");
    assert_eq!(again(ATTESTED, ATTESTED, unknown), at(ATTESTED, "monitor.verdict-without-launch"));
    assert_eq!(again(KEY, KEY, unknown), at(KEY, "monitor.key-without-launch"));
    assert_eq!(without(ATTESTED), at(KEY - 1, "monitor.key-without-verdict"));
    let refused = with(ATTESTED, |entry| entry.event.outcome = refused());
    assert_eq!(refused, at(KEY, "monitor.key-without-verdict"));
    for place in [FINISHED, EXPORTED] {
        assert_eq!(again(KEY, place, |_| ()), at(place, "monitor.key-twice"));
    }
    let other = |entry: &mut Entry| entry.event.policy = Some(Digest::of(b"other"));
    assert_eq!(with(KEY, other), at(KEY, "monitor.other-policy"));
    assert_eq!(with(ATTESTED, other), at(ATTESTED, "monitor.other-policy"));
    // The verdict is that of another launch.
    let mut world = World::new();
    world.seal(None);
    world.propose(2);
    world.authorise(0, 0);
    world.authorise(0, 1);
    world.attest(0);
    world.attest(1);
    world.release(0);
    let mut other = entries(world);
    other[6].event.previous = vec![other[5].id.clone()];
    assert_eq!(renumbered(other), at(6, "monitor.key-without-verdict"));
}

/// Neither a verdict nor a key for a proposal whose place another one took, or that was erased.
#[test]
fn superseded_proposals() {
    type Ends = fn(&mut World);
    for end in [|world: &mut World| world.supersede(0), (|world| world.erase(APPROVED)) as Ends] {
        let mut world = World::new();
        world.seal(None);
        world.propose(2);
        world.authorise(0, 0);
        world.attest(0);
        world.release(0);
        end(&mut world);
        let mut log = entries(world);
        let ended = log.remove(KEY + 1);
        let mut before_key = log.clone();
        before_key.insert(KEY, ended.clone());
        assert_eq!(renumbered(before_key), at(KEY + 1, "monitor.approval-superseded"));
        log.insert(ATTESTED, ended);
        let expected = [
            (ATTESTED as u64 + 1, "monitor.approval-superseded"),
            (KEY as u64 + 1, "monitor.approval-superseded"),
        ];
        assert_eq!(renumbered(log), expected);
    }
}

/// An export does not wait for the broker, so it may be a little late, and no more than that.
#[test]
fn exports_under_superseded_proposals() {
    for (seconds, expected) in
        [(0, vec![]), (1_000, at(EXPORTED + 1, "monitor.approval-superseded"))]
    {
        let mut world = World::new();
        world.seal(None);
        world.propose(2);
        world.authorise(0, 0);
        world.attest(0);
        world.release(0);
        world.deliver(0, false, true);
        world.review(0, 1, true);
        world.review(0, 2, true);
        world.supersede(0);
        let superseded = entries(world).pop().unwrap();
        let mut story = story();
        story[EXPORTED].time = superseded.time.plus_seconds(seconds);
        story.insert(EXPORTED, Entry { id: name(9), ..superseded });
        assert_eq!(renumbered(story), expected);
    }
}

#[test]
fn jobs_and_checks() {
    // Without the key, what follows names the verdict.
    let keyless = without(KEY);
    assert_eq!(keyless, at(FINISHED - 1, "monitor.job-without-key"));
    let nameless = with(FINISHED, |entry| entry.event.previous.clear());
    assert_eq!(nameless, at(FINISHED, "monitor.job-without-key"));
    let nameless = with(CHECKED, |entry| entry.event.previous.clear());
    assert_eq!(nameless, at(CHECKED, "monitor.check-without-key"));
    let other = again(CHECKED, CHECKED, |copy| copy.event.object = Digest::of(b"other"));
    assert_eq!(other, at(CHECKED, "monitor.check-without-key"));
    let twice = again(FINISHED, CHECKED, |copy| copy.event.evidence[1] = Digest::of(b"other"));
    let expected = at(CHECKED, "monitor.job-twice");
    assert_eq!(twice, expected);
    assert_eq!(
        again(FINISHED, EXPORTED + 1, |_| ())[0],
        (EXPORTED as u64 + 1, "monitor.job-twice")
    );
}

#[test]
fn reviews() {
    let author = story()[FINISHED].person;
    let own = again(REVIEWED, REVIEWED, |copy| copy.person = author);
    assert_eq!(own, at(REVIEWED, "monitor.review-by-author"));
    // Whom the launch calls its author is one, whatever the job's entry says.
    let stranger = story()[REVIEWED].person;
    let other = with(AUTHORISED, |entry| entry.person = stranger);
    let expected = [
        (REVIEWED as u64, "monitor.review-by-author"),
        (EXPORTED as u64, "monitor.export-without-reviews"),
    ];
    assert_eq!(other, expected);
    let unchecked = again(REVIEWED, CHECKED, |copy| copy.event.previous.clear());
    assert_eq!(unchecked, at(CHECKED, "monitor.review-without-check"));
    let unknown = again(REVIEWED, REVIEWED, |copy| copy.event.object = Digest::of(b"other"));
    assert_eq!(unknown, at(REVIEWED, "monitor.review-without-check"));
}

#[test]
fn exports() {
    let unnamed = |place: usize| {
        let name = story()[place].id.clone();
        with(EXPORTED, |entry| entry.event.previous.retain(|previous| *previous != name))
    };
    assert_eq!(
        without(CHECKED)[2..],
        [
            (EXPORTED as u64 - 1, "monitor.export-without-check"),
            (EXPORTED as u64 - 1, "monitor.export-without-reviews")
        ]
    );
    assert_eq!(unnamed(CHECKED), at(EXPORTED, "monitor.export-without-check"));
    let other = with(EXPORTED, |entry| entry.event.evidence[1] = Digest::of(b"other"));
    assert_eq!(other, at(EXPORTED, "monitor.export-without-check"));
    let few = at(EXPORTED, "monitor.export-without-reviews");
    assert_eq!(unnamed(REVIEWED), few);
    assert_eq!(without(REVIEWED), at(EXPORTED - 1, "monitor.export-without-reviews"));
    // The approval asks for three; or for none, which is two.
    assert_eq!(with(APPROVED, |entry| entry.event.reviews_required = Some(3)), few);
    let mut one = story();
    one[APPROVED].event.reviews_required = Some(0);
    one[REVIEWED].event.outcome = refused();
    assert_eq!(renumbered(one), few);
    // One person twice is one.
    let twice = story()[REVIEWED].person;
    assert_eq!(with(REVIEWED + 1, |entry| entry.person = twice), few);
    assert_eq!(again(EXPORTED, EXPORTED + 1, |_| ()), at(EXPORTED + 1, "monitor.export-twice"));
    let rejected = again(REVIEWED, EXPORTED, |copy| {
        copy.event.outcome = Outcome::Refused { reason: code("review.rejected") };
    });
    assert_eq!(rejected, at(EXPORTED + 1, "monitor.export-rejected"));
    // An attempt that was refused for another reason is no rejection.
    let attempt = again(REVIEWED, EXPORTED, |copy| copy.event.outcome = refused());
    assert_eq!(attempt, []);
    let other = with(EXPORTED, |entry| entry.event.policy = None);
    assert_eq!(other, at(EXPORTED, "monitor.other-policy"));
}

#[test]
fn platform_and_project() {
    for place in [KEY, FINISHED, CHECKED, REVIEWED, EXPORTED] {
        let emulated = with(place, |entry| entry.event.platform = Some(Trust::Emulated));
        assert_eq!(emulated[0], (place as u64, "monitor.platform-changed"), "{place}");
    }
    // Attested on one, exported on the other: told of the export as well as of what differs first.
    let attested = with(ATTESTED, |entry| entry.event.platform = Some(Trust::Emulated));
    assert_eq!(attested, at(KEY, "monitor.platform-changed"));
    for place in [ATTESTED, KEY, FINISHED, CHECKED, EXPORTED] {
        let found = with(place, |entry| entry.event.project = Some(other_project()));
        assert_eq!(found, at(place, "monitor.other-project"), "{place}");
    }
    // A review under the pseudonyms of another project does not count.
    let review = with(REVIEWED, |entry| entry.event.project = Some(other_project()));
    let expected = [
        (REVIEWED as u64, "monitor.other-project"),
        (EXPORTED as u64, "monitor.export-without-reviews"),
    ];
    assert_eq!(review, expected);
}

#[test]
fn erasures() {
    let erased = |alter: fn(&mut Entry)| {
        let mut story = story();
        let target = story[SEALED].clone();
        let event = Event {
            previous: vec![target.id.clone()],
            ..Event::accepted(Action::RecordErased, Digest::of(&target.to_leaf().unwrap()))
        };
        let erasure = Entry { id: name(5), actor: Actor::Operator, event, ..target };
        story.insert(EXPORTED, erasure);
        alter(&mut story[EXPORTED]);
        renumbered(story)
    };
    assert_eq!(erased(|_| ()), []);
    let unknown = at(EXPORTED, "monitor.erasure-unknown");
    assert_eq!(erased(|it| it.event.previous = vec![name(6)]), unknown);
    assert_eq!(erased(|it| it.event.previous.clear()), unknown);
    assert_eq!(erased(|it| it.event.object = policy()), unknown);
    // A vote that was erased is none any more.
    let mut world = World::new();
    world.seal(None);
    world.propose(2);
    world.authorise(0, 0);
    world.attest(0);
    world.release(0);
    world.deliver(0, false, true);
    world.review(0, 1, true);
    world.review(0, 2, true);
    world.erase(REVIEWED);
    let mut log = entries(world);
    let mut export = story().pop().unwrap();
    export.id = name(7);
    export.event.previous = log[CHECKED..EXPORTED].iter().map(|it| it.id.clone()).collect();
    log.push(export);
    assert_eq!(renumbered(log), at(EXPORTED + 1, "monitor.export-without-reviews"));
}

/// Every code is the reason of some mutant above; here, that no two are the same.
#[test]
fn codes_are_distinct_and_well_formed() {
    let actor = Actor::Broker;
    let time = story()[SEALED].time;
    let all = [
        Violation::Leaf,
        Violation::EntryRepeated,
        Violation::SequenceGap { actor, expected: 1, found: 2 },
        Violation::SequenceRepeated { actor, expected: 2, found: 1 },
        Violation::TimeBackwards { latest: time, found: time },
        Violation::PreviousUnknown { previous: name(1) },
        Violation::WrongActor { actor, action: Action::OutputExported },
        Violation::Incomplete { missing: "author" },
        Violation::ApprovalWithoutDataset,
        Violation::ApprovalWentBack,
        Violation::LaunchWithoutApproval,
        Violation::LaunchRepeated,
        Violation::VerdictWithoutLaunch,
        Violation::KeyWithoutLaunch,
        Violation::KeyWithoutVerdict,
        Violation::KeyTwice,
        Violation::ApprovalSuperseded,
        Violation::JobWithoutKey,
        Violation::JobTwice,
        Violation::CheckWithoutKey,
        Violation::ReviewWithoutCheck,
        Violation::ReviewByAuthor,
        Violation::ExportWithoutCheck,
        Violation::ExportWithoutReviews { found: 1, required: 2 },
        Violation::ExportRejected,
        Violation::ExportTwice,
        Violation::PlatformChanged,
        Violation::OtherProject,
        Violation::OtherPolicy,
        Violation::ErasureUnknown,
    ];
    let codes: BTreeSet<&str> = all.iter().map(Violation::reason).collect();
    assert_eq!(codes.len(), all.len());
    for code in codes {
        assert!(domain::ReasonCode::try_from(code.to_owned()).is_ok(), "{code}");
    }
}

fn other_project() -> domain::ids::ProjectId {
    "project-other".parse().unwrap()
}

fn refused() -> Outcome {
    Outcome::Refused { reason: code("test.refused") }
}
