//! Further transformations of a table: what generalising whole columns does not do.
//!
//! [`transform`] applies one [`Transformation`] and says what it changed. None of them promises a
//! privacy model, save cell suppression its k: whoever applies them measures the result
//! ([`unmet`]). Randomness is the caller's: who knows the generator's seed can undo noise, swaps and
//! PRAM. Definitions and papers: `docs/disclosure.md`.

mod aggregate;
mod bounds;
mod cells;
mod change;
mod error;
mod mdav;
mod noise;
mod numbers;
mod pram;
mod random;
mod swap;
mod unmet;

use std::ops::ControlFlow;

use rand_core::CryptoRng;

use crate::measures::Ratio;
use crate::table::{Column, Table, TableError};
pub use change::{Change, NumericChange};
pub use error::TransformError;
pub use unmet::unmet;

/// One transformation of a table.
#[derive(Clone, Debug, PartialEq)]
pub enum Transformation {
    /// Numbers above a bound are shown as the bound.
    TopCoding(Coding),
    /// Numbers below a bound are shown as the bound.
    BottomCoding(Coding),
    /// Rows are grouped by likeness, and a group has one value in each column.
    MicroAggregation {
        /// The columns that make rows alike, and that are replaced.
        columns: Vec<Aggregated>,
        /// The fewest rows of a group (k); a group has fewer than twice as many.
        group: u64,
    },
    /// A random number is added to each.
    Noise {
        /// The column of numbers.
        column: String,
        /// How the added numbers are distributed; their mean is 0.
        distribution: Distribution,
        /// How far they spread.
        spread: Spread,
    },
    /// Each value is swapped with one that is not far from it in rank.
    RankSwapping {
        /// The column of numbers.
        column: String,
        /// The largest distance of two ranks, in percent of the values.
        percent: Ratio,
    },
    /// Values are replaced by others of the column with known probabilities.
    Pram {
        /// The column.
        column: String,
        /// The probability that a value stays.
        keep: Ratio,
        /// Whether the expected frequencies are those of the column. `keep` is then that of the
        /// rarest value, and the others stay more often.
        invariant: bool,
    },
    /// Cells become missing until every class has `k` rows.
    CellSuppression {
        /// The quasi-identifiers, each with the cost of one of its cells.
        columns: Vec<(String, u64)>,
        /// The fewest rows of a class.
        k: u64,
    },
}

/// A bound on the numbers of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coding {
    /// The column.
    pub column: String,
    /// The bound, a decimal number.
    pub bound: String,
    /// What is shown for numbers beyond; none: the bound.
    pub label: Option<String>,
}

/// A column of a micro-aggregation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aggregated {
    /// The column.
    pub column: String,
    /// Its values in their order, if they are no numbers: a group has their median, where numbers
    /// have a mean.
    pub order: Option<Vec<String>>,
}

/// A distribution with mean 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distribution {
    /// Normal.
    Gaussian,
    /// Two exponentials, one for each sign.
    Laplace,
}

/// How far noise spreads; above 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Spread {
    /// σ of the Gaussian, b of the Laplace distribution.
    Scale(f64),
    /// The standard deviation of the noise in those of the column.
    Relative(f64),
}

/// A transformed table and what it took.
#[derive(Clone, Debug, PartialEq)]
pub struct Transformed {
    /// The table; after cell suppression with one more column for each that has been looked at,
    /// named by [`flag_of`], which is `1` where a cell was suppressed and `0` elsewhere.
    pub table: Table,
    /// What became of each column.
    pub changes: Vec<Change>,
    /// What cell suppression did.
    pub suppression: Option<Suppression>,
}

/// What cell suppression did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// Rows whose class had fewer than k.
    pub at_risk: u64,
    /// Cells that are suppressed.
    pub cells: u64,
}

/// The name of the column that flags suppressed cells of `column`.
#[must_use]
pub fn flag_of(column: &str) -> String {
    format!("{column}_suppressed")
}

/// How far a long transformation is: rows done, and how many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// Rows, or for cell suppression sets of columns, that are done.
    pub done: u64,
    /// How many there are.
    pub of: u64,
}

/// Who hears how far a transformation is, and may stop it.
pub(crate) type Watch<'a> = &'a mut dyn FnMut(Done) -> ControlFlow<()>;

/// Applies `transformation`. Missing cells stay missing and play no part; rows that are `suppressed`
/// are none that cell suppression could hide anyone among.
///
/// # Errors
/// A [`TransformError`] that names the column, and the value or the parameter.
pub fn transform(
    table: &Table,
    suppressed: &[bool],
    transformation: &Transformation,
    rng: &mut dyn CryptoRng,
    watch: Watch<'_>,
) -> Result<Transformed, TransformError> {
    let of = |name: &String| column(table, name);
    let replaced = match transformation {
        Transformation::TopCoding(coding) => vec![bounds::top(of(&coding.column)?, coding)?],
        Transformation::BottomCoding(coding) => vec![bounds::bottom(of(&coding.column)?, coding)?],
        Transformation::MicroAggregation { columns, group } => {
            aggregate::aggregate(table, columns, *group, watch)?
        }
        Transformation::Noise { column, distribution, spread } => {
            vec![noise::add(of(column)?, *distribution, *spread, rng)?]
        }
        Transformation::RankSwapping { column, percent } => {
            vec![swap::swap(of(column)?, *percent, rng)?]
        }
        Transformation::Pram { column, keep, invariant } => {
            vec![pram::randomise(of(column)?, *keep, *invariant, rng)?]
        }
        Transformation::CellSuppression { columns, k } => {
            return cells::suppress(table, suppressed, columns, *k, watch);
        }
    };
    let changes = replaced.iter().map(|after| Ok(Change::of(of(&after.name().to_owned())?, after)));
    Ok(Transformed {
        changes: changes.collect::<Result<_, TransformError>>()?,
        table: with(table, replaced)?,
        suppression: None,
    })
}

fn column<'a>(table: &'a Table, name: &str) -> Result<&'a Column, TransformError> {
    Ok(table.column(name).ok_or_else(|| TableError::NoColumn(name.to_owned()))?)
}

/// `table` with some columns replaced by others of the same name.
fn with(table: &Table, mut replaced: Vec<Column>) -> Result<Table, TableError> {
    let columns = table.columns().iter().map(|column| {
        let place = replaced.iter().position(|other| other.name() == column.name());
        place.map_or_else(|| column.clone(), |place| replaced.swap_remove(place))
    });
    Table::new(columns.collect())
}
