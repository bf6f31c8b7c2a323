//! One schedule: a log on a machine where things go wrong, and what has to be true afterwards.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use domain::Reason as _;
use domain::Timestamp;
use domain::keys::SecretKey;
use tlog::tiles::Tiles;
use tlog::{
    Checkpoint, Commit, Log, LogError, Policy, Store, StoreError, TilePath, VerifierKey,
    WitnessKey, verify_log,
};
use zeroize::Zeroizing;

use super::disk::Content;
use super::machine::{Fault, Kind, Machine, Omission, Plan};
use crate::disk::Disk;
use crate::{FileStore, durable};

const ORIGIN: &str = "log.example/storm";
const FOLDER: &str = "/a/deep/log";
const CELL: &str = "/b/state/head";

pub(super) fn secret() -> SecretKey {
    SecretKey::from_seed(&Zeroizing::new([5; 32]))
}

pub(super) fn key() -> VerifierKey {
    VerifierKey::new(ORIGIN, secret().public()).unwrap()
}

/// In which order the steps reach the disk. All but the first are wrong, and the storm has to find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Right,
    /// The checkpoint is published before the cell is swapped.
    PublishFirst,
    /// The cell is swapped before tiles and bundles are written.
    SwapFirst,
    /// Recovery takes what it sees for durable.
    TrustsSeen,
}

/// The store under test.
#[derive(Debug)]
pub(super) struct Ordered {
    store: FileStore,
    order: Order,
    swap: Option<(Option<Commit>, Commit)>,
    objects: Vec<(TilePath, Vec<u8>)>,
}

impl Store for Ordered {
    fn read(&self, path: &TilePath) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.read(path)
    }

    fn write(&mut self, objects: &[(TilePath, Vec<u8>)]) -> Result<(), StoreError> {
        if self.order == Order::SwapFirst {
            self.objects = objects.to_vec();
            return Ok(());
        }
        self.store.write(objects)
    }

    fn remove_partials(&mut self, full: &TilePath, most: usize) -> Result<bool, StoreError> {
        self.store.remove_partials(full, most)
    }

    fn checkpoint(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.checkpoint()
    }

    fn publish(&mut self, note: &[u8]) -> Result<(), StoreError> {
        if self.order == Order::TrustsSeen && self.store.checkpoint()?.as_deref() == Some(note) {
            return Ok(());
        }
        self.store.publish(note)?;
        match self.swap.take() {
            Some((expected, new)) => self.store.compare_and_swap(expected, new),
            None => Ok(()),
        }
    }

    fn committed(&self) -> Result<Option<Commit>, StoreError> {
        self.store.committed()
    }

    fn compare_and_swap(
        &mut self,
        expected: Option<Commit>,
        new: Commit,
    ) -> Result<(), StoreError> {
        match self.order {
            Order::PublishFirst => self.swap = Some((expected, new)),
            Order::TrustsSeen if expected == Some(new) => {}
            _ => self.store.compare_and_swap(expected, new)?,
        }
        self.store.write(&std::mem::take(&mut self.objects))
    }
}

/// Who has to cosign before anything is acknowledged, and all that they did cosign.
#[derive(Clone, Debug)]
struct Witness {
    key: WitnessKey,
    policy: Policy,
    cosigned: Vec<Checkpoint>,
}

impl Witness {
    fn new() -> Self {
        let witness = WitnessKey::new("w.example/storm", secret().public()).unwrap();
        let policy = format!("log {}\nwitness w {witness}\nquorum w\n", key());
        Self { key: witness, policy: policy.parse().unwrap(), cosigned: Vec::new() }
    }

    /// The lines with which it answers, if it is there.
    fn answer(&mut self, checkpoint: &Checkpoint, there: bool) -> Vec<String> {
        if !there {
            return Vec::new();
        }
        self.cosigned.push(checkpoint.clone());
        vec![self.key.cosign(checkpoint, Timestamp::EPOCH.plus_seconds(1), &secret()).unwrap()]
    }
}

/// What is run: a log as it was left, and the batches that are appended to it.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    before: Content,
    /// The batches that the log holds already, each with its first index.
    held: Vec<(u64, Batch)>,
    batches: &'static [usize],
    witness: Option<Witness>,
}

type Batch = Vec<Vec<u8>>;

/// What a schedule came to.
#[derive(Debug)]
pub(super) struct Outcome {
    /// What went wrong.
    pub(super) counts: BTreeMap<(Fault, Kind), u64>,
    /// Whether all that was planned did.
    pub(super) met: bool,
    /// Why the log was refused afterwards, which a disk that lied may have made of it.
    pub(super) refused: Option<&'static str>,
}

/// One schedule as it goes.
struct Run {
    machine: Machine,
    order: Order,
    witness: Option<Witness>,
    acknowledged: Vec<(u64, Batch)>,
    /// All that was ever submitted, in this order.
    submitted: Vec<Batch>,
}

impl Scene {
    /// A log that holds `size` entries; then `batches` are appended.
    pub(super) fn new(size: usize, batches: &'static [usize]) -> Self {
        let machine = Machine::new(Content::default(), 0, &[], Omission::Nothing);
        let mut run = Run::new(machine, Order::Right);
        if size > 0 {
            let mut log = run.open().unwrap();
            run.append(&mut log, size, true).unwrap();
        }
        Self { before: run.machine.content(), held: run.acknowledged, batches, witness: None }
    }

    /// The same log, which from now on a witness has to cosign.
    pub(super) fn witnessed(self) -> Self {
        Self { witness: Some(Witness::new()), ..self }
    }

    /// Runs a schedule.
    ///
    /// # Errors
    /// What has to be true and is not.
    pub(super) fn run(
        &self,
        seed: u64,
        plans: &[Plan],
        omission: Omission,
        order: Order,
    ) -> Result<Outcome, String> {
        let machine = Machine::new(self.before.clone(), seed, plans, omission);
        let mut run = Run::new(machine, order);
        run.acknowledged.clone_from(&self.held);
        run.witness.clone_from(&self.witness);
        run.submitted.extend(self.held.iter().map(|(_, batch)| batch.clone()));
        run.appends(self.batches)?;
        let met = run.machine.is_calm();
        run.machine.mend();
        let judged = run.judge(seed.is_multiple_of(2));
        let lied = plans.iter().any(|plan| plan.fault == Fault::Lie);
        let counts = run.machine.counts();
        match judged {
            Ok(()) => Ok(Outcome { counts, met, refused: None }),
            Err(Wrong::Refused(reason)) if lied && AFTER_LIES.contains(&reason) => {
                Ok(Outcome { counts, met, refused: Some(reason) })
            }
            Err(Wrong::Refused(reason)) => Err(format!("refused as {reason}")),
            Err(Wrong::Broken(what)) => Err(what),
        }
    }
}

/// How a log may be refused on a disk that reported success and wrote nothing: as an old copy, or as
/// altered. It is refused when it is opened or by an audit.
const AFTER_LIES: [&str; 7] = [
    "log.rolled-back",
    "log.root-mismatch",
    "log.incomplete",
    // A torn checkpoint.
    "log.malformed",
    "log.origin",
    "log.signature",
    // A torn cell.
    "log.unavailable",
];

/// What is not as it has to be.
enum Wrong {
    Refused(&'static str),
    Broken(String),
}

impl From<LogError> for Wrong {
    fn from(error: LogError) -> Self {
        Self::Refused(error.reason())
    }
}

impl Run {
    const fn new(machine: Machine, order: Order) -> Self {
        Self { machine, order, witness: None, acknowledged: Vec::new(), submitted: Vec::new() }
    }

    /// Opens the log in a new process.
    fn open(&self) -> Result<Log<Ordered>, LogError> {
        let disk = self.machine.start();
        let store = FileStore::open_on(disk, Path::new(FOLDER), Path::new(CELL))?;
        let store = Ordered { store, order: self.order, swap: None, objects: Vec::new() };
        Log::open(store, ORIGIN, secret())
    }

    /// `there` is whether the witness answers, if there is one.
    fn append(
        &mut self,
        log: &mut Log<Ordered>,
        count: usize,
        there: bool,
    ) -> Result<(), LogError> {
        let number = self.submitted.len();
        let batch: Batch = (0..count).map(|n| format!("{number}: {n}").into_bytes()).collect();
        self.submitted.push(batch.clone());
        let first_index = match &mut self.witness {
            None => log.append(&batch)?.first_index,
            Some(witness) => {
                let committed = log.commit(&batch)?;
                let lines = witness.answer(committed.checkpoint.checkpoint(), there);
                log.cosign(&lines, &witness.policy)?.quorum?;
                committed.first_index
            }
        };
        self.acknowledged.push((first_index, batch));
        Ok(())
    }

    /// All batches, in as many processes as it takes, while things go wrong.
    fn appends(&mut self, batches: &[usize]) -> Result<(), String> {
        let mut left = batches.iter();
        for _ in 0..PROCESSES {
            let Ok(mut log) = self.open() else { continue };
            while self.machine.runs() {
                let Some(&batch) = left.next() else {
                    return self.goes_on(&mut log);
                };
                // Without an answer nothing is acknowledged, and the next one follows.
                let there = !self.submitted.len().is_multiple_of(3);
                drop(self.append(&mut log, batch, there));
            }
        }
        Ok(())
    }

    /// A process that still runs needs no restart when nothing more goes wrong.
    fn goes_on(&mut self, log: &mut Log<Ordered>) -> Result<(), String> {
        let calm = self.machine.is_calm();
        let result = self.append(log, 1, true);
        match result {
            Err(error) if calm => Err(format!("the log does not go on: {error:?}")),
            _ => Ok(()),
        }
    }

    /// Restarts without faults, the power lost before or not, and looks at everything.
    fn judge(&mut self, power: bool) -> Result<(), Wrong> {
        if power {
            self.machine.lose_power();
        }
        let mut log = self.open()?;
        self.append(&mut log, 1, true)?;
        drop(log);
        self.machine.lose_power();
        drop(self.open()?);
        self.audit()
    }

    fn audit(&self) -> Result<(), Wrong> {
        let disk = self.machine.start();
        let read = |path: &TilePath| read(&disk, &path.to_string());
        let note = read_text(&disk)?;
        let mut entries = Vec::new();
        let signed = verify_log(read, &note, &key(), |_, entry| entries.push(entry.to_vec()))?;
        self.check_entries(&entries).map_err(Wrong::Broken)?;
        let tiles = Tiles::new(read, signed.checkpoint().size);
        let published = self.machine.content().published;
        let mut said: Vec<Checkpoint> = Vec::new();
        for note in published {
            let note = String::from_utf8(note).map_err(|_| Wrong::Refused("log.malformed"))?;
            let body = note.split("\n\n").next().unwrap_or_default();
            said.push(format!("{body}\n").parse()?);
        }
        said.extend(self.witness.iter().flat_map(|witness| witness.cosigned.clone()));
        for Checkpoint { size, root, .. } in said {
            if size > signed.checkpoint().size || tiles.root(size)? != root {
                return Err(Wrong::Broken(format!("a checkpoint of another tree: {size} {root}")));
            }
        }
        Ok(())
    }

    /// The log is a row of whole batches, as they were submitted, of which none that was acknowledged
    /// is missing or elsewhere.
    fn check_entries(&self, entries: &[Vec<u8>]) -> Result<(), String> {
        for (first, batch) in &self.acknowledged {
            let first = usize::try_from(*first).unwrap();
            let found = entries.get(first..first + batch.len());
            if found != Some(batch.as_slice()) {
                return Err(format!("lost: {} from {first}, found {found:?}", batch.len()));
            }
        }
        let mut rest = entries;
        for batch in &self.submitted {
            rest = rest.strip_prefix(batch.as_slice()).unwrap_or(rest);
        }
        if rest.is_empty() { Ok(()) } else { Err(format!("never submitted so: {rest:?}")) }
    }
}

fn read(disk: &Arc<dyn Disk>, path: &str) -> Result<Option<Vec<u8>>, StoreError> {
    durable::read(&**disk, &Path::new(FOLDER).join(path))
}

fn read_text(disk: &Arc<dyn Disk>) -> Result<String, LogError> {
    let note = read(disk, "checkpoint")?.unwrap_or_default();
    String::from_utf8(note).map_err(|_| LogError::Malformed { what: "checkpoint" })
}

/// More than any schedule has faults.
const PROCESSES: usize = 12;
