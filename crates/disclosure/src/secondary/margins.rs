//! The sums of a table with margins.

use std::collections::{BTreeMap, BTreeSet};

use super::bounds::{Bounds, Stop};
use super::system::{CountCell, MAX_CELLS, Seen, Sum, System, SystemError};
use super::work::{Budget, Work};

/// A row of a table of counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableRow {
    /// The value of each category; none is the total over it.
    pub categories: Vec<Option<usize>>,
    /// The true count.
    pub count: u64,
    /// What a reader sees of it.
    pub seen: Seen,
}

/// A table with margins as a system: a cell for each row, in order, and one for each absent row
/// that a margin adds up.
///
/// A reader can add up what the table does not: every combination of values and totals is a cell,
/// and each that is a total over a category is a sum, whether its row is there or not. Only a
/// category of which no row is a total has no totals. An absent row is hidden; its true count is
/// what the others leave for it, so 0 if the parts that are there make up the margin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Margins {
    system: System,
    absent: Vec<Vec<Option<usize>>>,
}

impl Margins {
    /// The system of `rows`. `parents` has for each category the values that are parts of another
    /// value; the parts of the total over a category are its values without parent.
    ///
    /// # Errors
    /// A [`SystemError`]; [`SystemError::AbsentRow`] if the count of an absent row does not follow.
    pub fn new(rows: &[TableRow], parents: &[BTreeMap<usize, usize>]) -> Result<Self, SystemError> {
        let ragged = |row: &TableRow| row.categories.len() != parents.len();
        if let Some(row) = rows.iter().position(ragged) {
            return Err(SystemError::RaggedRow { row });
        }
        let grid = Grid::new(rows, parents)?;
        let mut cells = Vec::with_capacity(rows.len());
        let mut place_of: BTreeMap<usize, usize> = BTreeMap::new();
        for (row, place) in rows.iter().zip(0..) {
            if place_of.insert(grid.point(&row.categories), place).is_some() {
                return Err(SystemError::RowTwice { row: place });
            }
            cells.push(CountCell { count: row.count, seen: row.seen });
        }
        let mut absent = Vec::new();
        let mut sums = grid.sums();
        for cell in sums.iter_mut().flat_map(|sum| sum.parts.iter_mut().chain([&mut sum.total])) {
            *cell = *place_of.entry(*cell).or_insert_with(|| {
                absent.push(grid.categories(*cell));
                rows.len() + absent.len() - 1
            });
        }
        cells.extend(fill(&cells, &absent, &sums)?);
        Ok(Self { system: System::new(cells, sums)?, absent })
    }

    /// The system.
    #[must_use]
    pub const fn system(&self) -> &System {
        &self.system
    }

    /// The categories of the absent rows, whose cells come after those of the rows.
    #[must_use]
    pub fn absent(&self) -> &[Vec<Option<usize>>] {
        &self.absent
    }
}

/// The cells of the `absent` rows, with the counts that the rows' leave for them.
fn fill(
    cells: &[CountCell],
    absent: &[Vec<Option<usize>>],
    sums: &[Sum],
) -> Result<Vec<CountCell>, SystemError> {
    let known = cells.iter().map(|cell| CountCell { seen: Seen::Exact, ..*cell });
    let unknown = absent.iter().map(|_| CountCell { count: 0, seen: Seen::Hidden });
    let system = System::unbalanced(known.chain(unknown).collect(), sums.to_vec())?;
    let mut bounds = Bounds::of(&system);
    match bounds.propagate(&mut Work::new(Budget::default())) {
        Err(Stop::Empty) => return Err(SystemError::Contradiction),
        Err(Stop::Spent) => return Err(SystemError::TooLarge),
        Ok(()) => {}
    }
    let filled = absent.iter().zip(cells.len()..).map(|(categories, place)| {
        let interval = bounds.interval(place);
        if interval.is_fixed() {
            Ok(CountCell { count: interval.least, seen: Seen::Hidden })
        } else {
            Err(SystemError::AbsentRow { categories: categories.clone() })
        }
    });
    filled.collect()
}

/// All combinations of the values and totals of the categories, numbered.
struct Grid {
    axes: Vec<Axis>,
    points: usize,
}

/// The values of one category, and the total if there is one, in order.
struct Axis {
    values: Vec<Option<usize>>,
    /// For each of the values the places of its parts.
    parts: Vec<Vec<usize>>,
    /// How far apart neighbours are in the numbers of combinations.
    stride: usize,
}

impl Grid {
    fn new(rows: &[TableRow], parents: &[BTreeMap<usize, usize>]) -> Result<Self, SystemError> {
        let mut points = 1_usize;
        let mut axes = Vec::with_capacity(parents.len());
        for (parents, category) in parents.iter().zip(0..) {
            acyclic(parents, category)?;
            let used = rows.iter().filter_map(|row| row.categories.get(category)).copied();
            let axis = Axis::new(used.collect(), parents, points);
            points = points.saturating_mul(axis.values.len());
            if points > MAX_CELLS {
                return Err(SystemError::TooLarge);
            }
            axes.push(axis);
        }
        Ok(Self { axes, points })
    }

    fn point(&self, categories: &[Option<usize>]) -> usize {
        let steps = self.axes.iter().zip(categories).map(|(axis, value)| {
            axis.values.binary_search(value).map_or(0, |place| place * axis.stride)
        });
        steps.sum()
    }

    fn categories(&self, point: usize) -> Vec<Option<usize>> {
        self.axes.iter().map(|axis| axis.values.get(axis.place(point)).copied().flatten()).collect()
    }

    /// For each combination and each category of which it is a total, the sum over that category.
    fn sums(&self) -> Vec<Sum> {
        let sums = (0..self.points).flat_map(|total| {
            self.axes.iter().filter_map(move |axis| {
                let place = axis.place(total);
                let parts = axis.parts.get(place).filter(|parts| !parts.is_empty())?;
                let base = total - place * axis.stride;
                let parts = parts.iter().map(|part| base + part * axis.stride).collect();
                Some(Sum { parts, total })
            })
        });
        sums.collect()
    }
}

impl Axis {
    /// The `used` values, what they are parts of, and the other parts of those.
    fn new(used: BTreeSet<Option<usize>>, parents: &BTreeMap<usize, usize>, stride: usize) -> Self {
        let mut values = used;
        let mut todo: Vec<usize> = values.iter().copied().flatten().collect();
        while let Some(value) = todo.pop() {
            let parent = parents.get(&value).copied();
            todo.extend(parent.filter(|parent| values.insert(Some(*parent))));
        }
        let totals: BTreeSet<usize> =
            values.iter().flatten().filter_map(|value| parents.get(value)).copied().collect();
        let siblings = parents.iter().filter(|(_, parent)| totals.contains(parent));
        values.extend(siblings.map(|(value, _)| Some(*value)));
        let values: Vec<Option<usize>> = values.into_iter().collect();
        let part_of = |part: &Option<usize>| part.map(|value| parents.get(&value).copied());
        let parts = |total: &Option<usize>| {
            let parts = (0..).zip(&values).filter(|(_, part)| part_of(part) == Some(*total));
            parts.map(|(place, _)| place).collect()
        };
        Self { parts: values.iter().map(parts).collect(), values, stride }
    }

    fn place(&self, point: usize) -> usize {
        point / self.stride % self.values.len().max(1)
    }
}

fn acyclic(parents: &BTreeMap<usize, usize>, category: usize) -> Result<(), SystemError> {
    for &start in parents.keys() {
        let mut value = start;
        for _ in 0..=parents.len() {
            match parents.get(&value) {
                Some(parent) => value = *parent,
                None => break,
            }
        }
        if parents.contains_key(&value) {
            return Err(SystemError::CyclicParents { category, value: start });
        }
    }
    Ok(())
}
