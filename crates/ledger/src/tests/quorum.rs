//! Nothing is recorded before a quorum of witnesses has cosigned.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::thread;

use tlog::cosigning::Prove;
use tlog::{Policy, SignedCheckpoint, WitnessKey};

use super::together::check;
use super::*;

/// Three witnesses in this process, each of which is there or not.
#[derive(Clone, Debug)]
struct Three {
    policy: Policy,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    /// The numbers of those that are there.
    there: Mutex<BTreeSet<u8>>,
    asked: AtomicUsize,
    panics: AtomicUsize,
    /// The size that they cosigned last.
    latest: Mutex<u64>,
    /// Seconds on their clocks since the test began.
    time: AtomicI64,
    /// While it is held they do not answer.
    gate: Mutex<()>,
}

fn witness(number: u8) -> (WitnessKey, SecretKey) {
    let secret = SecretKey::from_seed(&Zeroizing::new([60 + number; 32]));
    (WitnessKey::new(&format!("w.example/{number}"), secret.public()).unwrap(), secret)
}

impl Three {
    fn of(key: &VerifierKey) -> Self {
        let line = |n| format!("witness w{n} {}\n", witness(n).0);
        let lines: String = (0..3).map(line).collect();
        let policy = format!("log {key}\n{lines}group g 2 w0 w1 w2\nquorum g\n");
        let three = Self { policy: policy.parse().unwrap(), shared: Arc::default() };
        three.are_there([0, 1, 2]);
        three
    }

    fn are_there(&self, numbers: impl IntoIterator<Item = u8>) {
        *self.shared.there.lock().unwrap() = numbers.into_iter().collect();
    }

    fn asked(&self) -> usize {
        self.shared.asked.swap(0, Ordering::SeqCst)
    }
}

impl Witnesses for Three {
    fn policy(&self) -> &Policy {
        &self.policy
    }

    fn ask(&self, checkpoint: &SignedCheckpoint, prove: &Prove<'_>) -> Vec<String> {
        self.shared.asked.fetch_add(1, Ordering::SeqCst);
        if self.shared.panics.load(Ordering::SeqCst) > 0 {
            self.shared.panics.fetch_sub(1, Ordering::SeqCst);
            panic!("injected");
        }
        drop(self.shared.gate.lock().unwrap());
        let checkpoint = checkpoint.checkpoint();
        let mut latest = self.shared.latest.lock().unwrap();
        prove(*latest).unwrap();
        *latest = checkpoint.size;
        let time = 1_800_000_000 + self.shared.time.load(Ordering::SeqCst);
        let time = Timestamp::from_unix_seconds(time).unwrap();
        let line = |&number: &u8| {
            let (key, secret) = witness(number);
            key.cosign(checkpoint, time, &secret).unwrap()
        };
        self.shared.there.lock().unwrap().iter().map(line).collect()
    }
}

struct Scene {
    folder: tempfile::TempDir,
    three: Three,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let three = Three::of(open(folder.path()).unwrap().key());
        Self { folder, three }
    }

    fn open(&self) -> Ledger {
        let ledger = open(self.folder.path()).unwrap();
        ledger.with_quorum(Box::new(self.three.clone())).unwrap()
    }

    fn shown(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("data/log/checkpoint")).unwrap()
    }

    /// The size of the checkpoint that readers are shown, if the policy believes it.
    fn believed(&self) -> Result<u64, &'static str> {
        let witnessed = self.three.policy.verify(&self.shown());
        witnessed.map(|witnessed| witnessed.checkpoint().size).map_err(|error| error.reason())
    }
}

fn record(ledger: &Ledger, object: &[u8]) -> Result<u64, &'static str> {
    let recorded = ledger.record(draft(Digest::of(object)), ());
    recorded.map(|recorded| recorded.place().index).map_err(|error| error.reason())
}

#[test]
fn what_is_recorded_is_cosigned_and_its_proof_says_so() {
    let scene = Scene::new();
    let ledger = scene.open();
    assert_eq!(scene.three.asked(), 0, "an empty log has nothing to be cosigned");
    assert_eq!(record(&ledger, b"1"), Ok(0));
    assert_eq!(scene.believed(), Ok(1));
    scene.three.are_there([0, 2]);
    assert_eq!(record(&ledger, b"2"), Ok(1));
    assert_eq!(scene.believed(), Ok(2));
    let (leaf, proof) = ledger.prove(0).unwrap();
    scene.three.policy.verify(&proof.checkpoint).unwrap();
    tlog::verify_inclusion(&leaf, &proof, ledger.key()).unwrap();
    assert_eq!(ledger.prove(2).unwrap_err().reason(), "log.no-such-entry");
    assert_eq!(scene.three.asked(), 2);
}

#[test]
fn without_a_quorum_nothing_is_recorded_and_only_the_first_may_turn_up() {
    let scene = Scene::new();
    let ledger = scene.open();
    assert_eq!(record(&ledger, b"1"), Ok(0));
    scene.three.are_there([1]);
    assert_eq!(record(&ledger, b"2"), Err("log.quorum"));
    assert_eq!(scene.believed(), Ok(1), "readers are shown what was cosigned");
    // It turned up, and counts.
    let entries = ledger.entries().unwrap();
    assert_eq!(entries.iter().map(|(_, entry)| entry.sequence).collect::<Vec<_>>(), [0, 1]);
    // It cannot be proved before it is cosigned; what was acknowledged can.
    assert_eq!(ledger.prove(1).unwrap_err().reason(), "log.quorum");
    ledger.prove(0).unwrap();
    // As long as the witnesses are away nothing more is written.
    for object in [&b"3"[..], b"4"] {
        assert_eq!(record(&ledger, object), Err("log.quorum"));
    }
    assert_eq!(ledger.entries().unwrap().len(), 2);
    scene.three.are_there([0, 1]);
    assert_eq!(record(&ledger, b"5"), Ok(2));
    assert_eq!(scene.believed(), Ok(3));
    assert_eq!(ledger.prove(1).unwrap().1.index, 1);
    check(&ledger, &[]);
}

/// An export whose release came through although its recording had failed: the proofs of one file do not
/// lead to two checkpoints, and the next file is the same.
#[test]
fn proofs_for_one_name_are_against_one_cosigned_checkpoint() {
    let scene = Scene::new();
    let ledger = scene.open();
    assert_eq!(record(&ledger, b"1"), Ok(0));
    scene.three.are_there([1]);
    assert_eq!(record(&ledger, b"2"), Err("log.quorum"));
    let name = Digest::of(b"receipt");
    assert_eq!(ledger.prove_for(&name, &[0, 1]).unwrap_err().reason(), "log.quorum");
    scene.three.are_there([1, 2]);
    let proved = ledger.prove_for(&name, &[0, 1]).unwrap();
    for (leaf, proof) in &proved {
        scene.three.policy.verify(&proof.checkpoint).unwrap();
        assert_eq!(proof.checkpoint, scene.shown());
        tlog::verify_inclusion(leaf, proof, ledger.key()).unwrap();
    }
    assert_eq!(record(&ledger, b"3"), Ok(2));
    assert_eq!(ledger.prove_for(&name, &[0, 1]).unwrap(), proved);
}

#[test]
fn what_is_there_at_opening_is_cosigned_before_anything_is_acknowledged() {
    let scene = Scene::new();
    // Written before there were witnesses.
    assert_eq!(record(&open(scene.folder.path()).unwrap(), b"1"), Ok(0));
    assert_eq!(scene.believed(), Err("log.quorum"));
    scene.three.are_there([]);
    let ledger = scene.open();
    assert_eq!(scene.three.asked(), 1);
    assert_eq!(record(&ledger, b"2"), Err("log.quorum"));
    assert_eq!(ledger.entries().unwrap().len(), 1, "the witnesses were asked for the first one");
    drop(ledger);
    scene.three.are_there([0, 1]);
    let ledger = scene.open();
    assert_eq!(scene.believed(), Ok(1), "cosigned when it was opened");
    ledger.prove(0).unwrap();
    drop(ledger);
    // A cosigned one is not asked for again.
    scene.three.asked();
    let ledger = scene.open();
    assert_eq!((scene.three.asked(), scene.believed()), (0, Ok(1)));
    assert_eq!(record(&ledger, b"3"), Ok(1));
}

#[test]
fn a_log_that_does_not_grow_is_cosigned_anew() {
    let scene = Scene::new();
    let ledger = scene.open();
    ledger.refresh().unwrap();
    assert_eq!(scene.three.asked(), 0, "an empty log has nothing to be cosigned");
    assert_eq!(record(&ledger, b"1"), Ok(0));
    scene.three.asked();
    scene.three.shared.time.store(60, Ordering::SeqCst);
    let as_of = || {
        let witnessed = scene.three.policy.verify(&scene.shown()).unwrap();
        (witnessed.cosigned().len(), witnessed.as_of().unwrap().unix_seconds())
    };
    for (there, expected) in [
        (vec![], (3, 1_800_000_000)),
        (vec![1], (3, 1_800_000_000)),
        (vec![1, 2], (3, 1_800_000_060)),
    ] {
        scene.three.are_there(there.clone());
        ledger.refresh().unwrap();
        assert_eq!((scene.three.asked(), as_of()), (1, expected), "{there:?}");
    }
    assert_eq!(ledger.prove(0).unwrap().1.checkpoint, scene.shown());
    assert_eq!(record(&ledger, b"2"), Ok(1));
}

#[test]
fn witnesses_of_another_log_are_refused() {
    let scene = Scene::new();
    let secret = SecretKey::from_seed(&Zeroizing::new([1; 32]));
    let other = VerifierKey::new("test.example/other", secret.public()).unwrap();
    let ledger = open(scene.folder.path()).unwrap();
    let refused = ledger.with_quorum(Box::new(Three::of(&other))).unwrap_err();
    assert_eq!(refused.reason(), "log.origin");
}

#[test]
fn many_threads_share_cosignatures_and_readers_do_not_wait_for_witnesses() {
    let scene = Scene::new();
    let ledger = scene.open();
    assert_eq!(record(&ledger, b"0"), Ok(0));
    scene.three.asked();
    let places: Vec<_> = thread::scope(|scope| {
        let gate = scene.three.shared.gate.lock().unwrap();
        let first = scope.spawn(|| record(&ledger, b"first"));
        while scene.three.shared.asked.load(Ordering::SeqCst) == 0 {
            thread::yield_now();
        }
        // Witnesses are being asked: what was acknowledged before can be read and proved.
        assert_eq!(ledger.entries().unwrap().len(), 1);
        scene.three.policy.verify(&ledger.prove(0).unwrap().1.checkpoint).unwrap();
        let threads: Vec<_> = (0..32_u8)
            .map(|n| {
                let ledger = &ledger;
                scope.spawn(move || {
                    let object = Digest::of(&[n]);
                    (object, ledger.record(draft(object), ()).unwrap().place().clone())
                })
            })
            .collect();
        drop(gate);
        assert_eq!(first.join().unwrap(), Ok(1));
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    check(&ledger, &places);
    assert_eq!(scene.believed(), Ok(34));
    assert!(scene.three.asked() <= 33);
}

#[test]
fn threads_and_witnesses_that_come_and_go() {
    let scene = Scene::new();
    let ledger = scene.open();
    let outcomes: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8_u32)
            .map(|thread| {
                let (ledger, three) = (&ledger, &scene.three);
                scope.spawn(move || {
                    let mut places = Vec::new();
                    for number in 0..25_u32 {
                        if thread == 0 {
                            let there = if number.is_multiple_of(2) { 0..1 } else { 1..3 };
                            three.are_there(there);
                        }
                        let object = Digest::of(format!("{thread} {number}").as_bytes());
                        match ledger.record(draft(object), ()) {
                            Ok(recorded) => places.push((object, recorded.place().clone())),
                            Err(error) => assert_eq!(error.reason(), "log.quorum"),
                        }
                    }
                    places
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(!outcomes.is_empty());
    check(&ledger, &outcomes);
    scene.three.are_there([0, 1]);
    record(&ledger, b"last").unwrap();
    check(&ledger, &outcomes);
    drop(ledger);
    check(&scene.open(), &outcomes);
}

/// Readers whenever there is a moment between asking the witnesses and publishing what they said.
#[test]
fn readers_do_not_come_between_the_witnesses_and_the_writer() {
    const RECORDS: u64 = 100;
    let scene = Scene::new();
    let ledger = scene.open();
    let done = AtomicBool::new(false);
    let recorded = thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !done.load(Ordering::SeqCst) {
                    ledger.entries().unwrap();
                }
            });
        }
        let each = |n: u64| record(&ledger, &n.to_be_bytes());
        let recorded: Vec<_> = (0..RECORDS).map(each).collect();
        done.store(true, Ordering::SeqCst);
        recorded
    });
    assert_eq!(recorded, (0..RECORDS).map(Ok).collect::<Vec<_>>());
    assert_eq!(scene.believed(), Ok(RECORDS));
    check(&ledger, &[]);
}

#[test]
fn a_panic_while_asking_is_told_to_those_who_wait_and_the_log_goes_on() {
    let scene = Scene::new();
    let ledger = scene.open();
    assert_eq!(record(&ledger, b"0"), Ok(0));
    scene.three.shared.panics.store(1, Ordering::SeqCst);
    let outcomes: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8_u8)
            .map(|n| {
                let ledger = &ledger;
                scope.spawn(move || record(ledger, &[n]))
            })
            .collect();
        threads.into_iter().map(|thread| thread.join()).collect()
    });
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_err()).count(), 1);
    let told: Vec<_> = outcomes.into_iter().flatten().collect();
    assert!(told.iter().all(|told| told.is_ok() || *told == Err("log.interrupted")), "{told:?}");
    record(&ledger, b"last").unwrap();
    check(&ledger, &[]);
}
