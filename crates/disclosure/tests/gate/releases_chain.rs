//! The ledger as it is kept: budget, order, replay, and every way of tampering.

#![expect(clippy::single_range_in_vec_init, reason = "a cell is a list of ranges of records")]

use disclosure::{Footprints, ReleaseEntry, ReleaseError, ReleaseLimits, Releases, ReplayError};
use domain::{Digest, Reason as _};

use crate::releases::{limits, output, package, project, table};

const PEOPLE: u32 = 1_000;

fn dataset() -> Digest {
    Digest::of(b"dataset")
}

fn halves() -> Footprints {
    output(&[("a.csv", table(&[&[0..500], &[500..1000]]))])
}

fn thirds() -> Footprints {
    output(&[("b.csv", table(&[&[0..300], &[300..600], &[600..1000]]))])
}

fn released(releases: &mut Releases, to: &str, output: &Footprints) -> ReleaseEntry {
    let judged = releases.judge(&project(to), output, &limits()).unwrap();
    releases.admit(judged, package(to)).unwrap()
}

fn two() -> (Releases, Vec<ReleaseEntry>) {
    let mut releases = Releases::new(dataset(), PEOPLE);
    let entries =
        vec![released(&mut releases, "a", &halves()), released(&mut releases, "b", &thirds())];
    (releases, entries)
}

#[test]
fn the_budget_is_counted_for_each_project() {
    let mut releases = Releases::new(dataset(), PEOPLE);
    for spent in 1..=3 {
        released(&mut releases, "a", &halves());
        assert_eq!(releases.spent(&project("a")), spent);
    }
    let error = releases.judge(&project("a"), &halves(), &limits()).unwrap_err();
    assert_eq!((&error, error.reason()), (&ReleaseError::Budget, "output.release-budget"));
    released(&mut releases, "b", &halves());
}

#[test]
fn a_judgement_that_something_overtook_is_refused() {
    let mut releases = Releases::new(dataset(), PEOPLE);
    let early = releases.judge(&project("a"), &thirds(), &limits()).unwrap();
    released(&mut releases, "b", &halves());
    let before = releases.head();
    let error = releases.admit(early, package("a")).unwrap_err();
    assert_eq!((&error, error.reason()), (&ReleaseError::Stale, "output.stale-judgement"));
    assert_eq!((releases.head(), releases.spent(&project("a"))), (before, 0));
}

#[test]
fn another_population_and_limits_that_let_one_through_are_refused() {
    let releases = Releases::new(dataset(), PEOPLE - 1);
    let error = releases.judge(&project("a"), &halves(), &limits()).unwrap_err();
    assert_eq!((&error, error.reason()), (&ReleaseError::Population, "output.population"));
    assert_eq!(ReleaseLimits::new(1, 5, 3), None);
    assert_eq!(ReleaseLimits::new(10, 1, 3), None);
}

#[test]
fn the_head_is_the_digest_that_the_format_says() {
    let (releases, entries) = two();
    let mut bytes = b"cloister-releases/1 empty\n".to_vec();
    bytes.extend(dataset().as_bytes());
    bytes.extend(PEOPLE.to_be_bytes());
    let mut head = Digest::of(&bytes);
    assert_eq!(Releases::new(dataset(), PEOPLE).head(), head);
    for entry in &entries {
        let mut bytes = b"cloister-releases/1 release\n".to_vec();
        for digest in [head, Digest::of(&entry.footprints), entry.package] {
            bytes.extend(digest.as_bytes());
        }
        bytes.extend(entry.project.as_str().as_bytes());
        head = Digest::of(&bytes);
        assert_eq!(entry.head, head);
    }
    assert_eq!(releases.head(), head);
}

#[test]
fn a_replayed_ledger_judges_as_the_one_before() {
    let (releases, entries) = two();
    let replayed = Releases::replay(dataset(), PEOPLE, entries, releases.head()).unwrap();
    assert_eq!(replayed.head(), releases.head());
    assert_eq!(replayed.spent(&project("a")), 1);
    let new = output(&[("c.csv", table(&[&[0..304], &[304..500], &[500..1000]]))]);
    let judge = |releases: &Releases| {
        releases.judge(&project("c"), &new, &limits()).map(|_| ()).unwrap_err()
    };
    assert_eq!(judge(&replayed), judge(&releases));
    assert_eq!(judge(&replayed).reason(), "output.difference-isolates");
}

#[test]
fn any_byte_that_was_changed_is_found() {
    let (releases, entries) = two();
    let replay = |entries: &[ReleaseEntry]| {
        Releases::replay(dataset(), PEOPLE, entries.to_vec(), releases.head()).map(|_| ())
    };
    assert_eq!(replay(&entries), Ok(()));
    for at in 0..2 {
        for byte in 0..entries[at].footprints.len() {
            let mut changed = entries.clone();
            changed[at].footprints[byte] ^= 1;
            let error = replay(&changed).unwrap_err();
            assert!(matches!(error, ReplayError::Chain { at: found, .. } if found == at));
            assert_eq!(error.reason(), "releases.chain");
        }
        for byte in 0..32 {
            let flipped = |digest: Digest| {
                let mut bytes = *digest.as_bytes();
                bytes[byte] ^= 1;
                Digest::from_bytes(bytes)
            };
            let mut changed = entries.clone();
            changed[at].package = flipped(changed[at].package);
            assert!(matches!(replay(&changed), Err(ReplayError::Chain { at: f, .. }) if f == at));
            let mut changed = entries.clone();
            changed[at].head = flipped(changed[at].head);
            assert!(matches!(replay(&changed), Err(ReplayError::Chain { at: f, .. }) if f == at));
        }
        let mut changed = entries.clone();
        changed[at].project = project("x");
        assert!(matches!(replay(&changed), Err(ReplayError::Chain { at: f, .. }) if f == at));
    }
}

#[test]
fn entries_that_are_missing_moved_or_of_another_dataset_are_found() {
    let (releases, entries) = two();
    let replay = |dataset, population, entries: &[ReleaseEntry]| {
        Releases::replay(dataset, population, entries.to_vec(), releases.head()).unwrap_err()
    };
    let chain = |error: &ReplayError| matches!(error, ReplayError::Chain { at: 0, .. });
    let error = replay(dataset(), PEOPLE, &entries[..1]);
    let (expected, found) = (entries[1].head, entries[0].head);
    assert_eq!(error, ReplayError::Head { expected, found });
    assert_eq!(error.reason(), "releases.head");
    assert!(chain(&replay(dataset(), PEOPLE, &entries[1..])));
    let swapped = [entries[1].clone(), entries[0].clone()];
    assert!(chain(&replay(dataset(), PEOPLE, &swapped)));
    assert!(chain(&replay(Digest::of(b"other"), PEOPLE, &entries)));
    assert!(chain(&replay(dataset(), PEOPLE + 1, &entries)));
}

/// Someone who can sign heads, but not make footprints: each entry is consistent with its head.
#[test]
fn footprints_that_cannot_be_read_are_refused_under_a_right_head() {
    let empty = Releases::new(dataset(), PEOPLE).head();
    let mut bytes = b"cloister-releases/1 release\n".to_vec();
    for digest in [empty, Digest::of(b"junk"), package("a")] {
        bytes.extend(digest.as_bytes());
    }
    bytes.extend(b"a");
    let head = Digest::of(&bytes);
    let footprints = b"junk".to_vec();
    let entry = ReleaseEntry { project: project("a"), package: package("a"), footprints, head };
    let error = Releases::replay(dataset(), PEOPLE, [entry], head).unwrap_err();
    assert_eq!(error.reason(), "releases.footprints");
}
