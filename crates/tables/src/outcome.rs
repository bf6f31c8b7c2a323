//! What became of a table: before and after, for the report and the page.

use std::collections::BTreeMap;

use disclosure::{
    AnonymiseError, Anonymised, Classes, Distance, Hierarchy, Measures, Model, Plan, Question,
    Ratio, Sensitive, Table, TableError,
};

/// An anonymised table beside its original.
#[derive(Debug)]
pub(crate) struct Outcome<'a> {
    pub(crate) table: &'a Table,
    pub(crate) plan: &'a Plan,
    pub(crate) found: &'a Anonymised,
    /// Columns of the input that do not leave.
    pub(crate) left_out: Vec<&'a str>,
    /// The classes and risks of the original.
    pub(crate) before: Measures,
    /// The measures of the rows that are not suppressed.
    pub(crate) after: Measures,
    /// The sizes of the original's classes.
    pub(crate) sizes_before: Vec<u64>,
    /// The sizes of the classes that are not suppressed.
    pub(crate) sizes_after: Vec<u64>,
    /// What each quasi-identifier loses, in the plan's order.
    pub(crate) losses: Vec<Ratio>,
}

impl<'a> Outcome<'a> {
    /// Measures `table` and what was `found` for it.
    pub(crate) fn of(
        table: &'a Table,
        plan: &'a Plan,
        found: &'a Anonymised,
        left_out: Vec<&'a str>,
    ) -> Result<Self, AnonymiseError> {
        let kept: Vec<bool> = found.suppressed.iter().map(|suppressed| !suppressed).collect();
        let kept = found.table.filtered(&kept)?;
        let names: Vec<&str> =
            plan.quasi_identifiers.iter().map(|(name, _)| name.as_str()).collect();
        let question = |sensitive: &[Sensitive]| Question {
            quasi_identifiers: names.iter().map(|&name| name.to_owned()).collect(),
            sensitive: sensitive.to_vec(),
            hierarchies: match sensitive {
                [] => BTreeMap::new(),
                _ => plan.models.iter().filter_map(hierarchy).collect(),
            },
            ..Question::default()
        };
        let losses = plan.quasi_identifiers.iter().zip(&found.levels).map(|((name, h), &level)| {
            let column = table.column(name).ok_or_else(|| TableError::NoColumn(name.clone()))?;
            Ok(h.loss(column, level, &found.suppressed)?)
        });
        Ok(Self {
            losses: losses.collect::<Result<_, AnonymiseError>>()?,
            before: disclosure::measure(table, &question(&[]))?,
            after: disclosure::measure(&kept, &question(&plan.sensitive))?,
            sizes_before: Classes::over(table, &names)?.sizes().to_vec(),
            sizes_after: Classes::over(&kept, &names)?.sizes().to_vec(),
            table,
            plan,
            found,
            left_out,
        })
    }

    /// How many rows are suppressed.
    pub(crate) fn suppressed(&self) -> usize {
        self.found.suppressed.iter().filter(|suppressed| **suppressed).count()
    }
}

/// The hierarchy by which a model measures its sensitive column.
pub(crate) fn hierarchy(model: &Model) -> Option<(String, Hierarchy)> {
    match model {
        Model::TCloseness { attribute, distance: Distance::Hierarchical(hierarchy), .. } => {
            Some((attribute.clone(), hierarchy.clone()))
        }
        _ => None,
    }
}
