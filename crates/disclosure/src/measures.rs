//! How well a table of people hides each of them: the models of the literature, exactly.
//!
//! [`measure`] answers a [`Question`] about a [`Table`]. Rows are counted once by class and
//! sensitive value; every measure is a fold over those counts. Ratios stay ratios of integers
//! ([`Ratio`]) and are compared exactly; only entropy is a float. Nothing depends on the order of
//! rows or columns. Definitions, papers and worked examples: `docs/disclosure.md`.

pub(crate) mod alpha;
mod candidates;
pub(crate) mod closeness;
mod counts;
pub(crate) mod delta;
pub(crate) mod diversity;
pub(crate) mod likeness;
mod models;
mod population;
mod question;
mod ratio;
mod risk;
mod sizes;
mod suda;
mod values;

use crate::table::Table;
use candidates::Candidates;
pub(crate) use counts::{Class, Counts};
pub use models::Models;
pub use population::PopulationRisk;
pub use question::{Kind, MeasureError, Nulls, Order, Question, Reading, Sensitive};
pub use ratio::{Bound, Ratio};
pub use risk::Risk;
pub use sizes::ClassSizes;
pub use suda::{SamplingFraction, Suda, SudaDis};
pub(crate) use values::Values;

/// What [`measure`] found.
#[derive(Clone, Debug, PartialEq)]
pub struct Measures {
    /// Rows of the table.
    pub rows: u64,
    /// The classes of the quasi-identifiers; none if the table has no rows.
    pub classes: Option<ClassSizes>,
    /// How likely a person is found again; none if the table has no rows.
    pub risk: Option<Risk>,
    /// The models of each sensitive attribute, in the order of the question; empty if the table has
    /// no rows.
    pub attributes: Vec<(String, Models)>,
}

impl Measures {
    /// The k of k-anonymity: the fewest rows that share their quasi-identifiers (Samarati, Sweeney
    /// 1998). None without rows.
    #[must_use]
    pub fn k(&self) -> Option<u64> {
        self.classes.as_ref().map(|classes| classes.smallest)
    }

    /// The worst of the attributes in each model; none without rows or without attributes.
    #[must_use]
    pub fn worst(&self) -> Option<Models> {
        self.attributes.iter().map(|(_, models)| models.clone()).reduce(Models::worst)
    }
}

/// Measures `table` as `question` asks.
///
/// # Errors
/// A [`MeasureError`] for a column that the table does not have or that is named twice, a value
/// that is not of the stated kind, or missing values that wildcards cannot be measured with.
pub fn measure(table: &Table, question: &Question) -> Result<Measures, MeasureError> {
    question.validate(table)?;
    let quasi_identifiers: Vec<&str> =
        question.quasi_identifiers.iter().map(String::as_str).collect();
    let candidates = Candidates::over(table, &quasi_identifiers, question.nulls)?;
    let mut attributes = Vec::with_capacity(question.sensitive.len());
    for sensitive in &question.sensitive {
        let joint = match question.reading {
            Reading::Alone => None,
            Reading::Joint => {
                let others = question.sensitive.iter().map(|other| other.name.as_str());
                let others = others.filter(|&name| name != sensitive.name);
                let columns: Vec<&str> = quasi_identifiers.iter().copied().chain(others).collect();
                Some(Candidates::over(table, &columns, question.nulls)?)
            }
        };
        let candidates = joint.as_ref().unwrap_or(&candidates);
        let hierarchy = question.hierarchies.get(&sensitive.name);
        let models = Models::of(table, sensitive, hierarchy, candidates)?;
        attributes.extend(models.map(|models| (sensitive.name.clone(), models)));
    }
    Ok(Measures {
        rows: u64::try_from(table.rows()).unwrap_or(u64::MAX),
        classes: ClassSizes::of(&candidates),
        risk: Risk::of(&candidates),
        attributes,
    })
}
