//! Why a table cannot be transformed.

use domain::Reason;

use crate::table::TableError;

/// Why [`crate::transform`] gives no table. Rows are counted from 1.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TransformError {
    /// The table has a column of the name that a flag would have.
    #[error("the table has a column `{0}` already, which would flag suppressed cells; rename it")]
    ColumnExists(String),
    /// A column that is named twice.
    #[error("a transformation names the column `{0}` twice")]
    ColumnTwice(String),
    /// The watcher wanted no more.
    #[error("the transformation was stopped before it was done")]
    Interrupted,
    /// A row that is to be grouped has some of the values and not all.
    #[error(
        "micro-aggregation needs a value in each of its columns; row {row} has none in `{column}`. \
         Aggregate the columns one by one, or others"
    )]
    Missing {
        /// The column.
        column: String,
        /// The row.
        row: u64,
    },
    /// A text in a column of numbers.
    #[error("`{value}` in the column `{column}` is not a decimal number")]
    NotANumber {
        /// The column.
        column: String,
        /// The text.
        value: String,
    },
    /// A value that the list of an ordered column does not have.
    #[error("`{value}` is not in the order given for column `{column}`")]
    NotInOrder {
        /// The column.
        column: String,
        /// The value.
        value: String,
    },
    /// A column with one value, which nothing could replace.
    #[error("the column `{0}` has fewer than two values, so that none can be replaced by another")]
    OneValue(String),
    /// A parameter out of range.
    #[error("`{key} = {value}` is out of range: {needs}")]
    Parameter {
        /// The key.
        key: &'static str,
        /// Its value.
        value: String,
        /// What it has to be.
        needs: &'static str,
    },
    /// The table does not have the columns, or is too large.
    #[error("the table cannot be transformed")]
    Table(#[from] TableError),
    /// Fewer rows than a class or group needs.
    #[error("{rows} rows are fewer than the {needed} that one group needs")]
    TooFewRows {
        /// Rows that there are.
        rows: u64,
        /// Rows of the smallest group.
        needed: u64,
    },
    /// A number with more digits than are computed with.
    #[error(
        "`{value}` in the column `{column}` has more than 15 digits, counted with as many decimals \
         as the column has; round the column"
    )]
    TooLarge {
        /// The column.
        column: String,
        /// The number.
        value: String,
    },
    /// More columns than all sets of them can be looked at.
    #[error("cell suppression over {0} columns; at most 12 are possible")]
    TooManyColumns(usize),
}

impl Reason for TransformError {
    fn reason(&self) -> &'static str {
        match self {
            Self::ColumnExists(_) => "transform.column-exists",
            Self::ColumnTwice(_) => "transform.column-twice",
            Self::Interrupted => "transform.interrupted",
            Self::Missing { .. } => "transform.missing",
            Self::NotANumber { .. } => "transform.not-a-number",
            Self::NotInOrder { .. } => "transform.not-in-order",
            Self::OneValue(_) => "transform.one-value",
            Self::Parameter { .. } => "transform.parameter",
            Self::Table(error) => error.reason(),
            Self::TooFewRows { .. } => "transform.too-few-rows",
            Self::TooLarge { .. } => "transform.too-large",
            Self::TooManyColumns(_) => "transform.too-many-columns",
        }
    }
}
