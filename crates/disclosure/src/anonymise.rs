//! Anonymisation by generalisation: values become coarser, column by column and level by level,
//! until every class of the quasi-identifiers satisfies every model; rows of classes that do not
//! are suppressed, up to a limit.
//!
//! [`anonymise`] finds the cheapest way among all nodes of the lattice of levels. Rows are looked at
//! once: every node's classes are unions of those of a node below it. Definitions and costs:
//! `docs/disclosure.md`.

mod apply;
mod error;
mod impossible;
mod lattice;
mod levels;
mod local;
mod model;
mod packing;
mod partition;
mod plan;
mod problem;
mod recode;
mod room;
mod search;
#[cfg(test)]
mod tests;
mod utility;

use std::ops::ControlFlow;

use crate::hierarchy::Level;
use crate::measures::{Counts, Ratio, Sensitive, Values, closeness};
use crate::table::{Column, Table, TableError};
pub use error::AnonymiseError;
use lattice::Lattice;
use levels::MAX_QUASI_IDENTIFIERS;
pub use local::{LocallyRecoded, Round, recode_locally};
pub use model::{DeltaValues, Distance, Model};
use model::{Demand, ValueDemand};
use partition::Partition;
pub use plan::{Method, Plan};
use problem::Problem;
pub use recode::recode;
use room::Room;
pub use search::Progress;
use search::{Finished, Search, Stopped};
pub use utility::Metric;
use utility::Utility;

/// A table that satisfies its plan's models, and what it took.
#[derive(Clone, Debug, PartialEq)]
pub struct Anonymised {
    /// The columns of the original, quasi-identifiers generalised. In suppressed rows these and the
    /// sensitive columns are missing values.
    pub table: Table,
    /// Which rows are suppressed.
    pub suppressed: Vec<bool>,
    /// The level of each quasi-identifier, in the plan's order.
    pub levels: Vec<usize>,
    /// Classes of rows that are not suppressed.
    pub classes: u64,
    /// The cost by the plan's metric.
    pub score: f64,
    /// The nodes of the lattice.
    pub lattice_size: u128,
    /// Nodes whose classes were looked at.
    pub evaluated: u64,
    /// Whether no node is cheaper.
    pub optimal: bool,
    /// A cost that no node is below: the score itself if it is optimal.
    pub bound: f64,
    /// The nodes that were the best when they were found, with their costs; the last is the result.
    pub path: Vec<(Vec<usize>, f64)>,
}

/// Anonymises `table` as planned; `watch` hears of every node that was evaluated and may stop.
///
/// # Errors
/// An [`AnonymiseError`]; [`AnonymiseError::Impossible`] if no node satisfies the models,
/// [`AnonymiseError::Budget`] if none of those that a heuristic looked at does.
pub fn anonymise(
    table: &Table,
    plan: &Plan,
    watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Anonymised, AnonymiseError> {
    let prepared = Prepared::new(table, plan)?;
    let finished = prepared.search(plan, watch)?;
    let Some(best) = &finished.best else {
        return Err(match finished.optimal {
            true => impossible::explain(&prepared, plan)?,
            false => AnonymiseError::Budget { evaluated: finished.evaluated },
        });
    };
    let chosen: Vec<usize> = prepared.lattice.levels(best.partition.levels);
    let suppressed = prepared.suppressed(&best.partition, &best.kept)?;
    Ok(Anonymised {
        table: apply::apply(table, plan, &prepared.levels, &chosen, &suppressed)?,
        suppressed,
        classes: best.kept.iter().filter(|kept| **kept).map(|_| 1).sum(),
        score: best.score,
        lattice_size: prepared.lattice.size(),
        evaluated: finished.evaluated,
        optimal: finished.optimal,
        bound: finished.bound,
        path: finished
            .path
            .iter()
            .map(|&(levels, score)| (prepared.lattice.levels(levels), score))
            .collect(),
        levels: chosen,
    })
}

/// A plan bound to a table.
struct Prepared {
    problem: Problem,
    lattice: Lattice,
    /// For each quasi-identifier its levels over the column's values.
    levels: Vec<Vec<Level>>,
    base: Partition,
    /// The class of each row in `base`.
    class_of_row: Vec<u32>,
}

impl Prepared {
    fn new(table: &Table, plan: &Plan) -> Result<Self, AnonymiseError> {
        validate(table, plan)?;
        let columns = plan
            .quasi_identifiers
            .iter()
            .map(|(name, hierarchy)| Ok((column(table, name)?, hierarchy)))
            .collect::<Result<Vec<_>, AnonymiseError>>()?;
        let levels = columns
            .iter()
            .map(|(column, hierarchy)| Ok(hierarchy.over(column)?))
            .collect::<Result<Vec<_>, AnonymiseError>>()?;
        let coded: Vec<(&[u32], usize)> =
            columns.iter().map(|(column, _)| (column.codes(), column.dictionary().len())).collect();
        let (mut base, class_of_row) = Partition::of_rows(table.rows(), &coded)?;
        for sensitive in plan.judged() {
            let values = Values::of(table, sensitive)?;
            base.counts.push(Counts::new(&class_of_row, base.sizes.len(), &values)?);
        }
        let rows = u64::try_from(table.rows()).map_err(|_| TableError::TooLong)?;
        let measured: Vec<(&Column, &[Level])> =
            columns.iter().zip(&levels).map(|((c, _), levels)| (*c, levels.as_slice())).collect();
        let mut by_values: Vec<usize> = (0..columns.len()).collect();
        let values = |at: &usize| coded.get(*at).map_or(0, |(_, distinct)| *distinct);
        by_values.sort_by_key(|at| std::cmp::Reverse(values(at)));
        let problem = Problem {
            by_values,
            utility: Utility::new(plan.metric, rows, &measured),
            demands: demands(table, plan, &base.counts)?,
            suppressed_at_most: share_of(plan.suppression_limit, rows),
        };
        let lattice = Lattice::new(columns.iter().map(|(_, hierarchy)| hierarchy.levels()));
        Ok(Self { problem, lattice, levels, base, class_of_row })
    }

    fn search(
        &self,
        plan: &Plan,
        watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Finished, AnonymiseError> {
        let search = Search::new(&self.problem, &self.levels, self.base.clone());
        let finished = match plan.method {
            Method::Optimal => search.run(self.lattice.nodes()?, None, u64::MAX, watch),
            // Beginning with the most general node, which satisfies most: some result is better than
            // none, if the budget is small.
            Method::Heuristic { nodes } => match self.lattice.nodes() {
                Ok(all) => search.run(all, Some(self.lattice.top()), nodes, watch),
                Err(_) => search.descend(&self.lattice, nodes, watch),
            },
            Method::Auto { nodes } => match self.lattice.nodes() {
                Ok(all) => search.run(all, None, u64::MAX, watch),
                Err(_) => search.descend(&self.lattice, nodes, watch),
            },
        };
        finished.map_err(|stopped| match stopped {
            Stopped::ByWatcher => AnonymiseError::Interrupted,
            Stopped::Table(error) => error.into(),
        })
    }

    /// Which rows are in classes of `partition` that are not kept.
    fn suppressed(&self, partition: &Partition, kept: &[bool]) -> Result<Vec<bool>, TableError> {
        let (_, class_of_base) = self.base.roll_up(partition.levels, &self.levels)?;
        let at = |places: &[u32], place: u32| -> Option<u32> {
            places.get(usize::try_from(place).ok()?).copied()
        };
        let is_kept = |base: u32| -> Option<bool> {
            kept.get(usize::try_from(at(&class_of_base, base)?).ok()?).copied()
        };
        Ok(self.class_of_row.iter().map(|&base| is_kept(base) != Some(true)).collect())
    }
}

fn validate(table: &Table, plan: &Plan) -> Result<(), AnonymiseError> {
    if plan.models.is_empty() {
        return Err(AnonymiseError::NoModels);
    }
    match plan.quasi_identifiers.len() {
        0 => return Err(AnonymiseError::NoQuasiIdentifiers),
        many if many > MAX_QUASI_IDENTIFIERS => {
            return Err(AnonymiseError::TooManyQuasiIdentifiers(many));
        }
        _ => {}
    }
    if table.rows() == 0 {
        return Err(AnonymiseError::NoRows);
    }
    let quasi_identifiers = plan.quasi_identifiers.iter().map(|(name, _)| name);
    let mut seen = std::collections::BTreeSet::new();
    let sensitive = plan.sensitive.iter().map(|sensitive| &sensitive.name);
    match quasi_identifiers.chain(sensitive).find(|name| !seen.insert(*name)) {
        Some(twice) => Err(crate::measures::MeasureError::ColumnTwice(twice.clone()).into()),
        None => Ok(()),
    }
}

fn column<'a>(table: &'a Table, name: &str) -> Result<&'a Column, TableError> {
    table.column(name).ok_or_else(|| TableError::NoColumn(name.to_owned()))
}

/// The whole number of rows that is not above the share.
fn share_of(share: Ratio, rows: u64) -> u64 {
    let (numerator, denominator) = share.parts();
    let product = numerator.checked_mul(u128::from(rows)).map(|product| product / denominator);
    product.and_then(|rows| u64::try_from(rows).ok()).unwrap_or(u64::MAX).min(rows)
}

/// `counts` are of the sensitive columns that are judged.
fn demands(table: &Table, plan: &Plan, counts: &[Counts]) -> Result<Vec<Demand>, AnonymiseError> {
    plan.models.iter().map(|model| demand(table, plan, model, counts)).collect()
}

fn demand(
    table: &Table,
    plan: &Plan,
    model: &Model,
    counts: &[Counts],
) -> Result<Demand, AnonymiseError> {
    let name = model.attribute().unwrap_or_default();
    let not_sensitive = || AnonymiseError::NotSensitive(name.to_owned());
    let is_named = |sensitive: &&Sensitive| sensitive.name == name;
    let sensitive = || plan.judged().find(is_named).ok_or_else(not_sensitive);
    let on_values = match model {
        Model::KAnonymity { k } => return Ok(Demand::Size(*k)),
        Model::AlphaAnonymity { alpha, .. } => ValueDemand::Share(*alpha),
        Model::DistinctLDiversity { l, .. } => ValueDemand::Distinct(*l),
        Model::EntropyLDiversity { l, .. } => ValueDemand::Entropy(*l),
        Model::RecursiveCLDiversity { c, l, .. } => ValueDemand::Recursive(*c, *l),
        Model::TCloseness { t, distance, .. } => match distance {
            Distance::Equal => ValueDemand::Equal(*t),
            Distance::Ordered => {
                ordered(table, sensitive()?)?;
                ValueDemand::Ordered(*t)
            }
            Distance::Hierarchical(hierarchy) => {
                let values = Values::of(table, sensitive()?)?;
                let tree = closeness::Tree::over(column(table, name)?, &values, hierarchy)?;
                ValueDemand::Hierarchical(*t, tree)
            }
        },
        Model::BetaLikeness { beta, enhanced, .. } => ValueDemand::Gain(*beta, *enhanced),
        Model::DeltaDisclosure { ratio, values, .. } => ValueDemand::Delta(*ratio, *values),
    };
    let place = plan.judged().position(|sensitive| is_named(&sensitive));
    let attribute = place.ok_or_else(not_sensitive)?;
    let counts = counts.get(attribute).ok_or_else(not_sensitive)?;
    Ok(Demand::Values { attribute, room: Room::of(&on_values, counts), demand: on_values })
}

fn ordered(table: &Table, sensitive: &Sensitive) -> Result<(), AnonymiseError> {
    if Values::of(table, sensitive)?.ordered {
        Ok(())
    } else {
        Err(AnonymiseError::NoOrder(sensitive.name.clone()))
    }
}
