use domain::Reason as _;

use super::*;
use crate::testing::{MemoryStore, ORIGIN, key, secret};
use crate::{Log, Store as _};

/// A log of `sizes` appends, all of whose checkpoints were kept.
fn log_of(batches: &[usize]) -> (MemoryStore, Vec<String>) {
    let store = MemoryStore::default();
    let mut log = store.open().unwrap();
    for count in batches {
        let first = usize::try_from(log.size()).unwrap();
        log.append(&(first..first + count).map(entry).collect::<Vec<_>>()).unwrap();
    }
    let notes = store.0.borrow().published.clone();
    (store, notes)
}

fn entry(index: usize) -> Vec<u8> {
    format!("entry {index}").into_bytes()
}

/// Takes all that is there, in chunks of at most `max_bytes`.
fn drain(follower: &mut Follower, store: &MemoryStore, max_bytes: usize) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    while let Some(chunk) = follower.next(|path| store.read(path), max_bytes).unwrap() {
        assert_eq!(chunk.first_index(), u64::try_from(all.len()).unwrap());
        all.extend_from_slice(chunk.entries());
        follower.advance(chunk);
    }
    all
}

fn note(store: &MemoryStore) -> String {
    store.0.borrow().published.last().unwrap().clone()
}

fn observe(follower: &mut Follower, store: &MemoryStore, note: &str) -> Result<bool, &'static str> {
    follower.observe(|path| store.read(path), note).map_err(|error| error.reason())
}

#[test]
fn every_entry_comes_once_and_in_order() {
    let (store, _) = log_of(&[3, 250, 4, 600, 1]);
    for max_bytes in [1, 100, usize::MAX] {
        let mut follower = Follower::begin(key());
        assert_eq!(observe(&mut follower, &store, &note(&store)), Ok(true));
        assert_eq!(observe(&mut follower, &store, &note(&store)), Ok(false));
        let all = drain(&mut follower, &store, max_bytes);
        assert_eq!(all, (0..858).map(entry).collect::<Vec<_>>());
        let commit = store.0.borrow().cell.unwrap();
        assert_eq!(follower.position(), commit);
    }
}

#[test]
fn it_goes_on_from_any_position_when_the_log_has_grown() {
    let (store, notes) = log_of(&[300]);
    let mut follower = Follower::begin(key());
    observe(&mut follower, &store, &notes[1]).unwrap();
    for taken in 0..300 {
        let mut resumed = Follower::resume(key(), &notes[1], follower.position()).unwrap();
        // A later size, of which the partial objects of the first one are gone.
        if taken == 17 {
            let more: Vec<_> = (300..700).map(entry).collect();
            store.open().unwrap().append(&more).unwrap();
        }
        observe(&mut resumed, &store, &note(&store)).unwrap();
        let chunk = resumed.next(|path| store.read(path), 0).unwrap().unwrap();
        assert_eq!(chunk.entries(), [entry(taken)]);
        follower.advance(chunk);
    }
}

#[test]
fn a_chunk_of_elsewhere_moves_nothing() {
    let (store, notes) = log_of(&[300]);
    let mut follower = Follower::begin(key());
    observe(&mut follower, &store, &notes[1]).unwrap();
    let chunk = follower.next(|path| store.read(path), 0).unwrap().unwrap();
    follower.advance(chunk.clone());
    let position = follower.position();
    follower.advance(chunk);
    assert_eq!((position.size, follower.position()), (1, position));
}

#[test]
fn a_smaller_tree_is_a_rollback() {
    let (store, notes) = log_of(&[3, 2]);
    let mut follower = Follower::begin(key());
    observe(&mut follower, &store, &notes[2]).unwrap();
    assert_eq!(observe(&mut follower, &store, &notes[1]), Err("log.rolled-back"));
    drain(&mut follower, &store, 0);
    let refused = Follower::resume(key(), &notes[1], follower.position()).unwrap_err();
    assert_eq!(refused.reason(), "log.rolled-back");
}

#[test]
fn a_second_head_is_told_from_an_altered_file() {
    let (store, notes) = log_of(&[300, 300]);
    let follower = || {
        let mut follower = Follower::begin(key());
        observe(&mut follower, &store, &notes[1]).unwrap();
        follower
    };
    // Signed by the log's own key over another past, in full order.
    let other = MemoryStore::default();
    let mut log = other.open().unwrap();
    let forked: Vec<_> = (1..400).map(entry).collect();
    log.append(&forked[..300]).unwrap();
    assert_eq!(observe(&mut follower(), &other, &note(&other)), Err("log.consistency"));
    log.append(&forked[300..]).unwrap();
    assert_eq!(observe(&mut follower(), &other, &note(&other)), Err("log.consistency"));
    // The right checkpoint over an altered tile.
    let mut altered = store.0.borrow().clone();
    altered.objects.get_mut("tile/0/001").unwrap()[32 * 50] ^= 1;
    let altered = MemoryStore(std::rc::Rc::new(std::cell::RefCell::new(altered)));
    assert_eq!(observe(&mut follower(), &altered, &notes[2]), Err("log.root-mismatch"));
    assert_eq!(observe(&mut follower(), &MemoryStore::default(), &notes[2]), Err("log.incomplete"));
    // Other logs, other keys.
    let elsewhere = notes[2].replace(ORIGIN, "log.example/other");
    assert_eq!(observe(&mut follower(), &store, &elsewhere), Err("log.origin"));
    let unsigned = notes[2].replace("\n600\n", "\n601\n");
    assert_eq!(observe(&mut follower(), &store, &unsigned), Err("log.signature"));
}

#[test]
fn no_entry_is_handed_out_that_the_tree_does_not_have() {
    for (path, place) in [("tile/entries/000", 3), ("tile/entries/001.p/44", 3)] {
        let (store, notes) = log_of(&[300]);
        store.0.borrow_mut().objects.get_mut(path).unwrap()[place] ^= 1;
        let mut follower = Follower::begin(key());
        observe(&mut follower, &store, &notes[1]).unwrap();
        let mut taken = 0;
        let refused = loop {
            match follower.next(|path| store.read(path), usize::MAX) {
                Ok(chunk) => {
                    let chunk = chunk.unwrap();
                    taken += chunk.entries().len();
                    follower.advance(chunk);
                }
                Err(refused) => break refused,
            }
        };
        let before = if path.ends_with("000") { 0 } else { 256 };
        assert_eq!((refused.reason(), taken), ("log.root-mismatch", before));
    }
}

#[test]
fn a_position_that_is_not_of_the_log_is_refused() {
    let (store, notes) = log_of(&[300]);
    for size in [0, 1, 256, 257, 300] {
        let position = Commit { size, root: crate::leaf_hash(b"another") };
        let mut follower = Follower::resume(key(), &notes[1], position).unwrap();
        let refused = follower.next(|path| store.read(path), 0).unwrap_err();
        assert_eq!(refused.reason(), "log.root-mismatch", "{size}");
    }
}

#[test]
fn an_empty_log_has_nothing_to_hand_out() {
    let store = MemoryStore::default();
    let log = Log::open(store.clone(), ORIGIN, secret()).unwrap();
    let mut follower = Follower::begin(key());
    assert!(follower.next(|path| store.read(path), 0).unwrap().is_none());
    assert_eq!(observe(&mut follower, &store, log.checkpoint().note()), Ok(true));
    assert!(follower.next(|path| store.read(path), 0).unwrap().is_none());
}
