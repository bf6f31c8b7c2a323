//! A log that waits for its witnesses, at every write that may fail and every crash.

use domain::keys::SecretKey;
use domain::{Reason as _, Timestamp};
use proptest::prelude::*;
use zeroize::Zeroizing;

use super::*;
use crate::testing::{Fault, MemoryStore, key};
use crate::verify::verify_inclusion;
use crate::{Checkpoint, Log, WitnessKey};

fn witness(number: u8) -> (WitnessKey, SecretKey) {
    let secret = SecretKey::from_seed(&Zeroizing::new([50 + number; 32]));
    (WitnessKey::new(&format!("w.example/{number}"), secret.public()).unwrap(), secret)
}

/// Two of the witnesses 0, 1, 2.
fn policy() -> Policy {
    let line = |n| format!("witness w{n} {}\n", witness(n).0);
    let lines: String = (0..3).map(line).collect();
    format!("log {}\n{lines}group g 2 w0 w1 w2\nquorum g\n", key()).parse().unwrap()
}

fn line_at(number: u8, checkpoint: &Checkpoint, seconds: i64) -> String {
    let (key, secret) = witness(number);
    let time = Timestamp::from_unix_seconds(seconds).unwrap();
    key.cosign(checkpoint, time, &secret).unwrap()
}

fn lines(by: &[u8], checkpoint: &SignedCheckpoint) -> Vec<String> {
    by.iter().map(|&n| line_at(n, checkpoint.checkpoint(), 1_800_000_000)).collect()
}

fn entry(number: usize) -> Vec<u8> {
    format!("entry {number}").into_bytes()
}

/// What anyone who reads the store is shown.
fn shown(store: &MemoryStore) -> String {
    String::from_utf8(store.0.borrow().checkpoint.clone().unwrap()).unwrap()
}

fn cosigned(log: &mut Log<MemoryStore>, by: &[u8]) -> Result<u64, &'static str> {
    let committed = log.commit(&[entry(1)]).map_err(|error| error.reason())?;
    let answer = log.cosign(&lines(by, &committed.checkpoint), &policy());
    let quorum = answer.map_err(|error| error.reason())?.quorum;
    quorum.map(|_| committed.first_index).map_err(|error| error.reason())
}

#[test]
fn a_checkpoint_is_published_when_the_quorum_cosigned_it() {
    let store = MemoryStore::default();
    let mut log = store.open().unwrap();
    let before = shown(&store);
    let committed = log.commit(&[entry(0), entry(1)]).unwrap();
    assert_eq!((committed.first_index, committed.checkpoint.checkpoint().size), (0, 2));
    assert_eq!((log.size(), shown(&store)), (0, before), "it is not shown yet");
    // What witnesses need is there already.
    assert_eq!(log.consistency(1, 2).unwrap().len(), 1);
    let answer = log.cosign(&lines(&[2, 0], &committed.checkpoint), &policy()).unwrap();
    let witnessed = answer.quorum.unwrap();
    assert_eq!(witnessed.cosigned().keys().collect::<Vec<_>>(), ["w0", "w2"]);
    assert_eq!((witnessed.signed(), log.size()), (log.checkpoint(), 2));
    assert_eq!(policy().verify(&shown(&store)).unwrap(), witnessed);
    // The proof of an entry carries the cosignatures.
    let proof = log.prove(1).unwrap();
    policy().verify(&proof.checkpoint).unwrap();
    verify_inclusion(&entry(1), &proof, &key()).unwrap();
}

#[test]
fn what_is_no_cosignature_of_the_policy_is_named_and_not_kept() {
    let store = MemoryStore::default();
    let mut log = store.open().unwrap();
    let committed = log.commit(&[entry(0)]).unwrap();
    let checkpoint = committed.checkpoint.checkpoint();
    let good = lines(&[0, 1], &committed.checkpoint);
    let other = Checkpoint { size: 9, ..checkpoint.clone() };
    let bad = [
        line_at(3, checkpoint, 1_800_000_000),
        line_at(2, &other, 1_800_000_000),
        good[1].replace("— w.example/1 ", "— w.example/2 "),
        good[1].replace("— ", "- "),
        String::new(),
        "\n".to_owned() + &good[1],
        good.concat(),
    ];
    let mut given = bad.to_vec();
    given.splice(1..1, good.clone());
    let answer = log.cosign(&given, &policy()).unwrap();
    let trimmed: Vec<_> = bad.iter().map(|line| line.trim_end_matches('\n').to_owned()).collect();
    assert_eq!(answer.ignored, trimmed);
    assert_eq!(answer.quorum.unwrap().cosigned().len(), 2);
    assert_eq!(shown(&store), committed.checkpoint.note().to_owned() + &good.concat());
}

#[test]
fn a_published_checkpoint_is_cosigned_anew() {
    let store = MemoryStore::default();
    let mut log = store.open().unwrap();
    log.append(&[entry(0)]).unwrap();
    let refused = policy().verify(&shown(&store)).unwrap_err();
    assert_eq!(refused.reason(), "log.quorum");
    let checkpoint = log.checkpoint().clone();
    // A stranger's line that somebody added stays.
    let stranger = line_at(9, checkpoint.checkpoint(), 7);
    store.0.borrow_mut().checkpoint.as_mut().unwrap().extend_from_slice(stranger.as_bytes());
    for (by, seconds) in [([0, 1], 100), ([1, 2], 200)] {
        let lines = by.map(|number| line_at(number, checkpoint.checkpoint(), seconds));
        log.cosign(&lines, &policy()).unwrap().quorum.unwrap();
    }
    let times = policy().verify(&shown(&store)).unwrap();
    let times: Vec<_> = times.cosigned().values().map(|time| time.unix_seconds()).collect();
    assert_eq!(times, [100, 200, 200], "each witness's last line");
    assert!(shown(&store).contains(&stranger));
    assert_eq!(shown(&store).lines().count(), 3 + 1 + 1 + 3 + 1);
}

#[test]
fn without_a_quorum_the_entry_may_turn_up_and_is_not_acknowledged() {
    let store = MemoryStore::default();
    let mut log = store.open().unwrap();
    assert_eq!(cosigned(&mut log, &[0, 1]), Ok(0));
    let before = shown(&store);
    assert_eq!(cosigned(&mut log, &[2]), Err("log.quorum"));
    assert_eq!((shown(&store), log.size()), (before, 1), "readers see what was cosigned");
    // The same process, and another one: the entry is there, cosigned by nobody.
    for mut log in [store.open().unwrap(), log] {
        log.append(&[]).unwrap();
        assert_eq!(log.size(), 2);
        assert_eq!(policy().verify(&shown(&store)).unwrap_err().reason(), "log.quorum");
    }
    let mut log = store.open().unwrap();
    let head = log.checkpoint().clone();
    let answer = log.cosign(&lines(&[1, 2], &head), &policy()).unwrap();
    assert_eq!(answer.quorum.unwrap().checkpoint().size, 2);
    assert_eq!(cosigned(&mut log, &[0, 2]), Ok(2));
}

/// From 255 entries to 257: five objects, the cell, the checkpoint, then two folders of partial objects.
#[test]
fn every_write_of_a_cosigned_append_may_fail() {
    for (write, fault) in (0..9).flat_map(|n| [(n, Fault::Failed), (n, Fault::FailedButPersisted)])
    {
        for reopened in [false, true] {
            let row = format!("write {write} {fault:?}, reopened: {reopened}");
            let store = MemoryStore::default();
            let mut log = store.open().unwrap();
            log.append(&(0..255).map(entry).collect::<Vec<_>>()).unwrap();
            store.0.borrow_mut().fault = Some((write, fault));
            let result = log.commit(&[entry(255), entry(256)]).and_then(|committed| {
                log.cosign(&lines(&[0, 1], &committed.checkpoint), &policy())?.quorum
            });
            assert_eq!(store.0.borrow().fault, None, "{row}: the fault was met");
            if write < 7 {
                assert_eq!(result.unwrap_err().reason(), "log.unavailable", "{row}");
                assert_eq!(log.size(), 255, "{row}: what is shown was acknowledged");
            } else {
                assert_eq!(result.unwrap().checkpoint().size, 257, "{row}");
            }
            if reopened {
                log = store.open().unwrap();
            }
            let committed = write > 5 || (write == 5 && fault == Fault::FailedButPersisted);
            let first = if committed { 257 } else { 255 };
            assert_eq!(cosigned(&mut log, &[0, 2]), Ok(first), "{row}");
        }
    }
}

#[test]
fn a_log_that_is_not_the_policys_is_not_published() {
    let store = MemoryStore::default();
    let mut log = store.open().unwrap();
    let committed = log.commit(&[entry(0)]).unwrap();
    let elsewhere = SecretKey::from_seed(&Zeroizing::new([8; 32]));
    let other = crate::VerifierKey::new("log.example/other", elsewhere.public()).unwrap();
    let text = format!("log {other}\nwitness w {}\nquorum w\n", witness(0).0);
    let policy: Policy = text.parse().unwrap();
    let answer = log.cosign(&lines(&[0], &committed.checkpoint), &policy).unwrap();
    assert_eq!(answer.quorum.unwrap_err().reason(), "log.origin");
    assert_eq!(log.size(), 0);
    assert_eq!(policy.of_log(&key()).unwrap_err().reason(), "log.origin");
    let same_name = crate::VerifierKey::new(key().origin(), elsewhere.public()).unwrap();
    let policy: Policy = format!("log {same_name}\nquorum none\n").parse().unwrap();
    assert_eq!(policy.clone().of_log(&key()).unwrap_err().reason(), "log.signature");
    assert_eq!(policy.of_log(&same_name).unwrap().logs().len(), 1);
    let policy: Policy = format!("log {other}\nlog {}\nquorum none\n", key()).parse().unwrap();
    assert_eq!(policy.of_log(&key()).unwrap().logs().len(), 1);
    let policy: Policy = "quorum none\n".parse().unwrap();
    assert_eq!(policy.of_log(&key()).unwrap().logs()[0].key, key());
}

#[test]
fn a_quorum_is_of_names_too() {
    let met = |names: &[&str]| policy().is_met_by(&names.iter().map(|&n| n.to_owned()).collect());
    assert!(met(&["w0", "w2"]) && met(&["w0", "w1", "w2"]));
    assert!(!met(&[]) && !met(&["w1"]) && !met(&["w1", "w4", "g"]));
}

#[derive(Clone, Debug)]
struct Step {
    by: Vec<u8>,
    fault: Option<(usize, Fault)>,
    reopen: bool,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let kind = prop_oneof![Just(Fault::Failed), Just(Fault::FailedButPersisted)];
    let step =
        (prop::collection::vec(0..3_u8, 0..4), prop::option::of((0..7_usize, kind)), any::<bool>());
    let step = step.prop_map(|(by, fault, reopen)| Step { by, fault, reopen });
    prop::collection::vec(step, 1..20)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever fails and whoever cosigns: what is acknowledged is in a published checkpoint that the
    /// policy believes, stays where it is, and the quorum is never reported without it.
    #[test]
    fn acknowledged_means_cosigned_and_stays(steps in steps()) {
        let store = MemoryStore::default();
        let mut log = store.open().unwrap();
        let mut acknowledged = Vec::new();
        for (number, step) in steps.iter().enumerate() {
            store.0.borrow_mut().fault = step.fault;
            let result = log.commit(&[entry(number)]).and_then(|committed| {
                let lines = lines(&step.by, &committed.checkpoint);
                log.cosign(&lines, &policy())?.quorum?;
                Ok(committed.first_index)
            });
            store.0.borrow_mut().fault = None;
            if let Ok(index) = result {
                let mut by = step.by.clone();
                by.sort_unstable();
                by.dedup();
                prop_assert!(by.len() >= 2);
                let witnessed = policy().verify(&shown(&store)).unwrap();
                prop_assert!(witnessed.checkpoint().size > index);
                acknowledged.push((index, entry(number)));
            }
            if step.reopen {
                log = store.open().unwrap();
            }
        }
        let log = store.open().unwrap();
        for (index, entry) in acknowledged {
            prop_assert_eq!(log.entry(index).unwrap(), entry);
        }
    }
}
