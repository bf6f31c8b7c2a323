//! A machine whose disk fails, whose processes are killed and whose power is lost, where it is told to.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsString;
use std::fs::TryLockError;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::disk::Content;
use super::random::Random;
use crate::disk::{Disk, Held, NewFile};

/// What an operation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Create,
    CreateFolder,
    Lock,
    Read,
    RemoveFile,
    RemoveFolder,
    Rename,
    SyncFile,
    SyncFolder,
    Write,
}

/// What goes wrong at one operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    /// The process ends before it. What is in the page cache stays.
    Kill,
    /// The process ends within it, which was half done.
    KillWithin,
    /// The power fails before it.
    Power,
    /// The power fails within it.
    PowerWithin,
    /// No space: half of it may have been done.
    Full,
    /// An error of the device; nothing was done.
    Failed,
    /// An error of the device, and yet all was done.
    FailedButPersisted,
    /// An fsync of a file fails, and the next one of the same file will do nothing and succeed.
    PagesDropped,
    /// An fsync reports success and does nothing: a disk that lies.
    Lie,
}

impl Fault {
    pub(super) const ALL: [Self; 9] = [
        Self::Kill,
        Self::KillWithin,
        Self::Power,
        Self::PowerWithin,
        Self::Full,
        Self::Failed,
        Self::FailedButPersisted,
        Self::PagesDropped,
        Self::Lie,
    ];

    /// Whether it can befall an operation of this kind.
    fn befalls(self, kind: Kind) -> bool {
        let writes = kind != Kind::Read;
        match self {
            Self::Kill | Self::Power => writes,
            Self::KillWithin | Self::PowerWithin => {
                matches!(kind, Kind::Write | Kind::RemoveFolder)
            }
            Self::Full => {
                matches!(kind, Kind::Create | Kind::CreateFolder | Kind::Rename | Kind::Write)
            }
            Self::Failed => true,
            Self::FailedButPersisted => writes && kind != Kind::Lock,
            Self::PagesDropped => kind == Kind::SyncFile,
            Self::Lie => matches!(kind, Kind::SyncFile | Kind::SyncFolder),
        }
    }
}

/// A fault at the operation, of those that it can befall, before which there are `after` others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) fault: Fault,
    pub(super) after: usize,
    /// How many operations it befalls, in a row.
    pub(super) times: usize,
}

impl Plan {
    pub(super) const fn once(fault: Fault, after: usize) -> Self {
        Self { fault, after, times: 1 }
    }
}

/// What a writer that is wrong leaves out. The storm has to find each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Omission {
    Nothing,
    /// It does not sync the files that have this in their names.
    FileSync(&'static str),
    /// It does not sync the folders that have this in their paths.
    FolderSync(&'static str),
    /// When an fsync fails, it tries again on the same file.
    Retries,
}

#[derive(Debug)]
struct State {
    content: Content,
    random: Random,
    plans: VecDeque<Plan>,
    omission: Omission,
    /// The process that runs; 0 if it was killed.
    process: u64,
    started: u64,
    locks: BTreeMap<String, u64>,
    counts: BTreeMap<(Fault, Kind), u64>,
}

/// The machine, seen from outside.
#[derive(Clone, Debug)]
pub(super) struct Machine(Arc<Mutex<State>>);

impl Machine {
    pub(super) fn new(content: Content, seed: u64, plans: &[Plan], omission: Omission) -> Self {
        Self(Arc::new(Mutex::new(State {
            content,
            random: Random::new(seed),
            plans: plans.iter().copied().collect(),
            omission,
            process: 0,
            started: 0,
            locks: BTreeMap::new(),
            counts: BTreeMap::new(),
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The disk as a new process sees it.
    pub(super) fn start(&self) -> Arc<dyn Disk> {
        let mut state = self.state();
        state.started += 1;
        state.process = state.started;
        Arc::new(Process { machine: self.clone(), number: state.process })
    }

    /// Whether the process that was started last still runs.
    pub(super) fn runs(&self) -> bool {
        self.state().process != 0
    }

    /// Nothing more goes wrong.
    pub(super) fn mend(&self) {
        self.state().plans.clear();
    }

    /// Whether all that was to go wrong did.
    pub(super) fn is_calm(&self) -> bool {
        self.state().plans.is_empty()
    }

    pub(super) fn lose_power(&self) {
        self.state().lose_power();
    }

    pub(super) fn content(&self) -> Content {
        self.state().content.clone()
    }

    /// How often each fault befell each kind of operation.
    pub(super) fn counts(&self) -> BTreeMap<(Fault, Kind), u64> {
        self.state().counts.clone()
    }
}

impl State {
    fn lose_power(&mut self) {
        self.content.lose_power(&mut self.random);
        self.process = 0;
    }

    /// The fault that befalls the next operation, which is of this kind.
    fn fault(&mut self, kind: Kind) -> Option<Fault> {
        let plan = self.plans.front_mut()?;
        if !plan.fault.befalls(kind) {
            return None;
        }
        if plan.after > 0 {
            plan.after -= 1;
            return None;
        }
        let fault = plan.fault;
        plan.times -= 1;
        if plan.times == 0 {
            self.plans.pop_front();
        }
        *self.counts.entry((fault, kind)).or_default() += 1;
        Some(fault)
    }

    /// Begins an operation of a process: the fault that befalls it.
    fn begin(&mut self, process: u64, kind: Kind) -> io::Result<Option<Fault>> {
        if self.process != process {
            return Err(io::Error::other("the process was killed"));
        }
        Ok(self.fault(kind))
    }

    /// Does `whole`, or what the fault makes of it; `half` is the half of it.
    fn act<T>(
        &mut self,
        fault: Option<Fault>,
        half: impl FnOnce(&mut Content),
        whole: impl FnOnce(&mut Content) -> io::Result<T>,
    ) -> io::Result<T> {
        let Some(fault) = fault else {
            return whole(&mut self.content);
        };
        match fault {
            Fault::Kill => self.process = 0,
            Fault::Power => self.lose_power(),
            Fault::KillWithin => {
                half(&mut self.content);
                self.process = 0;
            }
            Fault::PowerWithin => {
                half(&mut self.content);
                self.lose_power();
            }
            Fault::Full => {
                half(&mut self.content);
                return Err(io::ErrorKind::StorageFull.into());
            }
            Fault::FailedButPersisted => drop(whole(&mut self.content)?),
            Fault::Failed | Fault::PagesDropped | Fault::Lie => {}
        }
        Err(io::Error::other("injected"))
    }
}

/// The disk, seen from one process.
#[derive(Debug)]
struct Process {
    machine: Machine,
    number: u64,
}

impl Process {
    fn run<T>(
        &self,
        kind: Kind,
        whole: impl FnOnce(&mut Content) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut state = self.machine.state();
        let fault = state.begin(self.number, kind)?;
        state.act(fault, |_| (), whole)
    }
}

impl Disk for Process {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.run(Kind::Read, |content| content.read(path))
    }

    fn is_folder(&self, path: &Path) -> bool {
        self.run(Kind::Read, |content| Ok(content.is_folder(path))).unwrap_or(false)
    }

    fn names(&self, folder: &Path, most: usize) -> io::Result<Vec<OsString>> {
        self.run(Kind::Read, |content| content.names(folder, most))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn NewFile>> {
        let node = self.run(Kind::Create, |content| content.create(path))?;
        let skips = match self.machine.state().omission {
            Omission::FileSync(part) => path.to_str().unwrap().contains(part),
            _ => false,
        };
        let machine = self.machine.clone();
        Ok(Box::new(Open { machine, process: self.number, node, skips }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.run(Kind::Rename, |content| content.rename(from, to))
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.run(Kind::RemoveFile, |content| content.remove_file(path))
    }

    fn remove_folder(&self, folder: &Path) -> io::Result<()> {
        let half = |content: &mut Content| drop(content.remove_folder(folder, true));
        let whole = |content: &mut Content| content.remove_folder(folder, false);
        let mut state = self.machine.state();
        let fault = state.begin(self.number, Kind::RemoveFolder)?;
        state.act(fault, half, whole)
    }

    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        self.run(Kind::CreateFolder, |content| content.create_folder(folder))
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        let mut state = self.machine.state();
        if matches!(state.omission, Omission::FolderSync(part) if folder.to_str().unwrap().contains(part))
        {
            return Ok(());
        }
        match state.begin(self.number, Kind::SyncFolder)? {
            Some(Fault::Lie) => Ok(()),
            fault => state.act(fault, |_| (), |content| content.sync_folder(folder)),
        }
    }

    fn lock(&self, path: &Path) -> Result<Box<dyn Held>, TryLockError> {
        self.run(Kind::Lock, |_| Ok(())).map_err(TryLockError::Error)?;
        let mut state = self.machine.state();
        let path = path.display().to_string();
        if state.locks.get(&path) == Some(&state.process) {
            return Err(TryLockError::WouldBlock);
        }
        state.locks.insert(path.clone(), self.number);
        Ok(Box::new(Locked { machine: self.machine.clone(), path, process: self.number }))
    }
}

#[derive(Debug)]
struct Locked {
    machine: Machine,
    path: String,
    process: u64,
}

impl Held for Locked {}

impl Drop for Locked {
    fn drop(&mut self) {
        let locks = &mut self.machine.state().locks;
        if locks.get(&self.path) == Some(&self.process) {
            locks.remove(&self.path);
        }
    }
}

/// A file that a process writes.
struct Open {
    machine: Machine,
    process: u64,
    node: u64,
    skips: bool,
}

impl io::Write for Open {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.machine.state();
        let part = state.random.below(bytes.len() + 1);
        let half = |content: &mut Content| content.write(self.node, &bytes[..part]);
        let whole = |content: &mut Content| {
            content.write(self.node, bytes);
            Ok(bytes.len())
        };
        let fault = state.begin(self.process, Kind::Write)?;
        state.act(fault, half, whole)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Open {
    fn sync_once(&self) -> io::Result<()> {
        let state = &mut *self.machine.state();
        match state.begin(self.process, Kind::SyncFile)? {
            Some(Fault::Lie) => Ok(()),
            fault => {
                if fault == Some(Fault::PagesDropped) {
                    state.content.drop_pages(self.node, &mut state.random);
                }
                let whole = |content: &mut Content| {
                    content.sync_file(self.node);
                    Ok(())
                };
                state.act(fault, |_| (), whole)
            }
        }
    }
}

impl NewFile for Open {
    fn sync(&mut self) -> io::Result<()> {
        if self.skips {
            return Ok(());
        }
        let retries = self.machine.state().omission == Omission::Retries;
        match self.sync_once() {
            Err(_) if retries => self.sync_once(),
            result => result,
        }
    }
}
