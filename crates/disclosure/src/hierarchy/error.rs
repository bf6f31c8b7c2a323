//! Why there is no hierarchy.

use std::fmt;

use domain::Reason;

use crate::hierarchy::Decimal;

/// Why rows are no hierarchy, or not one for a column.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HierarchyError {
    /// No rows, or rows without a value.
    #[error("the hierarchy is empty; each row has a value and what stands for it on each level")]
    Empty,
    /// A value of the column that the hierarchy does not have.
    #[error(
        "the hierarchy of column `{column}` has no row for `{value}`, which row {row} of the table \
         has; add one"
    )]
    NoValue {
        /// The column.
        column: String,
        /// The value; empty if it is missing.
        value: String,
        /// The first row of the table with it, counted from 1.
        row: u64,
    },
    /// A row that is longer or shorter than the first.
    #[error("row {row} of the hierarchy has {found} levels, the first has {expected}")]
    Ragged {
        /// The row.
        row: u64,
        /// Its levels.
        found: usize,
        /// Those of the first.
        expected: usize,
    },
    /// Two rows agree on a level and not on the next.
    #[error(
        "row {row} of the hierarchy: `{value}` on level {level} stands for something else on the \
         next level than in an earlier row"
    )]
    Splits {
        /// The later row.
        row: u64,
        /// The level on which they agree.
        level: usize,
        /// The text on it.
        value: String,
    },
    /// More levels than a lattice can number.
    #[error("the hierarchy has {levels} levels; at most 127 are possible")]
    TooDeep {
        /// Its levels.
        levels: usize,
    },
    /// A value of the column for which a builder makes nothing.
    #[error("`{value}` in row {row} of column `{column}` {fault}")]
    Value {
        /// The column.
        column: String,
        /// The value.
        value: String,
        /// The first row of the table with it, counted from 1.
        row: u64,
        /// What is wrong with it.
        fault: ValueFault,
    },
    /// A value with two rows.
    #[error("row {row} of the hierarchy: `{value}` has a row already")]
    ValueTwice {
        /// The later row.
        row: u64,
        /// The value.
        value: String,
    },
}

impl HierarchyError {
    /// The row of the hierarchy that is at fault, counted from 1.
    #[must_use]
    pub const fn row(&self) -> Option<u64> {
        match self {
            Self::Ragged { row, .. } | Self::Splits { row, .. } | Self::ValueTwice { row, .. } => {
                Some(*row)
            }
            Self::Empty | Self::NoValue { .. } | Self::TooDeep { .. } | Self::Value { .. } => None,
        }
    }
}

impl Reason for HierarchyError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Empty => "hierarchy.empty",
            Self::NoValue { .. } => "hierarchy.no-value",
            Self::Ragged { .. } => "hierarchy.ragged",
            Self::Splits { .. } => "hierarchy.splits",
            Self::TooDeep { .. } => "hierarchy.too-deep",
            Self::Value { fault: ValueFault::NotADate, .. } => "hierarchy.not-a-date",
            Self::Value { fault: ValueFault::NotANumber, .. } => "hierarchy.not-a-number",
            Self::Value { fault: ValueFault::NotCovered, .. } => "hierarchy.not-covered",
            Self::Value { fault: ValueFault::NotListed, .. } => "hierarchy.not-listed",
            Self::ValueTwice { .. } => "hierarchy.value-twice",
        }
    }
}

/// What is wrong with a value that a hierarchy is built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueFault {
    /// Dates are generalised, and it is none.
    NotADate,
    /// Numbers are, and it is none.
    NotANumber,
    /// It is below the first interval.
    NotCovered,
    /// It is not in the list.
    NotListed,
}

impl fmt::Display for ValueFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotADate => "is no date like `2026-03-29`",
            Self::NotANumber => "is no number",
            Self::NotCovered => "is in no interval; start lower, or give a `bottom`",
            Self::NotListed => "is not in the order; list every value",
        })
    }
}

/// Why the levels of a builder are none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuilderError {
    /// Cuts that do not ascend, or that the level below does not have.
    #[error(
        "level {level} is cut at {cut}; cuts ascend, and each is one of the level below, so that \
         intervals nest"
    )]
    Cuts {
        /// The level, counted from 1.
        level: usize,
        /// The cut.
        cut: Decimal,
    },
    /// The top is not above the bottom.
    #[error("`top` must be above `bottom`")]
    Ends,
    /// A group of one.
    #[error("groups of {0} are none; each level joins at least 2")]
    FanOut(usize),
    /// A value with two places in an order.
    #[error("the order lists `{0}` twice")]
    ListedTwice(String),
    /// Nothing to generalise to.
    #[error("the hierarchy has no levels")]
    NoLevels,
    /// Not a number that intervals can end at, or a width that is not above 0.
    #[error("`{0}` is no number that fits: at most 18 digits after the point, widths above 0")]
    Number(String),
    /// Periods that do not become longer.
    #[error("each level of dates is longer than the one below: month, quarter, year, decade")]
    Periods,
    /// Widths that do not nest.
    #[error("intervals of width {above} do not nest over width {below}; take a greater multiple")]
    Widths {
        /// The lower level's.
        below: Decimal,
        /// The upper level's.
        above: Decimal,
    },
}

impl Reason for BuilderError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Cuts { .. } => "hierarchy.cuts",
            Self::Ends => "hierarchy.ends",
            Self::FanOut(_) => "hierarchy.fan-out",
            Self::ListedTwice(_) => "hierarchy.listed-twice",
            Self::NoLevels => "hierarchy.no-levels",
            Self::Number(_) => "hierarchy.number",
            Self::Periods => "hierarchy.periods",
            Self::Widths { .. } => "hierarchy.widths",
        }
    }
}
