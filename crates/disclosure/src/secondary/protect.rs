//! Which small cells a reader can work out.

use std::collections::BTreeMap;

use super::bounds::{Bounds, Interval, UNBOUNDED};
use super::search::{Found, search};
use super::simplex::{Relaxation, Tableau, component};
use super::system::System;
use super::work::{Budget, Spent, Work};

/// What a reader can know of a small count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// A table that agrees with everything seen has at least the threshold in this cell: it was
    /// found, and verified with integers.
    Safe,
    /// In no such table does the cell reach the threshold; in each it is one of `least..=most`,
    /// which is below the threshold. The interval is not always the narrowest.
    Exposed {
        /// The least that the count can be.
        least: u64,
        /// The most.
        most: u64,
    },
    /// The budget was spent before either was shown. To be treated as exposed.
    Unproved,
}

/// Judges every cell with a small count: 1 to `threshold` − 1, and 0 if `zeros_disclose`. Cells are
/// named by their places, in order; a small cell that is seen exactly is exposed.
#[must_use]
pub fn protect(
    system: &System,
    threshold: u64,
    zeros_disclose: bool,
    budget: Budget,
) -> Vec<(usize, Protection)> {
    judge(system, Small { threshold, zeros_disclose }, &mut Work::new(budget))
}

/// Which counts are small.
#[derive(Clone, Copy, Debug)]
pub(super) struct Small {
    pub(super) threshold: u64,
    pub(super) zeros_disclose: bool,
}

impl Small {
    pub(super) const fn is(self, count: u64) -> bool {
        count < self.threshold && (count > 0 || self.zeros_disclose)
    }
}

/// Judges the small cells: all by short searches first, which find most tables; then by the
/// relaxation, which decides tables of two dimensions and many others; the rest by long searches. So
/// a cell that is hard does not spend what the others need.
pub(super) fn judge(system: &System, small: Small, work: &mut Work) -> Vec<(usize, Protection)> {
    let mut judge = Judge::new(system, small.threshold, work);
    let cells = (0..).zip(system.cells()).filter(|(_, cell)| small.is(cell.count));
    let cells = cells.map(|(place, _)| (place, Protection::Unproved));
    let mut found: Vec<(usize, Protection)> = cells.collect();
    for method in [Judge::at_once, Judge::relax, Judge::at_length] {
        let open = found.iter_mut().filter(|(_, found)| *found == Protection::Unproved);
        for (cell, found) in open {
            // A method that spends its share says nothing; the next begins with what is left.
            *found = method(&mut judge, *cell, work).unwrap_or(Protection::Unproved);
        }
    }
    found
}

struct Judge<'a> {
    system: &'a System,
    threshold: u64,
    bounds: Bounds<'a>,
    truth: Vec<u64>,
    /// The last table found that agrees; the true one at first.
    latest: Vec<u64>,
    /// No cell is dearer to change than another.
    cost: Vec<u64>,
    /// Cells that reach the threshold in some table that agrees.
    reached: Vec<bool>,
    /// The tableau of a component, by its first cell; none if the component has none.
    tableaus: BTreeMap<usize, Option<Tableau>>,
}

impl<'a> Judge<'a> {
    fn new(system: &'a System, threshold: u64, work: &mut Work) -> Self {
        let mut bounds = Bounds::of(system);
        // The true counts satisfy every sum, so that nothing can be empty; and bounds that are not
        // as narrow as they could be are still true.
        let _ = bounds.propagate(work);
        let truth: Vec<u64> = system.cells().iter().map(|cell| cell.count).collect();
        Self {
            system,
            threshold,
            bounds,
            latest: truth.clone(),
            truth,
            cost: vec![0; system.cells().len()],
            reached: vec![false; system.cells().len()],
            tableaus: BTreeMap::new(),
        }
    }

    /// By the bounds, by a table found before, or by a short search.
    fn at_once(&mut self, cell: usize, work: &mut Work) -> Result<Protection, Spent> {
        let Interval { least, most } = self.bounds.interval(cell);
        if most < self.threshold {
            return Ok(Protection::Exposed { least, most });
        }
        self.search(cell, &self.truth.clone(), SHORT_SEARCH, work)
    }

    /// From another table than before, which leads another way.
    fn at_length(&mut self, cell: usize, work: &mut Work) -> Result<Protection, Spent> {
        self.search(cell, &self.latest.clone(), work.budget().steps / 8, work)
    }

    fn search(
        &mut self,
        cell: usize,
        from: &[u64],
        most: u64,
        work: &mut Work,
    ) -> Result<Protection, Spent> {
        if self.reached.get(cell) == Some(&true) {
            return Ok(Protection::Safe);
        }
        work.spend(self.truth.len())?;
        let Interval { least, .. } = self.bounds.interval(cell);
        let exposed = Protection::Exposed { least, most: self.threshold.saturating_sub(1) };
        let mut bounds = self.bounds.fork();
        let enough = Interval { least: self.threshold, most: UNBOUNDED };
        if bounds.narrow(cell, enough).is_err() {
            return Ok(exposed);
        }
        let found = work.at_most(most, |work| search(self.system, bounds, from, &self.cost, work));
        match found? {
            Found::Nothing => Ok(exposed),
            Found::Table(counts) => Ok(self.accept(cell, &counts)),
        }
    }

    fn relax(&mut self, cell: usize, work: &mut Work) -> Result<Protection, Spent> {
        if self.reached.get(cell) == Some(&true) {
            return Ok(Protection::Safe);
        }
        let component = component(self.system, &self.bounds, cell);
        work.spend(component.len())?;
        let first = component.first().copied().unwrap_or(cell);
        let share = work.budget().steps / 4;
        let tableau = self.tableaus.entry(first).or_insert_with(|| {
            let tableau =
                |work: &mut Work| Tableau::new(self.system, &self.bounds, &component, work);
            work.at_most(share, tableau).ok().flatten()
        });
        let Some(solved) = tableau else { return Ok(Protection::Unproved) };
        let raise = |work: &mut Work| solved.raise(cell, self.threshold, &self.truth, work);
        match work.at_most(share, raise)? {
            Relaxation::AtMost(most) => {
                let Interval { least, .. } = self.bounds.interval(cell);
                return Ok(Protection::Exposed { least, most });
            }
            Relaxation::Reached(counts) => return Ok(self.accept(cell, &counts)),
            // The next cell begins at the true counts again, which are whole.
            Relaxation::NotWhole => drop(self.tableaus.remove(&first)),
            Relaxation::Overflow => *tableau = None,
        }
        Ok(Protection::Unproved)
    }

    /// Safe if `counts` is a table that proves it: the one place where that is decided.
    fn accept(&mut self, cell: usize, counts: &[u64]) -> Protection {
        let enough = |count: &u64| *count >= self.threshold;
        if !self.system.agrees(counts) || !counts.get(cell).is_some_and(enough) {
            return Protection::Unproved;
        }
        for (reached, count) in self.reached.iter_mut().zip(counts) {
            *reached |= enough(count);
        }
        self.latest = counts.to_vec();
        Protection::Safe
    }
}

/// Steps of the first search for each cell.
const SHORT_SEARCH: u64 = 20_000;
