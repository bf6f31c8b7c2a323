//! Logs without fault, and monitors that stop and go on.

use std::collections::BTreeMap;

use domain::event::{Action, Outcome};
use domain::{Digest, Reason as _};
use monitor::{Finding, Monitor, Saved};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;

use crate::world::{self, Leaf, World};

const NOTE: &str = "test.example/log\n0\n…\n";

fn all(monitor: &mut Monitor, leaves: &[Vec<u8>]) -> Vec<Finding> {
    leaves.iter().flat_map(|leaf| monitor.take(leaf)).collect()
}

fn log(choices: &[u32]) -> World {
    let mut world = World::new();
    choices.iter().for_each(|choice| world::step(&mut world, *choice));
    world
}

fn bytes(world: &World) -> Vec<Vec<u8>> {
    world.leaves.iter().map(Leaf::bytes).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn what_the_services_write_has_no_violation(
        choices in prop::collection::vec(any::<u32>(), 0..300),
    ) {
        let mut monitor = Monitor::default();
        prop_assert_eq!(all(&mut monitor, &bytes(&log(&choices))), []);
        prop_assert_eq!(monitor.violations(), 0);
    }

}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    /// At whatever entry it stopped, and in logs with a leaf where it does not belong.
    #[test]
    fn a_monitor_that_was_saved_finds_the_same(
        choices in prop::collection::vec(any::<u32>(), 1..80),
        lost in any::<prop::sample::Index>(),
        moved in any::<prop::sample::Index>(),
    ) {
        let mut leaves = bytes(&log(&choices));
        let leaf = leaves.remove(lost.index(leaves.len()));
        leaves.insert(moved.index(leaves.len() + 1), leaf);
        let mut whole = Monitor::default();
        let expected = all(&mut whole, &leaves);
        for cut in 0..=leaves.len() {
            let (before, after) = leaves.split_at(cut);
            let mut first = Monitor::default();
            let mut found = all(&mut first, before);
            let saved = Saved::new(NOTE.to_owned(), Digest::of(b""), first).to_bytes().unwrap();
            let mut second = Saved::from_bytes(&saved).unwrap().monitor;
            found.extend(all(&mut second, after));
            prop_assert_eq!(&found, &expected, "{}", cut);
            prop_assert_eq!(&second, &whole);
        }
    }
}

/// The generator is no use if what it writes never comes to an end.
#[test]
fn the_generated_logs_have_every_kind_of_entry() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let choices = prop::collection::vec(any::<u32>(), 3_000);
    let choices = choices.new_tree(&mut runner).unwrap().current();
    let world = log(&choices);
    let mut counts: BTreeMap<(Action, bool), u32> = BTreeMap::new();
    for entry in world::entries(world) {
        let accepted = entry.event.outcome == Outcome::Accepted;
        *counts.entry((entry.event.action, accepted)).or_default() += 1;
    }
    let kinds = [
        Action::DatasetSealed,
        Action::ProjectApproved,
        Action::LaunchAuthorised,
        Action::EnclaveAttested,
        Action::KeyReleased,
        Action::JobFinished,
        Action::OutputChecked,
        Action::OutputReviewed,
        Action::OutputExported,
        Action::RecordErased,
    ];
    for kind in kinds {
        assert!(counts.get(&(kind, true)).is_some_and(|count| *count > 3), "{kind:?} {counts:?}");
    }
    for kind in [Action::JobFinished, Action::OutputChecked, Action::OutputReviewed] {
        assert!(counts.get(&(kind, false)).is_some_and(|count| *count > 3), "{kind:?} {counts:?}");
    }
}

#[test]
fn a_saved_state_has_one_spelling() {
    let mut monitor = Monitor::default();
    for entry in world::story() {
        monitor.take(&entry.to_leaf().unwrap());
    }
    let saved = Saved::new(NOTE.to_owned(), Digest::of(b"root"), monitor);
    let bytes = saved.to_bytes().unwrap();
    assert_eq!(Saved::from_bytes(&bytes).unwrap(), saved);
    let reason = |bytes: &[u8]| Saved::from_bytes(bytes).unwrap_err().reason();
    let text = String::from_utf8(bytes).unwrap();
    let names = text.split("\"names\":\"").nth(1).unwrap().split('"').next().unwrap();
    let (one, two) = (&names[..32], &names[32..64]);
    for altered in [
        text.replace("monitor/v1", "monitor/v2"),
        text.replace(&format!("{one}{two}"), &format!("{two}{one}")),
        text.replace(&format!("{one}{two}"), &format!("{one}{one}{two}")),
        text.replace(one, &one[4..]),
        text.replace('{', "{ "),
        text[..text.len() - 1].to_owned(),
    ] {
        assert_eq!(reason(altered.as_bytes()), "monitor.state", "{altered}");
    }
}
