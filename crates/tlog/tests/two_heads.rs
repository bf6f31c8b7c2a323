//! A log whose operator lies: with the log's own key it forks, rolls back, shows old checkpoints, shows two
//! readers two histories, and does without witnesses. Who notices, by which reason, and how late.
//!
//! Time is simulated: a tick is a minute, in which the log grows by an entry, asks its witnesses, and the
//! readers read. Witnesses are the pure `judge`; a reader believes what a policy of 2 of 3 believes, extends
//! what it believed before, and is not too old by its clock. Readers may also compare what they believe.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a helper that fails is a failed test"
)]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use domain::keys::SecretKey;
use domain::{Digest, Reason as _, Timestamp};
use tlog::witness::AddCheckpoint;
use tlog::{
    Checkpoint, Commit, Log, LogError, Policy, SignedCheckpoint, Store, StoreError, TilePath,
    VerifierKey, WitnessKey, verify_consistency,
};
use zeroize::Zeroizing;

const ORIGIN: &str = "log.example/two-heads";
const START: i64 = 1_800_000_000;
const TICK_SECONDS: i64 = 60;
/// How old a reader lets a checkpoint be, by the cosignatures on it.
const MAX_AGE_SECONDS: i64 = 300;
/// The tick in which the operator begins to lie.
const LIE: i64 = 10;

#[derive(Clone, Debug, Default)]
struct Content {
    objects: BTreeMap<String, Vec<u8>>,
    checkpoint: Option<Vec<u8>>,
    cell: Option<Commit>,
}

#[derive(Clone, Debug, Default)]
struct Memory(Rc<RefCell<Content>>);

impl Store for Memory {
    fn read(&self, path: &TilePath) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.borrow().objects.get(&path.to_string()).cloned())
    }

    fn write(&mut self, objects: &[(TilePath, Vec<u8>)]) -> Result<(), StoreError> {
        let objects = objects.iter().map(|(path, bytes)| (path.to_string(), bytes.clone()));
        self.0.borrow_mut().objects.extend(objects);
        Ok(())
    }

    fn remove_partials(&mut self, _full: &TilePath, _most: usize) -> Result<bool, StoreError> {
        Ok(true)
    }

    fn checkpoint(&self) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.borrow().checkpoint.clone())
    }

    fn publish(&mut self, note: &[u8]) -> Result<(), StoreError> {
        self.0.borrow_mut().checkpoint = Some(note.to_vec());
        Ok(())
    }

    fn committed(&self) -> Result<Option<Commit>, StoreError> {
        Ok(self.0.borrow().cell)
    }

    fn compare_and_swap(
        &mut self,
        _expected: Option<Commit>,
        new: Commit,
    ) -> Result<(), StoreError> {
        self.0.borrow_mut().cell = Some(new);
        Ok(())
    }
}

fn secret(seed: u8) -> SecretKey {
    SecretKey::from_seed(&Zeroizing::new([seed; 32]))
}

fn key() -> VerifierKey {
    VerifierKey::new(ORIGIN, secret(1).public()).unwrap()
}

fn at(tick: i64) -> Timestamp {
    Timestamp::from_unix_seconds(START + TICK_SECONDS * tick).unwrap()
}

/// One history of the log; the operator may have several.
struct Head {
    memory: Memory,
    log: Log<Memory>,
}

impl Head {
    fn new() -> Self {
        Self::over(Memory::default())
    }

    fn over(memory: Memory) -> Self {
        Self { log: Log::open(memory.clone(), ORIGIN, secret(1)).unwrap(), memory }
    }

    /// The same history until now, which from now on goes its own way: an old copy of everything.
    fn copy(&self) -> Self {
        Self::over(Memory(Rc::new(RefCell::new(self.memory.0.borrow().clone()))))
    }

    fn grow(&mut self, entry: &str) {
        self.log.append(&[entry.as_bytes().to_vec()]).unwrap();
    }

    fn proof(&self, from: u64) -> Vec<Digest> {
        if from == 0 {
            Vec::new()
        } else {
            self.log.consistency(from, self.log.size()).unwrap_or_default()
        }
    }
}

/// A witness: its key and the checkpoint that it cosigned last.
struct Witness {
    key: WitnessKey,
    secret: SecretKey,
    latest: Option<Checkpoint>,
}

impl Witness {
    fn new(number: u8) -> Self {
        let secret = secret(100 + number);
        let key = WitnessKey::new(&format!("w{number}.example"), secret.public()).unwrap();
        Self { key, secret, latest: None }
    }

    /// The cosignature's line, or why there is none.
    fn cosign(&mut self, head: &Head, tick: i64) -> Result<String, &'static str> {
        let old_size = self.latest.as_ref().map_or(0, |latest| latest.size);
        let note = head.log.checkpoint().note().to_owned();
        // The operator answers a refused size with the right one, so this is the best that it can send.
        let request = AddCheckpoint { old_size, proof: head.proof(old_size), note };
        let grown = request.judge(&key(), self.latest.as_ref()).map_err(|error| error.reason())?;
        self.latest = Some(grown.checkpoint().clone());
        let sign = |bytes: &[u8]| Ok::<_, LogError>(self.secret.sign(bytes).to_vec());
        Ok(grown.cosign(&self.key, at(tick), sign).unwrap())
    }
}

/// A reader: what it believed last.
#[derive(Clone, Default)]
struct Reader {
    latest: Option<SignedCheckpoint>,
}

impl Reader {
    /// Believes `note`, for which `head` proves that it extends what was believed before.
    fn read(
        &mut self,
        policy: &Policy,
        note: &str,
        head: &Head,
        tick: i64,
    ) -> Result<(), &'static str> {
        let witnessed = policy.verify(note).map_err(|error| error.reason())?;
        let age = at(tick).unix_seconds() - witnessed.as_of().unwrap().unix_seconds();
        if age > MAX_AGE_SECONDS {
            return Err("(too old by its clock)");
        }
        if let Some(latest) = &self.latest {
            let proof = head.proof(latest.checkpoint().size);
            verify_consistency(latest, witnessed.signed(), &proof).map_err(|e| e.reason())?;
        }
        self.latest = Some(witnessed.signed().clone());
        Ok(())
    }
}

/// What an operator shows to each of its two readers, and which witnesses it asks.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Lie {
    None,
    /// Rewrites an entry and goes on from there, for everybody.
    Fork,
    /// Goes back to an old copy and grows again from there.
    RollBack,
    /// Goes back to an old copy, and shows its checkpoint, cosignatures included.
    Stale,
    /// Shows the second reader a second history, and asks all witnesses for both.
    SplitView,
    /// The same, from now on, asking one part of the witnesses for each: no witness sees both.
    SplitWitnesses,
    /// Asks one witness only.
    BelowQuorum,
    /// Makes the cosignatures up.
    Forged,
}

/// Who noticed, the reason, and in which tick after the lie.
type Notices = BTreeMap<(&'static str, &'static str), i64>;

struct World {
    lie: Lie,
    honest: Head,
    other: Head,
    old: Head,
    witnesses: [Witness; 3],
    policy: Policy,
    notices: Notices,
}

impl World {
    /// A world in which readers ask for so many of the three witnesses.
    fn new(lie: Lie, least: usize) -> Self {
        let witnesses = [0, 1, 2].map(Witness::new);
        let lines = witnesses.iter().zip(["a", "b", "c"]);
        let lines = lines.map(|(witness, name)| format!("witness {name} {}\n", witness.key));
        let lines: String = lines.collect();
        let policy = format!("log {}\n{lines}group g {least} a b c\nquorum g\n", key());
        let policy = policy.parse().unwrap();
        let [honest, other, old] = [(); 3].map(|()| Head::new());
        Self { lie, honest, other, old, witnesses, policy, notices: Notices::new() }
    }

    fn notice(&mut self, who: &'static str, reason: &'static str, tick: i64) {
        self.notices.entry((who, reason)).or_insert(tick - LIE);
    }

    /// Asks these witnesses for a history's checkpoint; the note with what they answered.
    fn cosigned(&mut self, head: &Head, witnesses: &[usize], tick: i64) -> String {
        let mut note = head.log.checkpoint().note().to_owned();
        for &number in witnesses {
            match self.witnesses[number].cosign(head, tick) {
                Ok(line) => note += &line,
                Err(reason) => self.notice("witness", reason, tick),
            }
        }
        note
    }

    fn run(mut self, ticks: i64) -> Notices {
        let mut readers = [Reader::default(), Reader::default()];
        let mut stale = String::new();
        for tick in 0..ticks {
            if tick == LIE - 4 {
                self.old = self.honest.copy();
                stale = self.cosigned_again(tick);
            }
            if tick == LIE {
                self.lie();
            }
            self.honest.grow(&format!("entry {tick}"));
            let lies = tick >= LIE;
            if lies {
                self.other.grow(&format!("other {tick}"));
            }
            let shown = self.shown(lies, &stale, tick);
            for (number, (note, second)) in shown.into_iter().enumerate() {
                let head = if second { &self.other } else { &self.honest };
                let who = if number == 0 { "reader 1" } else { "reader 2" };
                let read = readers[number].read(&self.policy, &note, head, tick);
                // Somebody who has never read the log before.
                let new = Reader::default().read(&self.policy, &note, head, tick);
                for (who, read) in [(who, read), ("new reader", new)] {
                    if let Err(reason) = read {
                        self.notice(who, reason, tick);
                    }
                }
            }
            self.gossip(&readers, tick);
        }
        self.notices
    }

    /// The checkpoint of the old copy with the cosignatures of its time.
    fn cosigned_again(&mut self, tick: i64) -> String {
        let head = self.honest.copy();
        self.cosigned(&head, &[0, 1, 2], tick)
    }

    /// The second history, where there is one.
    fn lie(&mut self) {
        self.other = match self.lie {
            Lie::RollBack => self.old.copy(),
            // Like the honest one but for its last entry.
            Lie::Fork | Lie::SplitView => {
                let mut head = self.old.copy();
                for tick in LIE - 4..LIE - 1 {
                    head.grow(&format!("entry {tick}"));
                }
                head.grow("rewritten");
                head
            }
            _ => self.honest.copy(),
        };
    }

    /// What the two readers are shown, and whether it is of the second history.
    fn shown(&mut self, lies: bool, stale: &str, tick: i64) -> [(String, bool); 2] {
        let lie = if lies { self.lie } else { Lie::None };
        let honest = std::mem::replace(&mut self.honest, Head::new());
        let other = std::mem::replace(&mut self.other, Head::new());
        let shown = match lie {
            Lie::None => {
                let note = self.cosigned(&honest, &[0, 1, 2], tick);
                [(note.clone(), false), (note, false)]
            }
            Lie::Fork | Lie::RollBack => {
                let note = self.cosigned(&other, &[0, 1, 2], tick);
                [(note.clone(), true), (note, true)]
            }
            Lie::Stale => {
                [(self.cosigned(&honest, &[0, 1, 2], tick), false), (stale.to_owned(), false)]
            }
            Lie::SplitView => {
                let first = self.cosigned(&honest, &[0, 1, 2], tick);
                [(first, false), (self.cosigned(&other, &[0, 1, 2], tick), true)]
            }
            Lie::SplitWitnesses => {
                let first = self.cosigned(&honest, &[0, 1], tick);
                [(first, false), (self.cosigned(&other, &[2], tick), true)]
            }
            Lie::BelowQuorum => {
                let note = self.cosigned(&honest, &[1], tick);
                [(note.clone(), false), (note, false)]
            }
            Lie::Forged => {
                let honestly = self.cosigned(&honest, &[0, 1, 2], tick);
                let lines = honestly.split("\n\n").nth(1).unwrap().split_inclusive('\n').skip(1);
                let forged = other.log.checkpoint().note().to_owned() + &lines.collect::<String>();
                [(honestly, false), (forged, true)]
            }
        };
        (self.honest, self.other) = (honest, other);
        shown
    }

    /// The readers compare what they believe. Two notes of one size and two roots prove two heads.
    fn gossip(&mut self, readers: &[Reader; 2], tick: i64) {
        let [Some(one), Some(two)] = readers.each_ref().map(|reader| reader.latest.as_ref()) else {
            return;
        };
        let (one, two) = (one.checkpoint(), two.checkpoint());
        if one.size == two.size && one.root != two.root {
            self.notice("readers together", "(two roots)", tick);
        }
    }
}

/// Everything that is noticed, and nothing else: by whom, why, in which tick after the lie began.
#[test]
fn every_lie_is_noticed() {
    let by_all =
        |reason| vec![("new reader", reason, 0), ("reader 1", reason, 0), ("reader 2", reason, 0)];
    let by_second = |reason| vec![("new reader", reason, 0), ("reader 2", reason, 0)];
    let with = |mut notices: Vec<_>, more: &[_]| {
        notices.extend_from_slice(more);
        notices
    };
    let (inconsistent, shrinks) = ("witness.inconsistent", "witness.shrinks");
    let table = [
        (Lie::None, 2, vec![]),
        (Lie::Fork, 2, with(by_all("log.quorum"), &[("witness", inconsistent, 0)])),
        (
            Lie::RollBack,
            2,
            with(by_all("log.quorum"), &[("witness", inconsistent, 3), ("witness", shrinks, 0)]),
        ),
        // Who has read more of the log notices at once, who has not, when it is too old.
        (
            Lie::Stale,
            2,
            vec![
                ("new reader", "(too old by its clock)", 2),
                ("reader 2", "(too old by its clock)", 2),
                ("reader 2", "log.consistency", 0),
            ],
        ),
        (Lie::SplitView, 2, with(by_second("log.quorum"), &[("witness", inconsistent, 0)])),
        (Lie::SplitWitnesses, 2, by_second("log.quorum")),
        // A quorum that is no majority: witnesses do not help, comparing does.
        (Lie::SplitWitnesses, 1, vec![("readers together", "(two roots)", 0)]),
        (Lie::BelowQuorum, 2, by_all("log.quorum")),
        (Lie::Forged, 2, by_second("log.cosignature")),
    ];
    println!("{:<16} {:<10} {:<16} {:<24} after", "lie", "quorum", "noticed by", "reason");
    for (lie, least, mut expected) in table {
        let mut found = Vec::new();
        for ((who, reason), ticks) in World::new(lie, least).run(30) {
            let (lie, seconds) = (format!("{lie:?}"), ticks * TICK_SECONDS);
            println!("{lie:<16} {least} of 3     {who:<16} {reason:<24} {seconds} s");
            found.push((who, reason, ticks));
        }
        expected.sort_unstable();
        assert_eq!(found, expected, "{lie:?}");
    }
}
