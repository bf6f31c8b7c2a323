//! Many threads write at once.

use std::sync::Barrier;
use std::thread;

use super::*;
use domain::event::Action;

/// Sequence numbers have no gap, and every place that was told is where the entry stands.
pub(super) fn check(ledger: &Ledger, places: &[(Digest, domain::recorded::LogPlace)]) {
    let entries = all(ledger);
    let mut next = std::collections::BTreeMap::new();
    for (number, (index, entry)) in (0..).zip(&entries) {
        assert_eq!(*index, number);
        let expected = next.entry(entry.actor).or_insert(0);
        assert_eq!(entry.sequence, *expected, "{index}");
        *expected += 1;
    }
    for (object, place) in places {
        let (_, entry) = &entries[usize::try_from(place.index).unwrap()];
        assert_eq!((&entry.id, &entry.event.object), (&place.entry, object));
    }
}

fn object(thread: u32, number: u32) -> Digest {
    Digest::of(format!("{thread} {number}").as_bytes())
}

#[test]
fn each_gets_the_place_of_its_own_entry() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path()).unwrap();
    let write = |thread: u32| {
        let actor = if thread.is_multiple_of(3) { Actor::Airlock } else { Actor::Broker };
        let mut places = Vec::new();
        for number in 0..20 {
            let object = object(thread, number);
            let other = Draft { actor: Actor::Airlock, ..draft(Digest::of(b"other")) };
            let others = vec![other; usize::try_from(number % 3).unwrap()];
            let recorded = ledger.record_all(Draft { actor, ..draft(object) }, others, ()).unwrap();
            places.push((object, recorded.place().clone()));
        }
        places
    };
    let places: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..16).map(|n| scope.spawn(move || write(n))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(places.len(), 320);
    check(&ledger, &places);
    let total = all(&ledger).len();
    assert_eq!(total, 320 + 16 * (6 * 3 + 1));
    drop(ledger);
    let ledger = open(folder.path()).unwrap();
    ledger.record(draft(Digest::of(b"last")), ()).unwrap();
    assert_eq!(all(&ledger).len(), total + 1);
    check(&ledger, &places);
}

#[test]
fn what_belongs_together_stands_together() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path()).unwrap();
    thread::scope(|scope| {
        for thread in 0..8 {
            let ledger = &ledger;
            scope.spawn(move || {
                for number in 0..10 {
                    let others = vec![draft(object(thread, number)); 2];
                    ledger.record_all(draft(object(thread, number)), others, ()).unwrap();
                }
            });
        }
    });
    let entries = all(&ledger);
    for three in entries.chunks(3) {
        assert!(three.iter().all(|(_, entry)| entry.event.object == three[0].1.event.object));
    }
}

/// Some appends fail while many threads write. Whoever is told a place has it for good; whoever is told
/// of the failure does not find a number used twice.
#[test]
fn a_failure_is_told_to_all_whose_entries_it_concerns() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path()).unwrap();
    let obstacle = folder.path().join("data/log/.checkpoint.new");
    let (round, failed) = (Barrier::new(9), Barrier::new(9));
    let write = |thread: u32| {
        let (mut places, mut refused) = (Vec::new(), 0);
        for number in 0..30 {
            round.wait();
            match ledger.record(draft(object(thread, number)), ()) {
                Ok(recorded) => places.push((object(thread, number), recorded.place().clone())),
                Err(error) => {
                    assert_eq!(error.reason(), "log.unavailable");
                    refused += 1;
                }
            }
            failed.wait();
        }
        (places, refused)
    };
    let (places, refused) = thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|n| scope.spawn(move || write(n))).collect();
        for number in 0..30_u32 {
            let spoiled = number.is_multiple_of(3);
            if spoiled {
                std::fs::create_dir(&obstacle).unwrap();
            }
            round.wait();
            failed.wait();
            if spoiled {
                std::fs::remove_dir(&obstacle).unwrap();
            }
        }
        let ended = threads.into_iter().map(|thread| thread.join().unwrap());
        ended.fold((Vec::new(), 0), |(mut places, refused), (more, also)| {
            places.extend(more);
            (places, refused + also)
        })
    });
    assert_eq!((places.len(), refused), (8 * 20, 8 * 10));
    check(&ledger, &places);
}

#[test]
fn an_entry_that_is_too_large_is_the_business_of_its_writer_alone() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path()).unwrap();
    let mut large = draft(Digest::of(b"large"));
    large.event.evidence = vec![Digest::of(b"evidence"); 1000];
    let order = |drafts| Order { drafts, ..Order::default() };
    let refused = ledger.write(vec![
        order(vec![draft(Digest::of(b"1"))]),
        order(vec![draft(Digest::of(b"2")), large]),
        order(vec![draft(Digest::of(b"3"))]),
    ]);
    let outcomes: Vec<_> = refused
        .iter()
        .map(|outcome| outcome.as_ref().map(|places| places[0].index).map_err(Reason::reason))
        .collect();
    assert_eq!(outcomes, [Ok(0), Err("log.entry-too-large"), Ok(1)]);
    check(&ledger, &[]);
    assert_eq!(all(&ledger).len(), 2);
}

/// Numbers of an actor that wrote long ago are found, and so is that another never wrote.
#[test]
fn numbers_are_found_from_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path()).unwrap();
    let airlock = || Draft { actor: Actor::Airlock, ..draft(Digest::of(b"rare")) };
    ledger.record_all(airlock(), vec![airlock(); 2], ()).unwrap();
    ledger.record_all(draft(Digest::of(b"1")), vec![draft(Digest::of(b"2")); 600], ()).unwrap();
    drop(ledger);
    let ledger = open(folder.path()).unwrap();
    ledger.record_all(airlock(), vec![draft(Digest::of(b"3"))], ()).unwrap();
    check(&ledger, &[]);
    let entries = all(&ledger);
    let last: Vec<_> = entries[604..].iter().map(|(_, entry)| entry.sequence).collect();
    assert_eq!(last, [3, 601]);
    assert_eq!(entries[604].1.event.action, Action::DatasetSealed);
}
