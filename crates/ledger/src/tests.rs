//! The ledger on a real folder.

mod quorum;
mod together;

use super::files::tests::fail_after;
use super::*;
use domain::event::Action;
use std::path::Path;
use zeroize::Zeroizing;

fn open(folder: &Path) -> Result<Ledger, LedgerError> {
    let key = SecretKey::from_seed(&Zeroizing::new([9; 32]));
    let at = |part: &str| folder.join(part);
    let folders = Folders { data: at("data"), state: at("state"), record_keys: at("record-keys") };
    Ledger::open(&folders, "test.example/log", key)
}

pub(crate) fn all(ledger: &Ledger) -> Vec<Indexed> {
    ledger.entries().unwrap().iter().cloned().collect()
}

fn draft(object: Digest) -> Draft {
    Draft {
        actor: Actor::Broker,
        time: Timestamp::from_unix_seconds(1_800_000_000).unwrap(),
        person: None,
        event: Event::accepted(Action::DatasetSealed, object),
    }
}

#[test]
fn sequence_goes_on_after_reopening_and_proofs_verify() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path()).unwrap().record(draft(Digest::of(b"1")), ()).unwrap();
    let ledger = open(folder.path()).unwrap();
    let second = ledger.record(draft(Digest::of(b"2")), "value").unwrap();
    assert_eq!((first.place().index, second.place().index), (0, 1));
    let entries = ledger.entries().unwrap();
    assert_eq!(entries.iter().map(|(_, e)| e.sequence).collect::<Vec<_>>(), [0, 1]);
    let (leaf, proof) = ledger.prove(1).unwrap();
    let included = tlog::verify::verify_inclusion(&leaf, &proof, ledger.key()).unwrap();
    assert_eq!(included.index(), 1);
}

/// A folder that could not be synced: what can be read after that is not believed to be durable.
#[test]
fn what_is_kept_again_is_made_durable_again() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path()).unwrap();
    let outcome = |kept: Result<Digest, LedgerError>| kept.map_err(|error| error.reason());
    for expected in [Err("object.store"), Err("object.store"), Ok(Digest::of(b"object"))] {
        expected.is_err().then(|| fail_after(0));
        assert_eq!(outcome(ledger.keep(b"object")), expected);
    }
    // Its key is durable, and the record is not; then neither is known to be.
    for successes in [1, 0, 1] {
        fail_after(successes);
        assert_eq!(outcome(ledger.keep_personal(b"record")), Err("record.store"));
    }
    assert_eq!(outcome(ledger.keep_personal(b"record")), Ok(Digest::of(b"record")));
}

#[test]
fn decisions_that_belong_together_are_numbered_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path()).unwrap();
    let airlock = |object: &[u8]| Draft { actor: Actor::Airlock, ..draft(Digest::of(object)) };
    ledger.record(draft(Digest::of(b"1")), ()).unwrap();
    let others = vec![airlock(b"3"), draft(Digest::of(b"4"))];
    let first = ledger.record_all(airlock(b"2"), others, ()).unwrap();
    assert_eq!(first.place().index, 1);
    let numbers = |entries: Vec<Indexed>| -> Vec<(Actor, u64)> {
        entries.into_iter().map(|(_, entry)| (entry.actor, entry.sequence)).collect()
    };
    let expected =
        [(Actor::Broker, 0), (Actor::Airlock, 0), (Actor::Airlock, 1), (Actor::Broker, 1)];
    assert_eq!(numbers(all(&ledger)), expected);
    drop(ledger);
    assert_eq!(numbers(all(&open(folder.path()).unwrap())), expected);
}

/// An append that failed after its entry was committed shows up later: its number is taken.
#[test]
fn a_number_is_not_used_twice_after_a_failed_append() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path()).unwrap();
    ledger.record(draft(Digest::of(b"1")), ()).unwrap();
    // The checkpoint is written beside its place, last: with a folder there, all else is done.
    let obstacle = folder.path().join("data/log/.checkpoint.new");
    std::fs::create_dir(&obstacle).unwrap();
    let failed = ledger.record(draft(Digest::of(b"2")), ()).unwrap_err();
    assert_eq!(failed.reason(), "log.unavailable");
    assert_eq!(ledger.entries().unwrap_err().reason(), "log.unavailable");
    std::fs::remove_dir(&obstacle).unwrap();
    ledger.record(draft(Digest::of(b"3")), ()).unwrap();
    let numbers: Vec<u64> =
        ledger.entries().unwrap().iter().map(|(_, entry)| entry.sequence).collect();
    assert_eq!(numbers, [0, 1, 2]);
}

#[test]
fn two_writers_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let _first = open(folder.path()).unwrap();
    assert_eq!(open(folder.path()).unwrap_err().reason(), "log.second-writer");
}

#[test]
fn an_altered_entry_is_refused_however_old() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path()).unwrap();
    let drafts = || (0..9000_u32).map(|n| draft(Digest::of(&n.to_be_bytes()))).collect();
    ledger.record_all(draft(Digest::of(b"first")), drafts(), ()).unwrap();
    drop(ledger);
    let opened = open(folder.path()).unwrap().entries().unwrap();
    assert_eq!(opened.len(), 9001);
    assert!(opened.iter().zip(0..).all(|((index, entry), n)| (*index, entry.sequence) == (n, n)));
    let path = folder.path().join("data/log/tile/entries/000");
    let right = std::fs::read(&path).unwrap();
    // Another digest, as well formed: what the entry is about.
    let mut altered = right.clone();
    let digest = right.windows(7).position(|bytes| bytes == b"sha256:").unwrap() + 7;
    altered[digest] = if right[digest] == b'0' { b'1' } else { b'0' };
    std::fs::write(&path, altered).unwrap();
    assert_eq!(open(folder.path()).unwrap_err().reason(), "log.root-mismatch");
    std::fs::write(&path, right).unwrap();
    open(folder.path()).unwrap();
}

#[test]
fn an_altered_object_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path()).unwrap();
    let digest = ledger.keep(b"statement").unwrap();
    assert_eq!(ledger.object(&digest).unwrap(), b"statement");
    let path = folder.path().join("data/objects").join(digest.hex());
    std::fs::write(path, b"altered").unwrap();
    assert_eq!(ledger.object(&digest).unwrap_err().reason(), "object.altered");
    assert_eq!(ledger.object(&Digest::of(b"?")).unwrap_err().reason(), "object.missing");
}

#[test]
fn proofs_for_one_name_are_against_one_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path()).unwrap();
    for object in [b"1", b"2", b"3"] {
        ledger.record(draft(Digest::of(object)), ()).unwrap();
    }
    let name = Digest::of(b"receipt");
    let proved = ledger.prove_for(&name, &[0, 2]).unwrap();
    for (leaf, proof) in &proved {
        tlog::verify::verify_inclusion(leaf, proof, ledger.key()).unwrap();
        assert_eq!(proof.checkpoint, ledger.prove(0).unwrap().1.checkpoint);
    }
    ledger.record(draft(Digest::of(b"4")), ()).unwrap();
    assert_eq!(ledger.prove_for(&name, &[0, 2]).unwrap(), proved);
    let other = ledger.prove_for(&Digest::of(b"other"), &[0, 2]).unwrap();
    assert_eq!(other[0].1.checkpoint, ledger.prove(0).unwrap().1.checkpoint);
    assert_eq!(ledger.prove_for(&name, &[3]).unwrap_err().reason(), "log.no-such-entry");
    drop(ledger);
    let ledger = open(folder.path()).unwrap();
    assert_eq!(ledger.prove_for(&name, &[0, 2]).unwrap(), proved);
    let path = folder.path().join(format!("data/objects/checkpoint-{}", name.hex()));
    let note = std::fs::read_to_string(&path).unwrap();
    for (altered, reason) in [
        (note.replacen("\n3\n", "\n2\n", 1).into_bytes(), "log.signature"),
        (b"\xff".to_vec(), "object.altered"),
    ] {
        std::fs::write(&path, altered).unwrap();
        assert_eq!(ledger.prove_for(&name, &[0]).unwrap_err().reason(), reason);
    }
}

#[test]
fn a_published_signature_stands_behind_its_decision_and_is_no_entry() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path()).unwrap();
    let signature = PublishedSignature::from_leaf(SIGNATURE.as_bytes()).unwrap();
    let first = ledger.record_published(draft(Digest::of(b"1")), signature.clone(), ()).unwrap();
    let second = ledger.record(draft(Digest::of(b"2")), ()).unwrap();
    assert_eq!((first.place().index, second.place().index), (0, 2));
    let check = |ledger: &Ledger| {
        let entries = ledger.entries().unwrap();
        let places: Vec<_> = entries.iter().map(|(index, e)| (*index, e.sequence)).collect();
        assert_eq!(places, [(0, 0), (2, 1)]);
        assert_eq!(ledger.published(1).unwrap().as_ref(), Some(&signature));
        assert_eq!(ledger.published(0).unwrap(), None);
        assert_eq!(ledger.signatures().unwrap(), [(1, signature.clone())]);
        let (leaf, proof) = ledger.prove(1).unwrap();
        assert_eq!(leaf, SIGNATURE.as_bytes());
        tlog::verify::verify_inclusion(&leaf, &proof, ledger.key()).unwrap();
    };
    check(&ledger);
    drop(ledger);
    check(&open(folder.path()).unwrap());
}

const SIGNATURE: &str = r#"{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{"data":{"algorithm":"SHA2_256","digest":"vAB/nrQwQMg1nOeFn8dIzzDGZwDZtDgyCxQ54tGF+V8="},"signature":{"content":"MEYCIQCzx/Zg7IVrU+lgdrEa5OorvSDeOFe03Tnv5nZUvwmlFwIhALB0znrZIYE2wHYhjVlWr4ZYBFP7VH1KJg0B3/pKfVvF","verifier":{"keyDetails":"PKIX_ECDSA_P256_SHA_256","publicKey":{"rawBytes":"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAECIu5/yKrKRp0yG/Gd7qJe6re43DMYSm4LRcLo/wmQVxELamnFgZ5VtkeqgK5OtQJSQ6HzV51jqajMaHet1uoRg=="}}}}}}"#;
