//! The same for a witness's memory: what it cosigned it remembers, and cosigns nothing beside it.

use std::collections::BTreeMap;
use std::path::Path;

use domain::Reason as _;
use tlog::witness::{AddCheckpoint, WitnessRefusal};
use tlog::{Checkpoint, Log, LogError, SignedCheckpoint};

use super::Tally;
use super::disk::Content;
use super::log::{key, secret};
use super::machine::{Fault, Machine, Omission, Plan};
use super::random::Random;
use crate::{FileStore, WitnessFolder};

const SIZES: u64 = 3;

/// A log's history, and another one that its key signed.
struct Histories {
    /// By old and new size.
    honest: BTreeMap<(u64, u64), AddCheckpoint>,
    forked: BTreeMap<(u64, u64), AddCheckpoint>,
}

impl Histories {
    fn new() -> Self {
        Self { honest: requests(b'a'), forked: requests(b'b') }
    }

    fn honest(&self, size: u64) -> Checkpoint {
        let note = &self.honest[&(0, size)].note;
        SignedCheckpoint::verify(note, &key()).unwrap().checkpoint().clone()
    }
}

/// Every request that a log may make whose entries begin with `letter`.
fn requests(letter: u8) -> BTreeMap<(u64, u64), AddCheckpoint> {
    let machine = Machine::new(Content::default(), 0, &[], Omission::Nothing);
    let store =
        FileStore::open_on(machine.start(), Path::new("/log"), Path::new("/cell/x")).unwrap();
    let mut log = Log::open(store, key().origin(), secret()).unwrap();
    let mut requests = BTreeMap::new();
    for new in 1..=SIZES {
        log.append(&[vec![letter, u8::try_from(new).unwrap()]]).unwrap();
        for old_size in 0..=new {
            let proof =
                if old_size == 0 { vec![] } else { log.consistency(old_size, new).unwrap() };
            let note = log.checkpoint().note().to_owned();
            requests.insert((old_size, new), AddCheckpoint { old_size, proof, note });
        }
    }
    requests
}

struct Run<'a> {
    histories: &'a Histories,
    machine: Machine,
    /// The largest size that was cosigned.
    cosigned: u64,
}

impl Run<'_> {
    fn open(&self) -> Result<WitnessFolder, LogError> {
        WitnessFolder::open_on(self.machine.start(), Path::new("/a/deep/witness"))
    }

    /// The log asks for each of its sizes, and its other head for all that it can.
    fn ask(&mut self) -> Result<(), String> {
        let mut known = 0;
        let mut target = 1;
        for _ in 0..PROCESSES {
            let Ok(mut witness) = self.open() else { continue };
            while self.machine.runs() {
                match witness.advance(&self.histories.honest[&(known, target)], &key()) {
                    Ok(Ok(_)) => {
                        (self.cosigned, known) = (target, target);
                        target += 1;
                    }
                    Ok(Err(WitnessRefusal::Conflict { size })) => {
                        (known, target) = (size, target.max(size));
                    }
                    Ok(Err(refusal)) => return Err(format!("{refusal:?} at {known}, {target}")),
                    Err(_) => {}
                }
                self.fork(&mut witness)?;
                if target > SIZES {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn fork(&self, witness: &mut WitnessFolder) -> Result<(), String> {
        if self.cosigned == 0 {
            return Ok(());
        }
        for old in [0, self.cosigned] {
            let request = &self.histories.forked[&(old, SIZES)];
            if matches!(witness.advance(request, &key()), Ok(Ok(_))) {
                return Err(format!("cosigned another head, from {old}"));
            }
        }
        Ok(())
    }

    /// Restarts without faults, the power lost before or not.
    fn judge(&mut self, power: bool) -> Result<(), String> {
        self.machine.mend();
        if power {
            self.machine.lose_power();
        }
        let witness = self.open().map_err(|error| format!("does not open: {error:?}"))?;
        let latest = witness.latest(&key()).map_err(|error| error.reason().to_owned())?;
        let size = latest.as_ref().map_or(0, |latest| latest.size);
        let known = size == 0 || latest == Some(self.histories.honest(size));
        if size < self.cosigned || !known {
            return Err(format!("cosigned {}, remembers {latest:?}", self.cosigned));
        }
        drop(witness);
        self.ask()?;
        if self.cosigned == SIZES { Ok(()) } else { Err("it does not go on".to_owned()) }
    }
}

fn run(
    histories: &Histories,
    seed: u64,
    plans: &[Plan],
    omission: Omission,
) -> Result<(Tally, bool), String> {
    let machine = Machine::new(Content::default(), seed, plans, omission);
    let mut run = Run { histories, machine, cosigned: 0 };
    let result = run.ask();
    let met = run.machine.is_calm();
    let result = result.and_then(|()| run.judge(seed.is_multiple_of(2)));
    result.map_err(|wrong| format!("seed {seed}, {plans:?}: {wrong}"))?;
    Ok((Tally(run.machine.counts()), met))
}

fn storm(histories: &Histories, seeds: u64, omission: Omission) -> Result<Tally, String> {
    let mut tally = Tally::default();
    // A disk that lies makes a witness forget, and nothing here can tell.
    let faults = Fault::ALL.into_iter().filter(|fault| *fault != Fault::Lie);
    for (fault, seed) in faults.flat_map(|fault| (0..seeds).map(move |seed| (fault, seed))) {
        let mut random = Random::new(seed);
        for after in 0.. {
            let seed = seed + 2 * after as u64;
            let (counts, met) = run(histories, seed, &[Plan::once(fault, after)], omission)?;
            if !met {
                break;
            }
            tally.add(&counts.0);
            let second = Fault::ALL[random.below(Fault::ALL.len() - 1)];
            let second = Plan::once(second, random.below(12));
            let plans = [Plan::once(fault, after), second];
            tally.add(&run(histories, seed + 1, &plans, omission)?.0.0);
        }
    }
    Ok(tally)
}

#[test]
fn a_witness_remembers_what_it_cosigned() {
    let tally = storm(&Histories::new(), 3, Omission::Nothing).unwrap();
    tally.print("witness");
    assert!(tally.total() > 1_500, "{} faults", tally.total());
}

#[test]
fn a_witness_that_forgets_is_found() {
    let histories = Histories::new();
    for omission in
        [Omission::FileSync(""), Omission::FolderSync(""), Omission::FolderSync("witness")]
    {
        let wrong = storm(&histories, 4, omission).unwrap_err();
        println!("{omission:?}: {wrong}");
    }
}

/// More than any schedule has faults.
const PROCESSES: usize = 12;
