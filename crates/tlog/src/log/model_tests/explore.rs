//! The exploration: breadth first, each state once.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use domain::{Digest, Reason as _};

use super::disk::{Content, Disk, Fate, Medium};
use super::{Action, Found};
use crate::edge::Edge;
use crate::log::Head;
use crate::testing::{ORIGIN, key, secret};
use crate::tiles::Tiles;
use crate::verify::verify_log;
use crate::witness::{AddCheckpoint, WitnessRefusal};
use crate::{Checkpoint, Commit, Log, LogError, SignedCheckpoint};

/// Which of the two processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writer {
    First,
    /// It got past the lock.
    Second,
}

/// What an open log knows.
#[derive(Clone, Debug)]
struct Process {
    edge: Edge,
    checkpoint: SignedCheckpoint,
    in_doubt: Option<Commit>,
}

/// The world between two actions.
#[derive(Clone, Debug, Default)]
struct State {
    seen: Content,
    durable: Content,
    first: Option<Process>,
    second: Option<Process>,
    backup: Option<Content>,
    published: Vec<String>,
    acknowledged: BTreeMap<u64, Vec<u8>>,
    /// What the witness cosigned last. It sees every checkpoint.
    witness: Option<Checkpoint>,
    /// Whether objects, and cell, went back to an old copy that was not what was there.
    objects_back: bool,
    cell_back: bool,
    /// Whether a second writer was ever there.
    contended: bool,
}

pub(super) struct Explorer {
    allowed: fn(Action) -> bool,
    base: usize,
    /// The log through which all goes; what it knows is put in its place for each action.
    log: Log<Disk>,
    pub(super) found: Found,
}

impl Explorer {
    pub(super) fn new(base: usize, allowed: fn(Action) -> bool) -> Self {
        let log = Log::open(new_disk(), ORIGIN, secret()).unwrap();
        Self { allowed, base, log, found: Found::default() }
    }

    pub(super) fn run(&mut self, depth: u8) {
        let mut start = State::default();
        if self.base > 0 {
            start = self.after(&start, Action::Open(Writer::First, None), 0).unwrap();
            start = self.after(&start, Action::Append(Writer::First, 0, None), 0).unwrap();
            self.found.transitions = 0;
        }
        let mut seen = BTreeSet::from([identity(&start)]);
        let mut level = vec![start];
        for step in 1..=depth {
            let mut next = Vec::new();
            for state in &level {
                for action in self.actions(state, step) {
                    let Some(after) = self.after(state, action, step) else { continue };
                    if seen.insert(identity(&after)) {
                        next.push(after);
                    }
                }
            }
            level = next;
        }
        self.found.states = seen.len();
    }

    /// Everything that can happen in a state.
    fn actions(&mut self, state: &State, step: u8) -> Vec<Action> {
        let allowed = self.allowed;
        let mut actions = vec![Action::Power, Action::RestoreObjects, Action::RestoreCell];
        if state.backup.is_none() {
            actions = vec![Action::Power, Action::Backup];
        }
        for (writer, process) in [(Writer::First, &state.first), (Writer::Second, &state.second)] {
            let mut plain = vec![Action::Open(writer, None)];
            if process.is_some() {
                plain.extend([0, 1, 2].map(|count| Action::Append(writer, count, None)));
            }
            for action in plain.into_iter().filter(|action| allowed(*action)) {
                actions.push(action);
                let steps = self.perform(state, action, step).2;
                for fault in (0..steps).flat_map(|at| Fate::ALL.map(|fate| Some((at, fate)))) {
                    actions.push(match action {
                        Action::Append(writer, count, _) => Action::Append(writer, count, fault),
                        _ => Action::Open(writer, fault),
                    });
                }
            }
        }
        actions.retain(|action| allowed(*action));
        actions
    }

    /// The state after an action; `None` if what was lost is noticed and there is nothing beyond.
    fn after(&mut self, before: &State, action: Action, step: u8) -> Option<State> {
        self.found.transitions += 1;
        let (mut state, result, steps) = self.perform(before, action, step);
        let fault = match action {
            Action::Append(_, _, fault) | Action::Open(_, fault) => fault,
            _ => return Some(state),
        };
        // The log says what it knows and has not looked at the store.
        if result.is_ok() && steps == 0 {
            return Some(state);
        }
        let refusal = state.observe(&before.published);
        let accepted = match result {
            Ok(acknowledged) => {
                state.acknowledged.extend(acknowledged);
                true
            }
            Err(error) => {
                self.check_refusal(&state, fault, &error);
                false
            }
        };
        self.check(&mut state, accepted, refusal).then_some(state)
    }

    /// What the store holds, if the log accepted it, or if there is a checkpoint that was not there
    /// before. Whether there is something beyond.
    fn check(
        &mut self,
        state: &mut State,
        accepted: bool,
        refusal: Option<WitnessRefusal>,
    ) -> bool {
        if !accepted && refusal.is_none() {
            return true;
        }
        let seen = state.held_in(&state.seen);
        let same = state.durable == state.seen;
        let held = [seen, if same { seen } else { state.held_in(&state.durable) }];
        let whole = held.iter().all(|held| *held == Ok(true));
        if accepted && whole && (refusal.is_none() || state.contended) {
            // An old copy in which nothing was missing.
            (state.objects_back, state.cell_back) = (false, false);
            return true;
        }
        if state.contended && held.contains(&Err("log.root-mismatch")) {
            // Two writers at once may write over each other's objects. Every audit finds it.
            *self.found.refusals.entry("audit: log.root-mismatch").or_default() += 1;
            return false;
        }
        let gone_back = state.objects_back && state.cell_back;
        assert!(gone_back, "lost or forked without a word: {held:?} {refusal:?} {state:?}");
        match refusal {
            Some(refusal) => {
                *self.found.forgotten.entry(refusal.reason()).or_default() += 1;
                false
            }
            // The old checkpoint is shown again. It has to be noticed with the next one.
            None => {
                self.found.shown_again += 1;
                true
            }
        }
    }

    /// A log is refused for a fault, or because of what somebody did; the reason says so.
    fn check_refusal(&mut self, state: &State, fault: Option<(usize, Fate)>, error: &LogError) {
        let reason = error.reason();
        let meddled = state.objects_back || state.cell_back || state.contended;
        if matches!(fault, Some((_, fate)) if fate != Fate::Overtaken)
            && reason == "log.unavailable"
        {
            return;
        }
        assert!(meddled, "{reason} without a cause: {fault:?}, {state:?}");
        let expected =
            ["log.rolled-back", "log.second-writer", "log.consistency", "log.root-mismatch"];
        assert!(expected.contains(&reason), "{reason}: {state:?}");
        *self.found.refusals.entry(reason).or_default() += 1;
    }

    /// Does an action. The state after it, what the log has acknowledged or said, and the durable steps
    /// that it took.
    fn perform(
        &mut self,
        before: &State,
        action: Action,
        step: u8,
    ) -> (State, Result<Entries, LogError>, usize) {
        let mut state = before.clone();
        let backup = state.backup.clone().unwrap_or_default();
        match action {
            Action::Power => {
                state.seen.clone_from(&state.durable);
                (state.first, state.second) = (None, None);
            }
            Action::Backup => state.backup = Some(state.seen.clone()),
            Action::RestoreObjects => {
                let Content { objects, checkpoint, .. } = backup;
                state.objects_back |=
                    state.seen.checkpoint != checkpoint || state.seen.objects != objects;
                for content in [&mut state.seen, &mut state.durable] {
                    content.objects.clone_from(&objects);
                    content.checkpoint.clone_from(&checkpoint);
                }
            }
            Action::RestoreCell => {
                state.cell_back |= state.seen.cell != backup.cell;
                (state.seen.cell, state.durable.cell) = (backup.cell, backup.cell);
            }
            Action::Append(writer, count, fault) => {
                let count = if step == 0 { self.base } else { usize::from(count) };
                let entry = |n| format!("{writer:?} {step} {n}").into_bytes();
                let batch: Vec<Vec<u8>> = (0..count).map(entry).collect();
                return self.append(state, writer, fault, batch);
            }
            Action::Open(writer, fault) => {
                let disk = disk_of(&state, fault);
                let (process, result) = match Log::open(disk.clone(), ORIGIN, secret()) {
                    Ok(log) => (Some(Process::of(&log)), Ok(Entries::new())),
                    Err(error) => (None, Err(error)),
                };
                let steps = state.take(&disk, writer, process);
                return (state, result, steps);
            }
        }
        (state, Ok(Entries::new()), 0)
    }

    fn append(
        &mut self,
        mut state: State,
        writer: Writer,
        fault: Option<(usize, Fate)>,
        batch: Vec<Vec<u8>>,
    ) -> (State, Result<Entries, LogError>, usize) {
        let disk = disk_of(&state, fault);
        let process = match writer {
            Writer::First => state.first.take(),
            Writer::Second => state.second.take(),
        };
        let Process { edge, checkpoint, in_doubt } = process.unwrap();
        self.log.store = disk.clone();
        self.log.head = Head { edge, checkpoint };
        self.log.in_doubt = in_doubt;
        let result = self.log.append(&batch);
        let entries = result.map(|appended| (appended.first_index..).zip(batch).collect());
        let process = Process::of(&self.log);
        let steps = state.take(&disk, writer, Some(process));
        (state, entries, steps)
    }
}

type Entries = BTreeMap<u64, Vec<u8>>;

impl Process {
    fn of(log: &Log<Disk>) -> Self {
        let Head { edge, checkpoint } = &log.head;
        let (edge, checkpoint) = (edge.clone(), checkpoint.clone());
        Self { edge, checkpoint, in_doubt: log.in_doubt }
    }
}

impl State {
    /// Takes over what the disk holds after an action of `writer`, and says how many steps it took.
    fn take(&mut self, disk: &Disk, writer: Writer, process: Option<Process>) -> usize {
        let medium = disk.medium.borrow();
        self.seen.clone_from(&medium.seen);
        self.durable.clone_from(&medium.durable);
        self.published.clone_from(&medium.published);
        self.acknowledged.extend(medium.overtaken.clone());
        self.contended |= writer == Writer::Second || medium.was_overtaken;
        let process = process.filter(|_| !medium.died);
        match writer {
            Writer::First => self.first = process,
            Writer::Second => self.second = process,
        }
        medium.steps
    }

    /// Whether the tree that is committed in `content` holds what was acknowledged, and every checkpoint
    /// that ever was to be seen is of it; or why an audit refuses it.
    fn held_in(&self, content: &Content) -> Result<bool, &'static str> {
        let empty = Edge::default().commit();
        let Commit { size, root } = content.cell.unwrap_or(empty);
        let committed = SignedCheckpoint::sign(size, root, &key(), &secret());
        let read = |path: &crate::TilePath| Ok(content.objects.get(&path.to_string()).cloned());
        let mut entries = Entries::new();
        let on_entry = |index, entry: &[u8]| drop(entries.insert(index, entry.to_vec()));
        verify_log(read, committed.note(), &key(), on_entry).map_err(|error| error.reason())?;
        let tiles = Tiles::new(read, size);
        let is_of = |note: &String| {
            let Checkpoint { size: earlier, root, .. } = read_note(note);
            earlier <= size && tiles.root(earlier).is_ok_and(|found| found == root)
        };
        let lost = self.acknowledged.iter().any(|(index, entry)| entries.get(index) != Some(entry));
        Ok(!lost && self.published.iter().all(is_of))
    }

    /// A witness is asked for every checkpoint that was not there before.
    fn observe(&mut self, before: &[String]) -> Option<WitnessRefusal> {
        let mut new: Vec<String> = self.published.clone();
        new.retain(|note| !before.contains(note));
        new.sort_by_key(|note| read_note(note).size);
        let mut refused = None;
        for note in new {
            let old_size = self.witness.as_ref().map_or(0, |witness| witness.size);
            let size = read_note(&note).size;
            let objects = &self.seen.objects;
            let read = |path: &crate::TilePath| Ok(objects.get(&path.to_string()).cloned());
            // A log that is smaller has no proof; whatever it sends instead is refused.
            let proof = Tiles::new(read, size).consistency(old_size, size).unwrap_or_default();
            let request = AddCheckpoint { old_size, proof, note };
            match request.judge(&key(), self.witness.as_ref()) {
                Ok(grown) => self.witness = Some(grown.checkpoint().clone()),
                Err(refusal) => refused = refused.or(Some(refusal)),
            }
        }
        refused
    }
}

fn read_note(note: &str) -> Checkpoint {
    note.split_inclusive('\n').take(3).collect::<String>().parse().unwrap()
}

/// What tells states apart. An edge is told by its commit.
fn identity(state: &State) -> Digest {
    let process = |process: &Option<Process>| {
        let process = process.as_ref()?;
        Some((process.edge.commit(), process.checkpoint.note().to_owned(), process.in_doubt))
    };
    let processes = (process(&state.first), process(&state.second));
    let mut bytes = Vec::new();
    for content in [Some(&state.seen), Some(&state.durable), state.backup.as_ref()] {
        let Some(Content { objects, checkpoint, cell }) = content else { continue };
        let objects: Vec<_> =
            objects.iter().map(|(path, bytes)| (path, Digest::of(bytes))).collect();
        bytes.extend(format!("{objects:?}{checkpoint:?}{cell:?}").into_bytes());
    }
    let State { published, acknowledged, witness, objects_back, cell_back, contended, .. } = state;
    let rest = (processes, published, acknowledged, witness, objects_back, cell_back, contended);
    bytes.extend(format!("{rest:?}{}", state.backup.is_some()).into_bytes());
    Digest::of(&bytes)
}

fn new_disk() -> Disk {
    Disk { medium: Rc::new(RefCell::new(Medium::default())), overtake }
}

fn disk_of(state: &State, fault: Option<(usize, Fate)>) -> Disk {
    let disk = new_disk();
    *disk.medium.borrow_mut() = Medium {
        seen: state.seen.clone(),
        durable: state.durable.clone(),
        published: state.published.clone(),
        fault,
        ..Medium::default()
    };
    disk
}

/// A second writer opens the log and appends, if it can.
fn overtake(disk: &Disk) {
    let steps = disk.medium.borrow().steps;
    let entry = b"overtaking".to_vec();
    let appended = Log::open(disk.clone(), ORIGIN, secret())
        .and_then(|mut log| log.append(std::slice::from_ref(&entry)));
    let medium = &mut *disk.medium.borrow_mut();
    medium.overtaken.extend(appended.ok().map(|appended| (appended.first_index, entry)));
    (medium.steps, medium.was_overtaken) = (steps, true);
}
