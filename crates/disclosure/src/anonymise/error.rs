//! Why a table cannot be anonymised as planned.

use domain::Reason;

use crate::hierarchy::HierarchyError;
use crate::measures::MeasureError;
use crate::table::TableError;

/// Why [`crate::anonymise`] gives no table.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AnonymiseError {
    /// A heuristic found nothing, and others that it did not look at may satisfy the models.
    #[error(
        "none of the {evaluated} nodes that were looked at satisfies the models, the most general one \
         among them; another may: allow more nodes, more suppression or weaker models"
    )]
    Budget {
        /// Nodes that were looked at.
        evaluated: u64,
    },
    /// A hierarchy that does not fit its column.
    #[error("a hierarchy cannot be used")]
    Hierarchy(#[from] HierarchyError),
    /// No node of the lattice satisfies the models.
    #[error("no generalisation satisfies the models: {}", .failing.join("; "))]
    Impossible {
        /// Each model that even the most general table fails, with the nearest value that it
        /// satisfies; none if each holds alone.
        failing: Vec<String>,
    },
    /// The watcher wanted no more.
    #[error("the search was stopped before it found the best table")]
    Interrupted,
    /// A share of rows for local recoding that is none.
    #[error("local recoding keeps a share of rows above 0 and up to 1 in each round, not `{0}`")]
    Keep(f64),
    /// The lattice has more nodes than can be searched exactly.
    #[error(
        "the lattice has {nodes} nodes, of which at most {most} can be searched exactly; use the \
         heuristic, or hierarchies of fewer levels"
    )]
    Lattice {
        /// Its nodes.
        nodes: u128,
        /// How many are possible.
        most: u128,
    },
    /// The sensitive columns cannot be read as stated.
    #[error("a sensitive column cannot be read")]
    Measure(#[from] MeasureError),
    /// A model of a column that is not one of the sensitive ones.
    #[error("a model names the column `{0}`, which is not one of the sensitive columns")]
    NotSensitive(String),
    /// A level that a hierarchy does not have.
    #[error("the column `{column}` has no level {level}; its hierarchy ends with {highest}")]
    NoLevel {
        /// The column.
        column: String,
        /// The level.
        level: usize,
        /// The highest.
        highest: usize,
    },
    /// No models.
    #[error("the plan has no model; a table that need not satisfy anything is not anonymised")]
    NoModels,
    /// No quasi-identifiers.
    #[error("the plan has no quasi-identifier; there is nothing to generalise")]
    NoQuasiIdentifiers,
    /// Rows of a table that has none.
    #[error("the table has no rows")]
    NoRows,
    /// An order is needed where the values have none.
    #[error("ordered distance needs an order of the values of `{0}`; state its kind")]
    NoOrder(String),
    /// The table does not have the columns, or is too large.
    #[error("the table cannot be anonymised")]
    Table(#[from] TableError),
    /// More quasi-identifiers than can be numbered.
    #[error("there are {0} quasi-identifiers; at most 16 are possible")]
    TooManyQuasiIdentifiers(usize),
}

impl Reason for AnonymiseError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Budget { .. } => "anonymise.budget",
            Self::Hierarchy(error) => error.reason(),
            Self::Impossible { .. } => "anonymise.impossible",
            Self::Interrupted => "anonymise.interrupted",
            Self::Keep(_) => "anonymise.keep",
            Self::Lattice { .. } => "anonymise.lattice-too-large",
            Self::Measure(error) => error.reason(),
            Self::NotSensitive(_) => "anonymise.not-sensitive",
            Self::NoLevel { .. } => "anonymise.no-level",
            Self::NoModels => "anonymise.no-models",
            Self::NoQuasiIdentifiers => "anonymise.no-quasi-identifiers",
            Self::NoRows => "anonymise.no-rows",
            Self::NoOrder(_) => "anonymise.no-order",
            Self::Table(error) => error.reason(),
            Self::TooManyQuasiIdentifiers(_) => "anonymise.too-many-quasi-identifiers",
        }
    }
}
