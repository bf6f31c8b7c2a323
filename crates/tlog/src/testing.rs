//! A store in memory that fails where it is told to.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use domain::keys::SecretKey;
use zeroize::Zeroizing;

use crate::{Commit, Log, LogError, Store, StoreError, TilePath, VerifierKey};

pub(crate) const ORIGIN: &str = "log.example/test";

pub(crate) fn secret() -> SecretKey {
    SecretKey::from_seed(&Zeroizing::new([7; 32]))
}

pub(crate) fn key() -> VerifierKey {
    VerifierKey::new(ORIGIN, secret().public()).unwrap()
}

/// What a write that fails does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    Failed,
    /// All that it should have done.
    FailedButPersisted,
    /// All that it should have done, until the machine crashes: an fsync that failed.
    FailedButVisible,
}

/// The state that outlives a process.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    pub(crate) objects: BTreeMap<String, Vec<u8>>,
    pub(crate) checkpoint: Option<Vec<u8>>,
    pub(crate) cell: Option<Commit>,
    /// What the cell goes back to when the machine crashes.
    pub(crate) cell_after_crash: Option<Commit>,
    /// Every checkpoint that ever was visible.
    pub(crate) published: Vec<String>,
    /// Writes left until the one that fails.
    pub(crate) fault: Option<(usize, Fault)>,
}

/// A handle to a disk; two handles are two processes.
#[derive(Clone, Debug, Default)]
pub(crate) struct MemoryStore(pub(crate) Rc<RefCell<Disk>>);

impl MemoryStore {
    pub(crate) fn open(&self) -> Result<Log<Self>, LogError> {
        Log::open(self.clone(), ORIGIN, secret())
    }

    /// The machine crashes: what was visible only is gone.
    pub(crate) fn crash(&self) {
        let disk = &mut *self.0.borrow_mut();
        disk.cell = disk.cell_after_crash;
    }

    /// One write: `effect` happens, or it fails as planned.
    fn write_one(&self, place: &str, effect: impl FnOnce(&mut Disk)) -> Result<(), StoreError> {
        let disk = &mut *self.0.borrow_mut();
        match disk.fault {
            Some((0, fault)) => {
                disk.fault = None;
                if fault != Fault::Failed {
                    effect(disk);
                }
                if fault == Fault::FailedButPersisted {
                    disk.cell_after_crash = disk.cell;
                }
                let source = "injected".into();
                return Err(StoreError::Unavailable { place: place.to_owned(), source });
            }
            Some((left, fault)) => disk.fault = Some((left - 1, fault)),
            None => {}
        }
        effect(disk);
        if place == "cell" {
            disk.cell_after_crash = disk.cell;
        }
        Ok(())
    }
}

impl Store for MemoryStore {
    fn read(&self, path: &TilePath) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.borrow().objects.get(&path.to_string()).cloned())
    }

    fn write(&mut self, objects: &[(TilePath, Vec<u8>)]) -> Result<(), StoreError> {
        // Last first, so that a failure leaves any subset that comes from either end.
        for (path, bytes) in objects.iter().rev() {
            let path = path.to_string();
            self.write_one(&path, |disk| {
                disk.objects.insert(path.clone(), bytes.clone());
            })?;
        }
        Ok(())
    }

    fn remove_partials(&mut self, full: &TilePath, most: usize) -> Result<bool, StoreError> {
        let folder = format!("{}/", full.partials());
        let mut remain = 0;
        self.write_one(&folder, |disk| {
            let (mut left, of) = (most, |path: &String| path.starts_with(&folder));
            disk.objects.retain(|path, _| {
                let goes = of(path) && left > 0;
                left -= usize::from(goes);
                !goes
            });
            remain = disk.objects.keys().filter(|path| of(path)).count();
        })?;
        Ok(remain == 0)
    }

    fn checkpoint(&self) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.borrow().checkpoint.clone())
    }

    fn publish(&mut self, note: &[u8]) -> Result<(), StoreError> {
        self.write_one("checkpoint", |disk| {
            disk.published.push(String::from_utf8(note.to_vec()).unwrap());
            disk.checkpoint = Some(note.to_vec());
        })
    }

    fn committed(&self) -> Result<Option<Commit>, StoreError> {
        Ok(self.0.borrow().cell)
    }

    fn compare_and_swap(
        &mut self,
        expected: Option<Commit>,
        new: Commit,
    ) -> Result<(), StoreError> {
        if self.0.borrow().cell != expected {
            return Err(StoreError::SecondWriter { place: "cell".to_owned() });
        }
        self.write_one("cell", |disk| disk.cell = Some(new))
    }
}
