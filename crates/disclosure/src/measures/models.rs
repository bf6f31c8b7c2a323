//! All models of one sensitive attribute.

use std::collections::BTreeMap;

use crate::hierarchy::Hierarchy;
use crate::measures::candidates::Candidates;
use crate::measures::closeness::Tree;
use crate::measures::counts::Counts;
use crate::measures::values::Values;
use crate::measures::{
    Bound, MeasureError, Ratio, Sensitive, alpha, closeness, delta, diversity, likeness,
};
use crate::table::{Table, TableError};

/// For each model the least value of its parameter that the table satisfies (the greatest for the
/// l of l-diversity).
#[derive(Clone, Debug, PartialEq)]
pub struct Models {
    /// α of (α,k)-anonymity.
    pub alpha: Ratio,
    /// l of distinct l-diversity.
    pub distinct: u64,
    /// l of entropy l-diversity, not truncated.
    pub entropy: f64,
    /// c of recursive (c,l)-diversity for each l from 2; an l that is not there is unbounded.
    pub recursive: BTreeMap<u64, Bound>,
    /// t of t-closeness, all values equally far apart.
    pub equal: Ratio,
    /// t of t-closeness by the order of the values; none if they have no order.
    pub ordered: Option<Ratio>,
    /// t of t-closeness by the hierarchy of the values; none if the question gives none.
    pub hierarchical: Option<Ratio>,
    /// β of basic β-likeness.
    pub beta: Ratio,
    /// β of enhanced β-likeness.
    pub enhanced_beta: Bound,
    /// e^δ of δ-disclosure privacy over the values that a class has.
    pub delta_observed: Ratio,
    /// e^δ of δ-disclosure privacy as defined, over all values.
    pub delta_strict: Bound,
    /// The share of rows that lack the most frequent value of their class (no privacy model: the
    /// classification metric).
    pub minority: Ratio,
}

impl Models {
    /// The models of one attribute; none if the table has no rows.
    pub(super) fn of(
        table: &Table,
        sensitive: &Sensitive,
        hierarchy: Option<&Hierarchy>,
        candidates: &Candidates,
    ) -> Result<Option<Self>, MeasureError> {
        let values = Values::of(table, sensitive)?;
        let no_column = || TableError::NoColumn(sensitive.name.clone());
        let column = table.column(&sensitive.name).ok_or_else(no_column)?;
        let tree = hierarchy.map(|hierarchy| Tree::over(column, &values, hierarchy)).transpose()?;
        let classes = candidates.classes();
        let counts = Counts::new(classes.of_row(), classes.sizes().len(), &values)?;
        let minority = alpha::minority(&counts);
        let seen = candidates.seen(counts);
        Ok(minority.and_then(|minority| {
            let models = Self::from_counts(&seen, minority, values.ordered)?;
            let hierarchical = tree.and_then(|tree| closeness::hierarchical(&seen, &tree));
            Some(Self { hierarchical, ..models })
        }))
    }

    fn from_counts(counts: &Counts, minority: Ratio, has_order: bool) -> Option<Self> {
        let distinct = diversity::distinct(counts)?;
        let (beta, enhanced_beta) = likeness::beta(counts);
        let delta_observed = delta::observed(counts)?;
        Some(Self {
            alpha: alpha::alpha(counts)?,
            distinct,
            entropy: diversity::entropy(counts)?,
            recursive: diversity::recursive(counts, distinct),
            equal: closeness::equal(counts)?,
            ordered: if has_order { closeness::ordered(counts) } else { None },
            hierarchical: None,
            beta,
            enhanced_beta,
            delta_observed,
            delta_strict: delta::strict(counts, delta_observed),
            minority,
        })
    }

    /// In each model the value that both satisfy.
    #[must_use]
    pub fn worst(self, other: Self) -> Self {
        let c = |models: &Self, l: u64| models.recursive.get(&l).copied();
        let at = |l: u64| {
            let both = c(&self, l).zip(c(&other, l));
            (l, both.map_or(Bound::Unbounded, |(a, b)| a.max(b)))
        };
        let recursive =
            self.recursive.keys().chain(other.recursive.keys()).map(|&l| at(l)).collect();
        Self {
            alpha: self.alpha.max(other.alpha),
            distinct: self.distinct.min(other.distinct),
            entropy: self.entropy.min(other.entropy),
            recursive,
            equal: self.equal.max(other.equal),
            // An order beats none, and so does a hierarchy.
            ordered: self.ordered.max(other.ordered),
            hierarchical: self.hierarchical.max(other.hierarchical),
            beta: self.beta.max(other.beta),
            enhanced_beta: self.enhanced_beta.max(other.enhanced_beta),
            delta_observed: self.delta_observed.max(other.delta_observed),
            delta_strict: self.delta_strict.max(other.delta_strict),
            minority: self.minority.max(other.minority),
        }
    }
}
