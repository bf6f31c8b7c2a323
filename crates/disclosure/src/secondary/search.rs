//! A search for one whole table with a given property, complete if it is let run to its end.
//!
//! It starts from a table that is known and repairs: wherever a sum no longer holds, one of its cells
//! takes up the difference, or it is ruled out that it does. Intervals are narrowed after each
//! decision, so that most wrong decisions are noticed at once.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::bounds::{Bounds, Interval, Stop};
use super::system::{Sum, System};
use super::work::{Spent, Work};

/// What the search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Counts of all cells. They are to be verified before anything rests on them.
    Table(Vec<u64>),
    /// There is no such table.
    Nothing,
}

/// Searches for counts within `bounds` that satisfy every sum, as near to `known` as repairing it
/// leads. Where several cells could take up a difference, the one with the least `cost` does.
pub(super) fn search(
    system: &System,
    bounds: Bounds<'_>,
    known: &[u64],
    cost: &[u64],
    work: &mut Work,
) -> Result<Found, Spent> {
    Search::new(system, bounds, known, cost).run(work)
}

struct Search<'a> {
    system: &'a System,
    bounds: Bounds<'a>,
    known: &'a [u64],
    cost: &'a [u64],
    /// The counts nearest to `known` within the bounds.
    nearest: Vec<u64>,
    /// For each sum, what its parts lack to its total in `nearest`.
    lacking: Vec<i128>,
    /// The sums that lack something.
    broken: BTreeSet<usize>,
    decisions: Vec<Decision>,
    /// Up to which mark of the bounds `nearest` is in line with them.
    followed: usize,
}

/// A cell was narrowed after `mark`; if that was wrong, it is in `otherwise`.
struct Decision {
    mark: usize,
    cell: usize,
    otherwise: Interval,
}

/// A way to make a sum hold: a cell changes by `step`.
struct Repair {
    cell: usize,
    raise: bool,
    step: u64,
}

impl<'a> Search<'a> {
    fn new(system: &'a System, bounds: Bounds<'a>, known: &'a [u64], cost: &'a [u64]) -> Self {
        let mut search = Self {
            system,
            bounds,
            known,
            cost,
            nearest: known.to_vec(),
            lacking: vec![0; system.sums().len()],
            broken: BTreeSet::new(),
            decisions: Vec::new(),
            followed: 0,
        };
        for (sum, place) in system.sums().iter().zip(0..) {
            let count = |cell: &usize| known.get(*cell).copied().map_or(0, i128::from);
            let parts: i128 = sum.parts.iter().map(count).sum();
            search.add_lacking(place, count(&sum.total) - parts);
        }
        (0..known.len()).for_each(|cell| search.follow(cell));
        search
    }

    fn run(mut self, work: &mut Work) -> Result<Found, Spent> {
        loop {
            let narrowed = self.bounds.propagate(work);
            self.follow_narrowed();
            let possible = match narrowed {
                Ok(()) => match self.broken.first() {
                    None => return Ok(Found::Table(self.nearest)),
                    Some(&sum) => self.decide(sum, work)?,
                },
                Err(Stop::Empty) => false,
                Err(Stop::Spent) => return Err(Spent),
            };
            if !possible && !self.turn_back() {
                return Ok(Found::Nothing);
            }
        }
    }

    /// Lets a cell take up what `sum` lacks; false if none can.
    fn decide(&mut self, sum: usize, work: &mut Work) -> Result<bool, Spent> {
        let Some(broken) = self.system.sums().get(sum) else { return Ok(false) };
        work.spend(broken.parts.len() + 1)?;
        let Some(Repair { cell, raise, step }) = self.repair(sum, broken) else {
            return Ok(false);
        };
        let now = self.nearest_of(cell);
        let Interval { least, most } = self.bounds.interval(cell);
        let (changed, otherwise) = if raise {
            (Interval { least: now + step, most }, Interval { least, most: now + step - 1 })
        } else {
            (Interval { least, most: now - step }, Interval { least: now - step + 1, most })
        };
        self.decisions.push(Decision { mark: self.bounds.mark(), cell, otherwise });
        Ok(self.bounds.narrow(cell, changed).is_ok())
    }

    /// Takes back the last decision that had another side, and takes that; false if there is none.
    fn turn_back(&mut self) -> bool {
        while let Some(Decision { mark, cell, otherwise }) = self.decisions.pop() {
            for undone in self.bounds.undo(mark) {
                self.follow(undone);
            }
            self.followed = mark;
            if self.bounds.narrow(cell, otherwise).is_ok() {
                return true;
            }
        }
        false
    }

    /// The cell that best takes up what `sum` lacks: one that mends other sums with it rather than
    /// breaking them, then the least costly, then one that can take up the most.
    fn repair(&self, place: usize, sum: &Sum) -> Option<Repair> {
        let lacking = self.lacking_of(place);
        let candidates = sum.members().filter_map(|&cell| {
            let is_part = cell != sum.total;
            let raise = (lacking > 0) == is_part;
            let now = self.nearest_of(cell);
            let Interval { least, most } = self.bounds.interval(cell);
            let room = if raise { most - now } else { now - least };
            let wanted = u64::try_from(lacking.unsigned_abs()).unwrap_or(u64::MAX);
            let step = room.min(wanted);
            (step > 0).then_some(Repair { cell, raise, step })
        });
        candidates.min_by_key(|repair| {
            let cost = self.cost.get(repair.cell).copied().unwrap_or(u64::MAX);
            // Two paid cells are dearer than one, unless the first costs nothing.
            let paid_in_part = cost > 0 && u128::from(repair.step) < lacking.unsigned_abs();
            (self.breaks(repair, place), paid_in_part, cost, Reverse(repair.step), repair.cell)
        })
    }

    /// How many sums besides `place` the repair takes further from holding, less those it brings
    /// nearer.
    fn breaks(&self, repair: &Repair, place: usize) -> i64 {
        let others = self.system.sums_of(repair.cell).iter().filter(|other| **other != place);
        let further = others.map(|&other| {
            let is_total =
                self.system.sums().get(other).is_some_and(|sum| sum.total == repair.cell);
            let lacking = self.lacking_of(other);
            let adds = repair.raise == is_total;
            let mends = if adds { lacking < 0 } else { lacking > 0 };
            if mends { -1 } else { 1 }
        });
        further.sum()
    }

    fn follow_narrowed(&mut self) {
        let narrowed: Vec<usize> = self.bounds.narrowed_since(self.followed).collect();
        self.followed = self.bounds.mark();
        narrowed.into_iter().for_each(|cell| self.follow(cell));
    }

    /// Brings `nearest` and what the sums lack in line with the bounds of `cell`.
    fn follow(&mut self, cell: usize) {
        let Interval { least, most } = self.bounds.interval(cell);
        let known = self.known.get(cell).copied().unwrap_or(0);
        let nearest = known.max(least).min(most);
        let change = i128::from(nearest) - i128::from(self.nearest_of(cell));
        if change == 0 {
            return;
        }
        if let Some(now) = self.nearest.get_mut(cell) {
            *now = nearest;
        }
        for &place in self.system.sums_of(cell) {
            let is_total = self.system.sums().get(place).is_some_and(|sum| sum.total == cell);
            self.add_lacking(place, if is_total { change } else { -change });
        }
    }

    fn add_lacking(&mut self, place: usize, change: i128) {
        if let Some(lacking) = self.lacking.get_mut(place) {
            *lacking += change;
            if *lacking == 0 {
                self.broken.remove(&place);
            } else {
                self.broken.insert(place);
            }
        }
    }

    fn lacking_of(&self, sum: usize) -> i128 {
        self.lacking.get(sum).copied().unwrap_or(0)
    }

    fn nearest_of(&self, cell: usize) -> u64 {
        self.nearest.get(cell).copied().unwrap_or(0)
    }
}
