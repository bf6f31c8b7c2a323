//! What every count can be at least and at most, by interval arithmetic over the sums.

use std::collections::BTreeSet;

use super::system::{Seen, Sum, System};
use super::work::{Spent, Work};

/// The counts `least..=most`; a `most` of [`UNBOUNDED`] is no bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Interval {
    pub(super) least: u64,
    pub(super) most: u64,
}

pub(super) const UNBOUNDED: u64 = u64::MAX;

impl Interval {
    pub(super) const ANY: Self = Self { least: 0, most: UNBOUNDED };

    pub(super) const fn only(count: u64) -> Self {
        Self { least: count, most: count }
    }

    pub(super) const fn is_fixed(self) -> bool {
        self.least == self.most
    }

    fn meet(self, other: Self) -> Self {
        Self { least: self.least.max(other.least), most: self.most.min(other.most) }
    }
}

/// Why intervals are no narrower.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// No counts satisfy the sums.
    Empty,
    Spent,
}

impl From<Spent> for Stop {
    fn from(_: Spent) -> Self {
        Self::Spent
    }
}

/// Intervals of all cells, which can be narrowed and widened again.
#[derive(Debug)]
pub(super) struct Bounds<'a> {
    system: &'a System,
    intervals: Vec<Interval>,
    /// Each narrowing: the cell and what it was before.
    trail: Vec<(usize, Interval)>,
    /// Sums with a member that was narrowed since they were looked at.
    queue: BTreeSet<usize>,
}

impl<'a> Bounds<'a> {
    /// What is seen of each cell.
    pub(super) fn of(system: &'a System) -> Self {
        let interval = |cell: &super::CountCell| match cell.seen {
            Seen::Exact => Interval::only(cell.count),
            Seen::Hidden => Interval::ANY,
            Seen::Within { least, most } => Interval { least, most },
        };
        Self {
            system,
            intervals: system.cells().iter().map(interval).collect(),
            trail: Vec::new(),
            queue: (0..system.sums().len()).collect(),
        }
    }

    pub(super) fn interval(&self, cell: usize) -> Interval {
        self.intervals.get(cell).copied().unwrap_or(Interval::ANY)
    }

    /// The same intervals, with nothing to undo and nothing left to look at.
    pub(super) fn fork(&self) -> Self {
        let intervals = self.intervals.clone();
        Self { system: self.system, intervals, trail: Vec::new(), queue: BTreeSet::new() }
    }

    /// How many narrowings were made: a point to return to.
    pub(super) fn mark(&self) -> usize {
        self.trail.len()
    }

    /// The cells narrowed since `mark`.
    pub(super) fn narrowed_since(&self, mark: usize) -> impl Iterator<Item = usize> {
        self.trail.iter().skip(mark).map(|(cell, _)| *cell)
    }

    /// Undoes every narrowing since `mark`; gives the cells.
    pub(super) fn undo(&mut self, mark: usize) -> Vec<usize> {
        self.queue.clear();
        let undone = self.trail.split_off(mark.min(self.trail.len()));
        for &(cell, before) in undone.iter().rev() {
            if let Some(interval) = self.intervals.get_mut(cell) {
                *interval = before;
            }
        }
        undone.into_iter().map(|(cell, _)| cell).collect()
    }

    /// Leaves `cell` only the counts that are in `allowed` too.
    pub(super) fn narrow(&mut self, cell: usize, allowed: Interval) -> Result<(), Stop> {
        let before = self.interval(cell);
        let after = before.meet(allowed);
        if after.least > after.most {
            return Err(Stop::Empty);
        }
        if after != before {
            if let Some(interval) = self.intervals.get_mut(cell) {
                *interval = after;
            }
            self.trail.push((cell, before));
            self.queue.extend(self.system.sums_of(cell));
        }
        Ok(())
    }

    /// Narrows until nothing follows any more, or until it has gone on so long that intervals
    /// creep: then they are wider than they could be, and still true.
    pub(super) fn propagate(&mut self, work: &mut Work) -> Result<(), Stop> {
        let system = self.system;
        let mut rounds = system.sums().len().saturating_mul(8).saturating_add(1000);
        while let Some(place) = self.queue.pop_first() {
            rounds -= 1;
            if rounds == 0 {
                self.queue.clear();
                break;
            }
            if let Some(sum) = system.sums().get(place) {
                work.spend(sum.parts.len() + 1)?;
                self.narrow_by(sum)?;
                // What it narrowed itself tells it nothing new.
                self.queue.remove(&place);
            }
        }
        Ok(())
    }

    fn narrow_by(&mut self, sum: &Sum) -> Result<(), Stop> {
        let (mut least, mut most, mut unbounded) = (0_u128, 0_u128, 0_usize);
        for &part in &sum.parts {
            let interval = self.interval(part);
            least += u128::from(interval.least);
            match interval.most {
                UNBOUNDED => unbounded += 1,
                bound => most += u128::from(bound),
            }
        }
        let sum_most = if unbounded == 0 { count(most) } else { UNBOUNDED };
        self.narrow(sum.total, Interval { least: count(least), most: sum_most })?;
        let total = self.interval(sum.total);
        for &part in &sum.parts {
            let own = self.interval(part);
            let others_least = least - u128::from(own.least);
            let others_most = match (unbounded, own.most) {
                (0, bound) => Some(most - u128::from(bound)),
                (1, UNBOUNDED) => Some(most),
                _ => None,
            };
            let below = others_most.map_or(0, |most| u128::from(total.least).saturating_sub(most));
            let above = match total.most {
                UNBOUNDED => Some(UNBOUNDED),
                bound => u128::from(bound).checked_sub(others_least).map(count),
            };
            let above = above.ok_or(Stop::Empty)?;
            self.narrow(part, Interval { least: count(below), most: above })?;
        }
        Ok(())
    }
}

fn count(sum: u128) -> u64 {
    u64::try_from(sum).unwrap_or(UNBOUNDED)
}
