//! Whom the rows of an output are about, as the rules declare it.

use std::collections::{BTreeMap, BTreeSet};

use super::file::{CaseSection, DerivationSection, RecordsSection};
use super::{RulesError, is_column_name};

/// How the gate finds, in the dataset itself, the people behind each row of an output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordsRule {
    /// Of a person's rows the one with the least number in this column; all of them without it.
    pub(crate) first: Option<String>,
    // INVARIANT: one for each category of the output, in its order.
    pub(crate) categories: Vec<Derivation>,
}

/// Where a category comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Derivation {
    /// A column of the dataset, as it is.
    Same(String),
    /// The label of the first bound above the number in the column.
    Below { from: String, below: Vec<(i64, String)> },
    /// The label of the first case whose columns all hold its texts.
    Cases(Vec<Case>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) when: BTreeMap<String, String>,
    pub(crate) is: String,
}

impl RecordsRule {
    pub(super) fn parse(
        output: &str,
        section: RecordsSection,
        categories: &[String],
    ) -> Result<Self, RulesError> {
        let RecordsSection { first, categories: mut derivations } = section;
        let mut parsed = Vec::with_capacity(categories.len());
        for name in categories {
            parsed.push(match derivations.remove(name) {
                None => Derivation::Same(name.clone()),
                Some(section) => Derivation::parse(output, section)?,
            });
        }
        if let Some((absent, _)) = derivations.pop_first() {
            return Err(RulesError::NotAColumn(absent));
        }
        let rule = Self { first, categories: parsed };
        let wrong = rule.columns().into_iter().find(|name| !is_column_name(name));
        match wrong.map(str::to_owned) {
            Some(name) => Err(RulesError::ColumnName(name)),
            None => Ok(rule),
        }
    }

    /// The columns of the dataset that it reads.
    pub(crate) fn columns(&self) -> BTreeSet<&str> {
        let derived = self.categories.iter().flat_map(Derivation::columns);
        derived.chain(self.first.as_deref()).collect()
    }
}

impl Derivation {
    fn parse(output: &str, section: DerivationSection) -> Result<Self, RulesError> {
        let wrong = || RulesError::Derivation(output.to_owned());
        match section {
            DerivationSection::Same { from } => Ok(Self::Same(from)),
            DerivationSection::Below { from, below } => {
                let ascending = below.is_sorted_by(|(one, _), (next, _)| one < next);
                let some = ascending && !below.is_empty();
                some.then_some(Self::Below { from, below }).ok_or_else(wrong)
            }
            DerivationSection::Cases { cases } => {
                // The last case holds everybody, so that nobody is left out without a word.
                let total = cases.last().is_some_and(|last| last.when.is_empty());
                let case = |CaseSection { when, is }| Case { when, is };
                total.then(|| Self::Cases(cases.into_iter().map(case).collect())).ok_or_else(wrong)
            }
        }
    }

    fn columns(&self) -> Vec<&str> {
        match self {
            Self::Same(from) | Self::Below { from, .. } => vec![from],
            Self::Cases(cases) => {
                cases.iter().flat_map(|case| case.when.keys().map(String::as_str)).collect()
            }
        }
    }
}
