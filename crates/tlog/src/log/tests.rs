use domain::Reason as _;
use proptest::prelude::*;

use super::*;
use crate::testing::{Fault, MemoryStore, ORIGIN, key, secret};
use crate::verify::{verify_consistency, verify_inclusion, verify_log};
use crate::{MAX_ENTRY_LEN, leaf_hash};

fn entries(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|number| format!("entry {number}").into_bytes()).collect()
}

/// A log that holds `count` entries, appended in one go.
fn log_of(count: usize) -> (MemoryStore, Log<MemoryStore>) {
    let store = MemoryStore::default();
    let mut log = store.open().unwrap();
    log.append(&entries(count)).unwrap();
    (store, log)
}

/// Every entry of the log as an auditor reads it.
fn audit(store: &MemoryStore) -> Result<Vec<Vec<u8>>, LogError> {
    let note = String::from_utf8(store.checkpoint()?.unwrap()).unwrap();
    let mut all = Vec::new();
    verify_log(
        |path| store.read(path),
        &note,
        &key(),
        |index, entry| {
            assert_eq!(index, all.len() as u64);
            all.push(entry.to_vec());
        },
    )?;
    Ok(all)
}

/// Checks that no two checkpoints that were ever published contradict each other.
fn check_history(store: &MemoryStore) {
    let notes = store.0.borrow().published.clone();
    let log = store.open().unwrap();
    for pair in notes.windows(2) {
        let [older, newer] = pair else { panic!() };
        let older = SignedCheckpoint::verify(older, &key()).unwrap();
        let newer = SignedCheckpoint::verify(newer, &key()).unwrap();
        let sizes = (older.checkpoint().size, newer.checkpoint().size);
        let proof = log.consistency(sizes.0, sizes.1).unwrap();
        verify_consistency(&older, &newer, &proof).unwrap();
    }
}

#[test]
fn appends_proves_and_audits_around_every_tile_border() {
    let store = MemoryStore::default();
    let mut log = store.open().unwrap();
    let mut all = Vec::new();
    for batch in [0, 1, 2, 252, 1, 1, 255, 300, 0, 1] {
        let batch: Vec<_> = (0..batch).map(|n| format!("{} {n}", all.len()).into_bytes()).collect();
        let appended = log.append(&batch).unwrap();
        assert_eq!(appended.first_index, all.len() as u64);
        all.extend(batch);
        assert_eq!(log.size(), all.len() as u64);
        assert_eq!(&appended.checkpoint, log.checkpoint());
        assert_eq!(audit(&store).unwrap(), all);
        assert_eq!(store.open().unwrap().checkpoint(), log.checkpoint());
    }
    for (index, entry) in all.iter().enumerate() {
        assert_eq!(&log.entry(index as u64).unwrap(), entry);
        let text = log.prove(index as u64).unwrap().to_string();
        let included = verify_inclusion(entry, &text.parse().unwrap(), &key()).unwrap();
        assert_eq!((included.index(), included.checkpoint().size), (index as u64, log.size()));
    }
    check_history(&store);
}

#[test]
fn partial_tiles_go_when_the_full_one_is_there() {
    let (store, mut log) = log_of(1);
    log.append(&entries(1)).unwrap();
    let partial = |store: &MemoryStore| {
        store
            .0
            .borrow()
            .objects
            .keys()
            .filter(|path| path.contains(".p/"))
            .cloned()
            .collect::<Vec<_>>()
    };
    let of = ["tile/0/000.p/1", "tile/0/000.p/2", "tile/entries/000.p/1", "tile/entries/000.p/2"];
    assert_eq!(partial(&store), of);
    log.append(&entries(254)).unwrap();
    assert_eq!(partial(&store), ["tile/1/000.p/1"]);
}

#[test]
fn partial_tiles_go_a_few_at_a_time_also_after_a_restart() {
    let (store, mut log) = log_of(0);
    let partial = |store: &MemoryStore, of: &str| {
        store.0.borrow().objects.keys().filter(|path| path.starts_with(of)).count()
    };
    let old = |store: &MemoryStore| {
        partial(store, "tile/0/000.p/") + partial(store, "tile/entries/000.p/")
    };
    for _ in 0..255 {
        log.append(&entries(1)).unwrap();
    }
    assert_eq!(old(&store), 2 * 255);
    log.append(&entries(1)).unwrap();
    for number in 256..300 {
        let before = old(&store);
        log.append(&entries(1)).unwrap();
        assert_eq!(before - old(&store), 4, "at {number}");
    }
    let mut log = store.open().unwrap();
    let mut appends = 0;
    while old(&store) > 0 {
        log.append(&entries(1)).unwrap();
        appends += 1;
    }
    assert!(appends < 256, "the next ones are not there yet: {appends}");
    assert_eq!(partial(&store, "tile/0/001.p/"), 300 - 256 + appends);
    check_history(&store);
}

#[test]
fn entries_have_a_limit_and_a_batch_is_all_or_nothing() {
    let (store, mut log) = log_of(3);
    let batch = [vec![1], vec![0; MAX_ENTRY_LEN + 1]];
    assert_eq!(log.append(&batch).unwrap_err().reason(), "log.entry-too-large");
    assert_eq!(audit(&store).unwrap(), entries(3));
    log.append(&[vec![0; MAX_ENTRY_LEN]]).unwrap();
    assert_eq!(log.entry(3).unwrap().len(), MAX_ENTRY_LEN);
    assert_eq!(log.entry(4).unwrap_err().reason(), "log.no-such-entry");
    assert_eq!(log.prove(4).unwrap_err().reason(), "log.no-such-entry");
    assert_eq!(log.inclusion(0, 5).unwrap_err().reason(), "log.no-such-entry");
    assert_eq!(log.consistency(3, 2).unwrap_err().reason(), "log.no-such-entry");
}

/// What an append that meets a fault at one write comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    /// Refused, and the entries are not in the log.
    Refused,
    /// Refused, and yet the entries turn up in the log.
    TurnsUp,
    /// Accepted: what failed does not matter.
    Accepted,
}

#[test]
fn every_write_may_fail() {
    use Fault::{Failed, FailedButPersisted};
    use Outcome::{Accepted, Refused, TurnsUp};
    // From 255 entries to 257: two full objects, three partial ones.
    let table = [
        ("tile/1/000.p/1", Failed, Refused),
        ("tile/1/000.p/1", FailedButPersisted, Refused),
        ("tile/0/001.p/1", Failed, Refused),
        ("tile/0/001.p/1", FailedButPersisted, Refused),
        ("tile/entries/001.p/1", Failed, Refused),
        ("tile/entries/001.p/1", FailedButPersisted, Refused),
        ("tile/0/000", Failed, Refused),
        ("tile/0/000", FailedButPersisted, Refused),
        ("tile/entries/000", Failed, Refused),
        ("tile/entries/000", FailedButPersisted, Refused),
        ("cell", Failed, Refused),
        ("cell", FailedButPersisted, TurnsUp),
        ("checkpoint", Failed, TurnsUp),
        ("checkpoint", FailedButPersisted, TurnsUp),
        ("tile/entries/000.p/", Failed, Accepted),
        ("tile/entries/000.p/", FailedButPersisted, Accepted),
        ("tile/0/000.p/", Failed, Accepted),
        ("tile/0/000.p/", FailedButPersisted, Accepted),
    ];
    for (number, (place, fault, outcome)) in table.into_iter().enumerate() {
        for reopened in [false, true] {
            let row = format!("{place} {fault:?}, reopened: {reopened}");
            let (store, mut log) = log_of(255);
            store.0.borrow_mut().fault = Some((number / 2, fault));
            let result = log.append(&[b"x".to_vec(), b"y".to_vec()]);
            assert_eq!(store.0.borrow().fault, None, "{row}: the fault was met");
            match (outcome, result) {
                (Accepted, result) => assert_eq!(result.unwrap().first_index, 255, "{row}"),
                (_, Err(LogError::Store(StoreError::Unavailable { place: at, .. }))) => {
                    assert_eq!(at, place, "{row}");
                    assert_eq!(log.size(), 255, "{row}: what is shown was acknowledged");
                }
                (_, other) => panic!("{row}: {other:?}"),
            }
            if reopened {
                drop(log);
                log = store.open().unwrap();
            }
            let mut expected = entries(255);
            if outcome != Refused {
                expected.extend([b"x".to_vec(), b"y".to_vec()]);
            }
            let next = log.append(&[b"z".to_vec()]).unwrap();
            assert_eq!(next.first_index, expected.len() as u64, "{row}");
            expected.push(b"z".to_vec());
            assert_eq!(audit(&store).unwrap(), expected, "{row}");
            check_history(&store);
        }
    }
}

#[test]
fn recovery_may_fail_too() {
    for (write, fault) in (0..2).flat_map(|n| [(n, Fault::Failed), (n, Fault::FailedButPersisted)])
    {
        let (store, mut log) = log_of(2);
        // The commit is written, the checkpoint is not; then recovery meets a second fault.
        store.0.borrow_mut().fault = Some((3, Fault::Failed));
        assert_eq!(log.append(&entries(1)).unwrap_err().reason(), "log.unavailable");
        store.0.borrow_mut().fault = Some((write, fault));
        assert_eq!(log.append(&entries(1)).unwrap_err().reason(), "log.unavailable");
        assert_eq!(store.0.borrow().fault, None);
        assert_eq!(log.append(&entries(1)).unwrap().first_index, 3);
        assert_eq!(audit(&store).unwrap().len(), 4);
        check_history(&store);
    }
}

#[test]
fn a_commit_that_is_seen_and_not_durable_is_written_again() {
    let (store, mut log) = log_of(2);
    store.0.borrow_mut().fault = Some((2, Fault::FailedButVisible));
    assert_eq!(log.append(&entries(1)).unwrap_err().reason(), "log.unavailable");
    // Whoever reads the checkpoint that recovery publishes may rely on it.
    assert_eq!(store.open().unwrap().size(), 3);
    store.crash();
    assert_eq!(store.open().unwrap().size(), 3);
    check_history(&store);
}

#[test]
fn a_new_log_may_fail_to_begin() {
    for (write, fault) in (0..2).flat_map(|n| [(n, Fault::Failed), (n, Fault::FailedButPersisted)])
    {
        let store = MemoryStore::default();
        store.0.borrow_mut().fault = Some((write, fault));
        assert_eq!(store.open().unwrap_err().reason(), "log.unavailable");
        assert_eq!(store.open().unwrap().append(&entries(1)).unwrap().first_index, 0);
    }
}

#[test]
fn old_copies_and_other_writers_are_refused() {
    let (store, mut log) = log_of(3);
    let old = store.0.borrow().clone();
    log.append(&entries(2)).unwrap();
    let new = store.0.borrow().clone();

    // Objects restored, commit cell not.
    *store.0.borrow_mut() = crate::testing::Disk { cell: new.cell, ..old.clone() };
    assert_eq!(store.open().unwrap_err().reason(), "log.rolled-back");
    assert_eq!(log.append(&entries(1)).unwrap_err().reason(), "log.rolled-back");
    // All objects lost.
    *store.0.borrow_mut() = crate::testing::Disk { cell: new.cell, ..Default::default() };
    assert_eq!(store.open().unwrap_err().reason(), "log.rolled-back");
    assert_eq!(log.append(&entries(1)).unwrap_err().reason(), "log.rolled-back");
    // Commit cell restored or lost, objects not.
    for cell in [old.cell, None] {
        *store.0.borrow_mut() = crate::testing::Disk { cell, ..new.clone() };
        assert_eq!(store.open().unwrap_err().reason(), "log.rolled-back");
        assert_eq!(log.append(&entries(1)).unwrap_err().reason(), "log.second-writer");
    }
    // All as it was: the log goes on.
    *store.0.borrow_mut() = new.clone();
    log.append(&entries(1)).unwrap();

    // Another writer, past the lock.
    let mut other = store.open().unwrap();
    other.append(&entries(1)).unwrap();
    assert_eq!(log.append(&entries(1)).unwrap_err().reason(), "log.second-writer");
    assert_eq!(other.append(&entries(1)).unwrap().first_index, 7);
    assert_eq!(log.append(&entries(1)).unwrap_err().reason(), "log.second-writer");
    check_history(&store);
}

#[test]
fn a_tree_that_was_altered_is_refused() {
    let (store, log) = log_of(300);
    let good = store.0.borrow().clone();
    let reopen = |alter: &dyn Fn(&mut crate::testing::Disk)| {
        *store.0.borrow_mut() = good.clone();
        alter(&mut store.0.borrow_mut());
        store.open().unwrap_err().reason()
    };
    let flip = |path: &str, disk: &mut crate::testing::Disk| {
        *disk.objects.get_mut(path).unwrap().last_mut().unwrap() ^= 1;
    };
    assert_eq!(reopen(&|disk| flip("tile/0/001.p/44", disk)), "log.root-mismatch");
    assert_eq!(reopen(&|disk| flip("tile/1/000.p/1", disk)), "log.root-mismatch");
    assert_eq!(reopen(&|disk| flip("tile/entries/001.p/44", disk)), "log.root-mismatch");
    assert_eq!(reopen(&|disk| _ = disk.objects.remove("tile/0/001.p/44")), "log.incomplete");
    assert_eq!(reopen(&|disk| disk.checkpoint.as_mut().unwrap().truncate(9)), "log.malformed");
    let publish = |checkpoint: SignedCheckpoint| {
        let note = checkpoint.note().as_bytes().to_vec();
        reopen(&move |disk| disk.checkpoint = Some(note.clone()))
    };
    let root = log.checkpoint().checkpoint().root;
    assert_eq!(publish(SignedCheckpoint::sign(7, root, &key(), &secret())), "log.consistency");
    let elsewhere = VerifierKey::new("log.example/other", secret().public()).unwrap();
    assert_eq!(publish(SignedCheckpoint::sign(300, root, &elsewhere, &secret())), "log.origin");
    let other = SecretKey::from_seed(&zeroize::Zeroizing::new([8; 32]));
    let forged = VerifierKey::new(ORIGIN, other.public()).unwrap();
    assert_eq!(publish(SignedCheckpoint::sign(300, root, &forged, &other)), "log.signature");
}

#[test]
fn an_audit_names_what_is_wrong() {
    let (store, _log) = log_of(300);
    let good = store.0.borrow().clone();
    // Every object, first and last byte.
    for path in good.objects.keys() {
        for first in [true, false] {
            *store.0.borrow_mut() = good.clone();
            let mut disk = store.0.borrow_mut();
            let bytes = disk.objects.get_mut(path).unwrap();
            let at = if first { 0 } else { bytes.len() - 1 };
            bytes[at] ^= 1;
            drop(disk);
            // The first byte of a bundle is part of a length.
            let malformed = first && path.contains("entries");
            let expected = if malformed { "log.malformed" } else { "log.root-mismatch" };
            assert_eq!(audit(&store).unwrap_err().reason(), expected, "{path}");
        }
        *store.0.borrow_mut() = good.clone();
        store.0.borrow_mut().objects.remove(path);
        assert_eq!(audit(&store).unwrap_err().reason(), "log.incomplete", "{path}");
    }
}

#[test]
fn an_audit_believes_no_signed_root_but_the_trees() {
    let (store, _log) = log_of(300);
    for size in [0, 1, 256, 300] {
        let root = leaf_hash(b"of no tree");
        let lie = SignedCheckpoint::sign(size, root, &key(), &secret());
        store.0.borrow_mut().checkpoint = Some(lie.note().as_bytes().to_vec());
        assert_eq!(audit(&store).unwrap_err().reason(), "log.root-mismatch", "{size}");
    }
}

#[test]
fn checkpoints_extend_each_other_or_are_refused() {
    let sign =
        |size, root: &[u8]| SignedCheckpoint::sign(size, Digest::of(root), &key(), &secret());
    let elsewhere = VerifierKey::new("log.example/other", secret().public()).unwrap();
    let stranger = SignedCheckpoint::sign(5, Digest::of(b"a"), &elsewhere, &secret());
    let reason = |older: &SignedCheckpoint, newer: &SignedCheckpoint, proof: &[Digest]| {
        verify_consistency(older, newer, proof).map_err(|error| error.reason())
    };
    let (empty, five) = (sign(0, b""), sign(5, b"a"));
    assert_eq!(reason(&empty, &five, &[]), Ok(()));
    assert_eq!(reason(&empty, &empty, &[]), Ok(()));
    assert_eq!(reason(&five, &five, &[]), Ok(()));
    assert_eq!(reason(&five, &stranger, &[]), Err("log.origin"));
    assert_eq!(reason(&five, &sign(5, b"b"), &[]), Err("log.consistency"));
    assert_eq!(reason(&five, &empty, &[]), Err("log.consistency"));
    assert_eq!(reason(&empty, &five, &[Digest::of(b"")]), Err("log.consistency"));
    assert_eq!(reason(&empty, &sign(0, b"a"), &[]), Err("log.consistency"));
    assert_eq!(reason(&sign(0, b"a"), &five, &[]), Err("log.consistency"));
}

#[derive(Clone, Debug)]
struct Step {
    batch: usize,
    fault: Option<(usize, Fault)>,
    reopen: bool,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let kind = prop_oneof![Just(Fault::Failed), Just(Fault::FailedButPersisted)];
    let fault = prop::option::of((0..9_usize, kind));
    let step = (0..200_usize, fault, any::<bool>()).prop_map(|(batch, fault, reopen)| Step {
        batch,
        fault,
        reopen,
    });
    prop::collection::vec(step, 1..20)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any sequence of appends, faults and restarts: no acknowledged entry is lost or moved, and
    /// no two published checkpoints contradict each other.
    #[test]
    fn no_acknowledged_entry_is_lost(steps in steps()) {
        let store = MemoryStore::default();
        let mut log = store.open().unwrap();
        let mut acknowledged = Vec::new();
        for (number, step) in steps.iter().enumerate() {
            let batch: Vec<_> =
                (0..step.batch).map(|n| format!("{number} {n}").into_bytes()).collect();
            store.0.borrow_mut().fault = step.fault;
            if let Ok(appended) = log.append(&batch) {
                acknowledged.extend((appended.first_index..).zip(batch));
            }
            store.0.borrow_mut().fault = None;
            if step.reopen {
                log = store.open().unwrap();
            }
        }
        log = store.open().unwrap();
        let all = audit(&store).unwrap();
        prop_assert_eq!(all.len() as u64, log.size());
        for (index, entry) in &acknowledged {
            prop_assert_eq!(&all[usize::try_from(*index).unwrap()], entry);
        }
        check_history(&store);
    }
}
