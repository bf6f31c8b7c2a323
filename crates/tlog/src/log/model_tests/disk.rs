//! A store whose content is a value, and which does at one durable step what it is told to.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::{Commit, Store, StoreError, TilePath};

/// What is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) objects: BTreeMap<String, Vec<u8>>,
    pub(super) checkpoint: Option<String>,
    pub(super) cell: Option<Commit>,
}

/// What becomes of a durable step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It fails and nothing was done.
    Failed,
    /// Of several objects some were written, then it fails.
    Partly,
    /// It fails, and yet all was done.
    Persisted,
    /// It fails, and all is to be seen until the power fails.
    Visible,
    /// It succeeds, and the process ends.
    Died,
    /// Before it, a second writer opens the log and appends.
    Overtaken,
}

impl Fate {
    pub(super) const ALL: [Self; 6] =
        [Self::Failed, Self::Partly, Self::Persisted, Self::Visible, Self::Died, Self::Overtaken];

    /// Whether it is about two writers.
    pub(super) const fn is_of_two(self) -> bool {
        matches!(self, Self::Overtaken)
    }
}

/// The disk and whatever is to happen on it.
#[derive(Debug, Default)]
pub(super) struct Medium {
    pub(super) seen: Content,
    pub(super) durable: Content,
    /// Every checkpoint that was ever to be seen.
    pub(super) published: Vec<String>,
    /// Durable steps until the one that meets its fate.
    pub(super) fault: Option<(usize, Fate)>,
    /// Durable steps that were taken.
    pub(super) steps: usize,
    pub(super) died: bool,
    pub(super) was_overtaken: bool,
    /// What was acknowledged to the second writer.
    pub(super) overtaken: Vec<(u64, Vec<u8>)>,
}

/// A handle to the disk; `overtake` is what the second writer does.
#[derive(Clone, Debug)]
pub(super) struct Disk {
    pub(super) medium: Rc<RefCell<Medium>>,
    pub(super) overtake: fn(&Self),
}

impl Disk {
    /// One durable step: `effect` on what is seen and on what is durable.
    fn step(&self, place: &str, effect: impl Fn(&mut Content, bool)) -> Result<(), StoreError> {
        let failed = || StoreError::Unavailable { place: place.to_owned(), source: "model".into() };
        let fate = {
            let medium = &mut *self.medium.borrow_mut();
            if medium.died {
                return Err(failed());
            }
            let fate = medium.fault.filter(|(step, _)| *step == medium.steps);
            medium.steps += 1;
            fate.map(|(_, fate)| fate)
        };
        if fate == Some(Fate::Overtaken) {
            self.medium.borrow_mut().fault = None;
            (self.overtake)(self);
        }
        let medium = &mut *self.medium.borrow_mut();
        match fate {
            Some(Fate::Failed) => return Err(failed()),
            Some(Fate::Partly) => {
                effect(&mut medium.seen, true);
                effect(&mut medium.durable, true);
                return Err(failed());
            }
            Some(Fate::Visible) => {
                effect(&mut medium.seen, false);
                return Err(failed());
            }
            None | Some(Fate::Persisted | Fate::Died | Fate::Overtaken) => {
                effect(&mut medium.seen, false);
                effect(&mut medium.durable, false);
            }
        }
        medium.died = fate == Some(Fate::Died);
        if fate == Some(Fate::Persisted) { Err(failed()) } else { Ok(()) }
    }

    fn alive<T>(&self, of: impl Fn(&Content) -> T) -> Result<T, StoreError> {
        let medium = self.medium.borrow();
        if medium.died {
            return Err(StoreError::Unavailable { place: "model".into(), source: "died".into() });
        }
        Ok(of(&medium.seen))
    }
}

impl Store for Disk {
    fn read(&self, path: &TilePath) -> Result<Option<Vec<u8>>, StoreError> {
        self.alive(|content| content.objects.get(&path.to_string()).cloned())
    }

    fn write(&mut self, objects: &[(TilePath, Vec<u8>)]) -> Result<(), StoreError> {
        self.step("objects", |content, partly| {
            let number = if partly { objects.len() / 2 } else { objects.len() };
            for (path, bytes) in &objects[..number] {
                content.objects.insert(path.to_string(), bytes.clone());
            }
        })
    }

    fn remove_partials(&mut self, full: &TilePath, _most: usize) -> Result<bool, StoreError> {
        let folder = format!("{}/", full.partials());
        self.step("partials", |content, partly| {
            content.objects.retain(|path, _| partly || !path.starts_with(&folder));
        })?;
        Ok(true)
    }

    fn checkpoint(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.alive(|content| content.checkpoint.clone().map(String::into_bytes))
    }

    fn publish(&mut self, note: &[u8]) -> Result<(), StoreError> {
        let note = String::from_utf8(note.to_vec()).unwrap();
        let result = self.step("checkpoint", |content, partly| {
            if !partly {
                content.checkpoint = Some(note.clone());
            }
        });
        let medium = &mut *self.medium.borrow_mut();
        if medium.seen.checkpoint.as_ref() == Some(&note) && !medium.published.contains(&note) {
            medium.published.push(note);
            medium.published.sort();
        }
        result
    }

    fn committed(&self) -> Result<Option<Commit>, StoreError> {
        self.alive(|content| content.cell)
    }

    fn compare_and_swap(
        &mut self,
        expected: Option<Commit>,
        new: Commit,
    ) -> Result<(), StoreError> {
        // Comparing and swapping are one step: what overtakes it does so before both.
        let overtaken = {
            let medium = self.medium.borrow();
            medium.fault == Some((medium.steps, Fate::Overtaken))
        };
        if overtaken {
            self.medium.borrow_mut().fault = None;
            (self.overtake)(self);
        }
        if self.committed()? != expected {
            return Err(StoreError::SecondWriter { place: "cell".to_owned() });
        }
        self.step("cell", |content, partly| {
            if !partly {
                content.cell = Some(new);
            }
        })
    }
}
