//! Counts, what a reader sees of each, and the sums between them.

use domain::Reason;

/// What a reader of the release sees of one cell's count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The count itself.
    Exact,
    /// Nothing but that it is a count: 0 or more.
    Hidden,
    /// A value that stands for any of these counts, such as a rounded one.
    Within {
        /// The least.
        least: u64,
        /// The most.
        most: u64,
    },
}

/// One cell of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountCell {
    /// The true count.
    pub count: u64,
    /// What a reader sees of it.
    pub seen: Seen,
}

/// A margin: the count of cell `total` is the sum of the counts of `parts`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sum {
    /// Places of the cells that are added; each once.
    pub parts: Vec<usize>,
    /// The place of the cell that is their sum.
    pub total: usize,
}

/// Cells and the sums between them, which hold for the true counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct System {
    cells: Vec<CountCell>,
    sums: Vec<Sum>,
    /// For each cell the sums that it is in, as part or as total.
    sums_of: Vec<Vec<usize>>,
}

impl System {
    /// The system of these cells and sums.
    ///
    /// # Errors
    /// A [`SystemError`] that names the first cell or sum that is at fault, by its place.
    pub fn new(cells: Vec<CountCell>, sums: Vec<Sum>) -> Result<Self, SystemError> {
        let system = Self::unbalanced(cells, sums)?;
        let counts: Vec<u64> = system.cells.iter().map(|cell| cell.count).collect();
        match system.broken_sum(&counts) {
            Some(sum) => Err(SystemError::SumDoesNotHold { sum }),
            None => Ok(system),
        }
    }

    /// A system whose counts need not satisfy the sums.
    pub(super) fn unbalanced(cells: Vec<CountCell>, sums: Vec<Sum>) -> Result<Self, SystemError> {
        let entries =
            sums.iter().map(|sum| sum.parts.len()).fold(sums.len(), usize::saturating_add);
        if cells.len() > MAX_CELLS || entries > MAX_ENTRIES {
            return Err(SystemError::TooLarge);
        }
        for (cell, place) in cells.iter().zip(0..) {
            cell.validate(place)?;
        }
        let mut sums_of = vec![Vec::new(); cells.len()];
        for (sum, place) in sums.iter().zip(0..) {
            if sum.parts.is_empty() {
                return Err(SystemError::NoParts { sum: place });
            }
            for &cell in sum.members() {
                let of: &mut Vec<usize> =
                    sums_of.get_mut(cell).ok_or(SystemError::UnknownCell { sum: place, cell })?;
                if of.last() == Some(&place) {
                    return Err(SystemError::CellTwice { sum: place, cell });
                }
                of.push(place);
            }
        }
        Ok(Self { cells, sums, sums_of })
    }

    /// The cells.
    #[must_use]
    pub fn cells(&self) -> &[CountCell] {
        &self.cells
    }

    /// The sums.
    #[must_use]
    pub fn sums(&self) -> &[Sum] {
        &self.sums
    }

    /// The same counts and sums, each cell seen as `seen` says of its place.
    pub(super) fn seen_as(&self, seen: impl Fn(usize, &CountCell) -> Seen) -> Self {
        let cells = self.cells.iter().zip(0..);
        let cells = cells.map(|(cell, place)| CountCell { seen: seen(place, cell), ..*cell });
        Self { cells: cells.collect(), ..self.clone() }
    }

    /// The sums that `cell` is in.
    pub(super) fn sums_of(&self, cell: usize) -> &[usize] {
        self.sums_of.get(cell).map_or(&[], Vec::as_slice)
    }

    /// Whether a reader who sees the release cannot tell `counts` from the true ones: as many
    /// counts as cells, each as its cell is seen, and every sum holds.
    pub(super) fn agrees(&self, counts: &[u64]) -> bool {
        counts.len() == self.cells.len()
            && self.cells.iter().zip(counts).all(|(cell, count)| cell.may_be(*count))
            && self.broken_sum(counts).is_none()
    }

    fn broken_sum(&self, counts: &[u64]) -> Option<usize> {
        let count = |cell: &usize| counts.get(*cell).copied().map_or(0, u128::from);
        self.sums
            .iter()
            .position(|sum| sum.parts.iter().map(count).sum::<u128>() != count(&sum.total))
    }
}

impl Sum {
    /// The parts, then the total.
    pub(super) fn members(&self) -> impl Iterator<Item = &usize> {
        self.parts.iter().chain(std::iter::once(&self.total))
    }
}

impl CountCell {
    fn validate(&self, place: usize) -> Result<(), SystemError> {
        if self.count > MAX_COUNT {
            return Err(SystemError::CountTooLarge { cell: place });
        }
        if !self.may_be(self.count) {
            return Err(SystemError::NotWithin { cell: place });
        }
        Ok(())
    }

    const fn may_be(&self, count: u64) -> bool {
        match self.seen {
            Seen::Exact => count == self.count,
            Seen::Hidden => true,
            Seen::Within { least, most } => least <= count && count <= most,
        }
    }
}

/// Why cells and sums are no system. Cells and sums are named by their places, from 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SystemError {
    /// Counts of rows that are absent are not determined by the others.
    #[error(
        "the row {categories:?} is absent and its count does not follow from the margins; state it, \
         hidden"
    )]
    AbsentRow {
        /// Its categories; none is a total.
        categories: Vec<Option<usize>>,
    },
    /// A sum has a cell twice.
    #[error("sum {sum} has cell {cell} twice")]
    CellTwice {
        /// The sum.
        sum: usize,
        /// The cell.
        cell: usize,
    },
    /// A count above 10^15.
    #[error("the count of cell {cell} is above 10^15")]
    CountTooLarge {
        /// The cell.
        cell: usize,
    },
    /// The parents of a category's values lead back to themselves.
    #[error("in category {category} value {value} is a part of itself")]
    CyclicParents {
        /// The category.
        category: usize,
        /// One of the values.
        value: usize,
    },
    /// Rows whose margins cannot all be right.
    #[error("the rows contradict each other: no counts of absent rows make every margin hold")]
    Contradiction,
    /// A sum of nothing.
    #[error("sum {sum} has no parts")]
    NoParts {
        /// The sum.
        sum: usize,
    },
    /// A count outside the interval that stands for it.
    #[error("the count of cell {cell} is not within what is said to be seen of it")]
    NotWithin {
        /// The cell.
        cell: usize,
    },
    /// A row with more or fewer categories than the first.
    #[error("row {row} has another number of categories than there are hierarchies")]
    RaggedRow {
        /// The row.
        row: usize,
    },
    /// Two rows with the same categories.
    #[error("row {row} has the categories of an earlier one")]
    RowTwice {
        /// The later row.
        row: usize,
    },
    /// A total that is not the sum of its parts.
    #[error("the total of sum {sum} is not the sum of its parts")]
    SumDoesNotHold {
        /// The sum.
        sum: usize,
    },
    /// More cells or sums than can be looked at.
    #[error("the table has too many cells or margins to be checked")]
    TooLarge,
    /// A sum of a cell that is not there.
    #[error("sum {sum} names cell {cell}, which is not there")]
    UnknownCell {
        /// The sum.
        sum: usize,
        /// The place it names.
        cell: usize,
    },
}

impl Reason for SystemError {
    fn reason(&self) -> &'static str {
        match self {
            Self::AbsentRow { .. } => "secondary.absent-row",
            Self::CellTwice { .. } => "secondary.cell-twice",
            Self::CountTooLarge { .. } => "secondary.count-too-large",
            Self::CyclicParents { .. } => "secondary.cyclic-parents",
            Self::Contradiction => "secondary.contradiction",
            Self::NoParts { .. } => "secondary.no-parts",
            Self::NotWithin { .. } => "secondary.not-within",
            Self::RaggedRow { .. } => "secondary.ragged-row",
            Self::RowTwice { .. } => "secondary.row-twice",
            Self::SumDoesNotHold { .. } => "secondary.sum-does-not-hold",
            Self::TooLarge => "secondary.too-large",
            Self::UnknownCell { .. } => "secondary.unknown-cell",
        }
    }
}

/// As for counts in output files, so that sums of them stay far from overflow.
const MAX_COUNT: u64 = 1_000_000_000_000_000;
pub(super) const MAX_CELLS: usize = 200_000;
/// Parts of all sums, and totals.
const MAX_ENTRIES: usize = 2_000_000;
