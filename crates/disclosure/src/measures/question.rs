//! What is asked of a table, and why it may have no answer.

use std::collections::BTreeSet;

use domain::Reason;

use crate::table::{Table, TableError};

/// Which columns play which part. Nothing in it is guessed from the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Columns that an attacker may know of a person.
    pub quasi_identifiers: Vec<String>,
    /// Columns that an attacker would like to know.
    pub sensitive: Vec<Sensitive>,
    /// What several sensitive columns are to each other.
    pub reading: Reading,
    /// What a missing quasi-identifier stands for.
    pub nulls: Nulls,
}

/// A sensitive column and how its values are told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sensitive {
    /// The column.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
}

/// The kind of a sensitive column. It decides which values are equal and whether they have an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Texts without an order.
    Categorical,
    /// Texts with an order.
    Ordered(Order),
    /// Decimal numbers: equal and ordered by value.
    Numeric,
}

/// The order of an ordered column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// That of the texts' code points.
    ByText,
    /// That of this list, which has every value of the column.
    Listed(Vec<String>),
}

/// What several sensitive columns are to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Each is measured in the classes of the quasi-identifiers.
    Alone,
    /// Each is measured in the classes of the quasi-identifiers and the other sensitive columns:
    /// what someone learns who knows those.
    Joint,
}

/// What a missing quasi-identifier stands for. A row is never dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nulls {
    /// A value of its own.
    Value,
    /// Any value of its column, so that its row may be anyone's who agrees in the other columns.
    Wildcard,
}

impl Question {
    /// Whether `table` can be asked this.
    pub(super) fn validate(&self, table: &Table) -> Result<(), MeasureError> {
        let sensitive = self.sensitive.iter().map(|sensitive| &sensitive.name);
        let mut seen = BTreeSet::new();
        for name in self.quasi_identifiers.iter().chain(sensitive) {
            if !seen.insert(name) {
                return Err(MeasureError::ColumnTwice(name.clone()));
            }
            let column = table.column(name).ok_or_else(|| TableError::NoColumn(name.clone()))?;
            let is_sensitive = !self.quasi_identifiers.contains(name);
            if is_sensitive && self.nulls == Nulls::Wildcard && column.null().is_some() {
                return Err(MeasureError::SensitiveNull(name.clone()));
            }
        }
        Ok(())
    }
}

/// Why a [`Question`] has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MeasureError {
    /// A column that is named twice, or both as quasi-identifier and as sensitive.
    #[error("column `{0}` is named twice")]
    ColumnTwice(String),
    /// A text in a numeric column.
    #[error("`{value}` in the numeric column `{column}` is not a decimal number")]
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
    /// Wildcards speak of quasi-identifiers; a missing sensitive value has no sound bound in every
    /// model.
    #[error("the sensitive column `{0}` has missing values, which wildcards cannot stand for")]
    SensitiveNull(String),
    /// The table does not have the columns, or is too large.
    #[error("table cannot be measured")]
    Table(#[from] TableError),
    /// The rows with wildcards overlap in too many ways to look at each.
    #[error("rows with missing values overlap in more than {0} ways")]
    TooManyCandidates(usize),
}

impl Reason for MeasureError {
    fn reason(&self) -> &'static str {
        match self {
            Self::ColumnTwice(_) => "measure.column-twice",
            Self::NotANumber { .. } => "measure.not-a-number",
            Self::NotInOrder { .. } => "measure.not-in-order",
            Self::SensitiveNull(_) => "measure.sensitive-null",
            Self::Table(error) => error.reason(),
            Self::TooManyCandidates(_) => "measure.too-many-candidates",
        }
    }
}
