//! How large a cell can be if counts need not be whole: the linear relaxation, solved exactly.
//!
//! A primal simplex method for variables with bounds, over integers: the tableau is kept times its
//! basis' determinant, so that every division is exact (Edmonds 1967; Bareiss 1968). Variables outside
//! the basis have whole values, not only their bounds: it starts from the true counts. In tables of
//! two dimensions with margins, hierarchies in one of them included, the determinant stays 1 and whole
//! counts are as good as any. Bland's rule (1977) keeps it from going in circles.

mod pivot;

use std::collections::BTreeSet;

use super::bounds::{Bounds, Interval, UNBOUNDED};
use super::system::{Sum, System};
use super::work::{Spent, Work};

/// What the relaxation says of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Relaxation {
    /// The cell cannot be more, in whole numbers or in others.
    AtMost(u64),
    /// Counts of all cells in which it is enough. To be verified before anything rests on them.
    Reached(Vec<u64>),
    /// Only counts that are not whole were found.
    NotWhole,
    /// The numbers became too large; the tableau is of no use any more.
    Overflow,
}

/// The cells that are not fixed and that sums connect with `cell`, in order.
pub(super) fn component(system: &System, bounds: &Bounds<'_>, cell: usize) -> Vec<usize> {
    let mut cells = BTreeSet::from([cell]);
    let mut sums = BTreeSet::new();
    let mut todo = vec![cell];
    while let Some(cell) = todo.pop() {
        for &place in system.sums_of(cell) {
            if sums.insert(place)
                && let Some(sum) = system.sums().get(place)
            {
                let free = sum.members().filter(|cell| !bounds.interval(**cell).is_fixed());
                todo.extend(free.filter(|cell| cells.insert(**cell)));
            }
        }
    }
    cells.into_iter().collect()
}

/// The equations of a component, solved for some of its cells, and counts that satisfy them.
#[derive(Clone, Debug)]
pub(super) struct Tableau {
    /// The cell of each variable, in order.
    cells: Vec<usize>,
    ranges: Vec<Range>,
    /// Variables outside the basis.
    columns: Vec<Column>,
    rows: Vec<Row>,
    /// The determinant of the basis, positive.
    scale: i64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Range {
    least: i64,
    /// None is no bound.
    most: Option<i64>,
}

#[derive(Clone, Copy, Debug)]
struct Column {
    variable: usize,
    value: i64,
}

/// `scale · basic + Σ entry · column` is constant.
#[derive(Clone, Debug)]
struct Row {
    /// None while the row is not solved for a variable yet.
    basic: Option<usize>,
    entries: Vec<i64>,
    /// `scale` times the value of `basic`.
    value: i64,
}

/// How far a column can move: `distance / per`, until a row's variable (or its own) is at `bound`.
#[derive(Clone, Copy, Debug)]
struct Limit {
    distance: i128,
    per: i128,
    variable: usize,
    /// The row whose variable stops it; none if its own does.
    row: Option<usize>,
    bound: i64,
}

/// A step of the method.
enum Step {
    /// The cell cannot be more than now.
    Highest,
    Moved,
}

impl Tableau {
    /// The tableau of `component` at the true counts; none if it is too large.
    pub(super) fn new(
        system: &System,
        bounds: &Bounds<'_>,
        component: &[usize],
        work: &mut Work,
    ) -> Result<Option<Self>, Spent> {
        let sums: BTreeSet<usize> =
            component.iter().flat_map(|cell| system.sums_of(*cell)).copied().collect();
        let entries = sums.len().saturating_mul(component.len());
        if entries > MAX_ENTRIES {
            return Ok(None);
        }
        work.spend(entries)?;
        let range = |cell: &usize| range(bounds.interval(*cell));
        let value = |cell: &usize| system.cells().get(*cell).and_then(|cell| whole(cell.count));
        let Some(ranges) = component.iter().map(range).collect::<Option<Vec<Range>>>() else {
            return Ok(None);
        };
        let Some(values) = component.iter().map(value).collect::<Option<Vec<i64>>>() else {
            return Ok(None);
        };
        let columns = (0..).zip(values).map(|(variable, value)| Column { variable, value });
        let rows = sums.iter().filter_map(|sum| system.sums().get(*sum));
        let mut tableau = Self {
            cells: component.to_vec(),
            ranges,
            columns: columns.collect(),
            rows: rows.map(|sum| Row::of(sum, component)).collect(),
            scale: 1,
        };
        Ok(tableau.solve_rows(work)?.map(|()| tableau))
    }

    /// Raises `cell` to at least `enough`, from counts of earlier calls; cells outside the component
    /// stay as in `truth`.
    pub(super) fn raise(
        &mut self,
        cell: usize,
        enough: u64,
        truth: &[u64],
        work: &mut Work,
    ) -> Result<Relaxation, Spent> {
        let (Ok(variable), Some(enough)) = (self.cells.binary_search(&cell), whole(enough)) else {
            return Ok(Relaxation::Overflow);
        };
        if let Some(most) = self.range(variable).most.filter(|most| *most < enough) {
            return Ok(u64::try_from(most).map_or(Relaxation::Overflow, Relaxation::AtMost));
        }
        loop {
            let reached = i128::from(enough) * i128::from(self.scale);
            if self.scaled_value(variable) >= reached {
                let counts = self.counts(truth);
                return Ok(counts.map_or(Relaxation::NotWhole, Relaxation::Reached));
            }
            match self.step(variable, reached, work)? {
                Some(Step::Moved) => {}
                Some(Step::Highest) => {
                    let most = self.scaled_value(variable).div_euclid(i128::from(self.scale));
                    let most = u64::try_from(most).ok();
                    return Ok(most.map_or(Relaxation::Overflow, Relaxation::AtMost));
                }
                None => return Ok(Relaxation::Overflow),
            }
        }
    }

    /// Brings `variable` nearer to `reached`, which is scaled, if anything can; none on overflow.
    fn step(
        &mut self,
        variable: usize,
        reached: i128,
        work: &mut Work,
    ) -> Result<Option<Step>, Spent> {
        work.spend(self.rows.len() + self.columns.len())?;
        let missing = reached - self.scaled_value(variable);
        let scale = i128::from(self.scale);
        let (column, up, per) = match self.row_of(variable) {
            None => (self.columns.iter().position(|c| c.variable == variable), true, scale),
            Some(row) => match self.entering(row) {
                Some((column, up, per)) => (Some(column), up, per),
                None => return Ok(Some(Step::Highest)),
            },
        };
        let Some(column) = column else { return Ok(None) };
        let needed = (missing + per - 1) / per;
        let Some(limit) = self.limit(column, up) else {
            return Ok(self.shift(column, up, needed).map(|()| Step::Moved));
        };
        if needed * limit.per <= limit.distance {
            return Ok(self.shift(column, up, needed).map(|()| Step::Moved));
        }
        let done = match limit.row {
            None => self.shift(column, up, limit.distance),
            Some(row) => self.exchange(row, column, limit.bound, work)?,
        };
        Ok(done.map(|()| Step::Moved))
    }

    /// The column with the first variable that raises the variable of `row` as it moves, whether
    /// upwards, and by how much of the scaled value for each unit.
    fn entering(&self, row: &Row) -> Option<(usize, bool, i128)> {
        let moves = (0..).zip(row.entries.iter().zip(&self.columns));
        let useful = moves.filter(|(_, (entry, column))| match entry.signum() {
            -1 => self.range(column.variable).most.is_none_or(|most| column.value < most),
            1 => column.value > self.range(column.variable).least,
            _ => false,
        });
        let (column, (entry, _)) = useful.min_by_key(|(_, (_, column))| column.variable)?;
        Some((column, *entry < 0, i128::from(entry.unsigned_abs())))
    }

    /// What stops `column` first; the first variable of several. None if nothing does.
    fn limit(&self, column: usize, up: bool) -> Option<Limit> {
        let own = self.columns.get(column).and_then(|Column { variable, value }| {
            let Range { least, most } = self.range(*variable);
            let bound = if up { most? } else { least };
            let distance = i128::from(value.abs_diff(bound));
            Some(Limit { distance, per: 1, variable: *variable, row: None, bound })
        });
        let rows = (0..).zip(&self.rows).filter_map(|(place, row)| {
            let entry = *row.entries.get(column)?;
            let Range { least, most } = self.range(row.basic?);
            let bound = match (entry > 0) == up {
                _ if entry == 0 => return None,
                true => least,
                false => most?,
            };
            let at_bound = i128::from(bound) * i128::from(self.scale);
            let distance = (i128::from(row.value) - at_bound).abs();
            let per = i128::from(entry.unsigned_abs());
            Some(Limit { distance, per, variable: row.basic?, row: Some(place), bound })
        });
        own.into_iter().chain(rows).reduce(|first, other| {
            let (a, b) = (other.distance * first.per, first.distance * other.per);
            let sooner = a < b || (a == b && other.variable < first.variable);
            if sooner { other } else { first }
        })
    }

    /// The counts of all cells, if they are whole.
    fn counts(&self, truth: &[u64]) -> Option<Vec<u64>> {
        let mut counts = truth.to_vec();
        let mut set = |variable: usize, value: i64| {
            *counts.get_mut(*self.cells.get(variable)?)? = u64::try_from(value).ok()?;
            Some(())
        };
        for column in &self.columns {
            set(column.variable, column.value)?;
        }
        for row in &self.rows {
            if row.value % self.scale != 0 {
                return None;
            }
            set(row.basic?, row.value / self.scale)?;
        }
        Some(counts)
    }

    fn scaled_value(&self, variable: usize) -> i128 {
        let own = self.columns.iter().find(|column| column.variable == variable);
        match (self.row_of(variable), own) {
            (Some(row), _) => i128::from(row.value),
            (None, Some(column)) => i128::from(column.value) * i128::from(self.scale),
            (None, None) => 0,
        }
    }

    fn row_of(&self, variable: usize) -> Option<&Row> {
        self.rows.iter().find(|row| row.basic == Some(variable))
    }

    fn range(&self, variable: usize) -> Range {
        self.ranges.get(variable).copied().unwrap_or_default()
    }
}

impl Row {
    /// The parts of `sum` less its total, over the variables of `component`.
    fn of(sum: &Sum, component: &[usize]) -> Self {
        let mut entries = vec![0; component.len()];
        for cell in sum.members() {
            if let Ok(variable) = component.binary_search(cell)
                && let Some(entry) = entries.get_mut(variable)
            {
                *entry = if *cell == sum.total { -1 } else { 1 };
            }
        }
        Self { basic: None, entries, value: 0 }
    }
}

fn range(interval: Interval) -> Option<Range> {
    let most = match interval.most {
        UNBOUNDED => None,
        bound => Some(whole(bound)?),
    };
    Some(Range { least: whole(interval.least)?, most })
}

fn whole(count: u64) -> Option<i64> {
    i64::try_from(count).ok()
}

/// Entries of a tableau: 64 MiB. Larger components are left to the search.
const MAX_ENTRIES: usize = 8 << 20;
