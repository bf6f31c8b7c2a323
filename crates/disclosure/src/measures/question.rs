//! What is asked of a table, and why it may have no answer.

use std::collections::{BTreeMap, BTreeSet};

use domain::Reason;

use crate::hierarchy::{Hierarchy, HierarchyError};
use crate::table::{Table, TableError};

/// Which columns play which part. Nothing in it is guessed from the table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// Columns that an attacker may know of a person.
    pub quasi_identifiers: Vec<String>,
    /// Columns that an attacker would like to know.
    pub sensitive: Vec<Sensitive>,
    /// What several sensitive columns are to each other.
    pub reading: Reading,
    /// What a missing quasi-identifier stands for.
    pub nulls: Nulls,
    /// Hierarchies of sensitive columns, for the hierarchical distance of t-closeness.
    pub hierarchies: BTreeMap<String, Hierarchy>,
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reading {
    /// Each is measured in the classes of the quasi-identifiers.
    #[default]
    Alone,
    /// Each is measured in the classes of the quasi-identifiers and the other sensitive columns:
    /// what someone learns who knows those.
    Joint,
}

/// What a missing quasi-identifier stands for. A row is never dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Nulls {
    /// A value of its own.
    #[default]
    Value,
    /// Any value of its column, so that its row may be anyone's who agrees in the other columns.
    Wildcard,
}

impl Question {
    /// Whether `table` can be asked this.
    pub(super) fn validate(&self, table: &Table) -> Result<(), MeasureError> {
        let sensitive = self.sensitive.iter().map(|sensitive| &sensitive.name);
        let is_sensitive = |name: &&String| self.sensitive.iter().any(|other| other.name == **name);
        if let Some(name) = self.hierarchies.keys().find(|name| !is_sensitive(name)) {
            return Err(MeasureError::NotSensitive(name.clone()));
        }
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
    /// A hierarchy that does not fit its sensitive column.
    #[error("the hierarchy of a sensitive column cannot be used")]
    Hierarchy(#[from] HierarchyError),
    /// A class of the sample that has fewer rows in the population.
    #[error("a class of the table has more rows than the population has of it")]
    MoreThanPopulation,
    /// A text in a numeric column.
    #[error("`{value}` in the numeric column `{column}` is not a decimal number")]
    NotANumber {
        /// The column.
        column: String,
        /// The text.
        value: String,
    },
    /// A class of the sample that has no row in the population.
    #[error("a class of the table has no row in the population")]
    NotInPopulation,
    /// A value that the list of an ordered column does not have.
    #[error("`{value}` is not in the order given for column `{column}`")]
    NotInOrder {
        /// The column.
        column: String,
        /// The value.
        value: String,
    },
    /// A hierarchy of a column that is not one of the sensitive ones.
    #[error("a hierarchy is given for the column `{0}`, which is not one of the sensitive columns")]
    NotSensitive(String),
    /// Wildcards speak of quasi-identifiers; a missing sensitive value has no sound bound in every
    /// model.
    #[error("the sensitive column `{0}` has missing values, which wildcards cannot stand for")]
    SensitiveNull(String),
    /// The table does not have the columns, or is too large.
    #[error("table cannot be measured")]
    Table(#[from] TableError),
    /// Quasi-identifiers that are looked at together in too many ways, or in too much memory.
    #[error(
        "{columns} quasi-identifiers have too many subsets of up to {max_size} to look at each"
    )]
    TooManySubsets {
        /// How many quasi-identifiers there are.
        columns: usize,
        /// The size of the largest subsets asked for.
        max_size: usize,
    },
    /// The rows with wildcards overlap in too many ways to look at each.
    #[error("rows with missing values overlap in more than {0} ways")]
    TooManyCandidates(usize),
}

impl Reason for MeasureError {
    fn reason(&self) -> &'static str {
        match self {
            Self::ColumnTwice(_) => "measure.column-twice",
            Self::Hierarchy(error) => error.reason(),
            Self::MoreThanPopulation => "measure.more-than-population",
            Self::NotANumber { .. } => "measure.not-a-number",
            Self::NotInPopulation => "measure.not-in-population",
            Self::NotInOrder { .. } => "measure.not-in-order",
            Self::NotSensitive(_) => "measure.not-sensitive",
            Self::SensitiveNull(_) => "measure.sensitive-null",
            Self::Table(error) => error.reason(),
            Self::TooManySubsets { .. } => "measure.too-many-subsets",
            Self::TooManyCandidates(_) => "measure.too-many-candidates",
        }
    }
}
