//! Hierarchies that are made from the values of a column instead of being written down.

use crate::hierarchy::{
    ANY, Dates, Groups, Hierarchy, HierarchyError, Intervals, MAX_LEVELS, Masking, Priority,
    ValueFault,
};
use crate::table::Column;

/// How a hierarchy is made. Above the levels that each kind makes stands one on which every value is
/// `*`. A missing value stays missing below that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Builder {
    /// Of numbers.
    Intervals(Intervals),
    /// Of texts.
    Masking(Masking),
    /// Of dates.
    Dates(Dates),
    /// Of values with an order.
    Groups(Groups),
    /// By frequency.
    Priority(Priority),
}

impl Builder {
    /// The hierarchy for the values of `column`.
    ///
    /// # Errors
    /// [`HierarchyError::Value`] for a value that it cannot be made for, [`HierarchyError::TooDeep`].
    pub fn build(&self, column: &Column) -> Result<Hierarchy, HierarchyError> {
        if column.dictionary().is_empty() {
            return Ok(Hierarchy::flat(column));
        }
        let mut rows = match self {
            Self::Intervals(intervals) => intervals.rows(column),
            Self::Masking(masking) => masking.rows(column),
            Self::Dates(dates) => dates.rows(column),
            Self::Groups(groups) => groups.rows(column),
            Self::Priority(priority) => priority.rows(column),
        }?;
        let width = rows.first().map_or(1, Vec::len);
        if column.null().is_some() {
            rows.insert(0, vec![String::new(); width]);
        }
        for row in &mut rows {
            row.push(ANY.to_owned());
        }
        Hierarchy::new(&rows)
    }
}

/// The rows of the values of `column` that are not missing: each, then the `levels` that `above` gives.
pub(crate) fn per_value(
    column: &Column,
    levels: usize,
    above: impl Fn(&str) -> Result<Vec<String>, ValueFault>,
) -> Result<Vec<Vec<String>>, HierarchyError> {
    let all = with_ends(levels)?;
    let mut rows = Vec::with_capacity(column.dictionary().len());
    check_values(column, |value| {
        let mut row = Vec::with_capacity(all);
        row.push(value.clone());
        row.append(&mut above(value)?);
        rows.push(row);
        Ok(())
    })?;
    Ok(rows)
}

/// The number of levels with `between`, the values themselves and the level of any value. Asked before
/// anything is written: the masks of one long text take the square of its length.
pub(crate) fn with_ends(between: usize) -> Result<usize, HierarchyError> {
    let levels = between.saturating_add(2);
    if levels > MAX_LEVELS { Err(HierarchyError::TooDeep { levels }) } else { Ok(levels) }
}

/// Calls `check` for every value of `column` that is not missing; a fault is named with the
/// first row that has one.
pub(crate) fn check_values(
    column: &Column,
    mut check: impl FnMut(&String) -> Result<(), ValueFault>,
) -> Result<(), HierarchyError> {
    let faults: Vec<Option<ValueFault>> = column
        .dictionary()
        .iter()
        .map(|value| if value.is_empty() { None } else { check(value).err() })
        .collect();
    // One pass over the rows, however many values are at fault.
    match column.first_row(|code| faults.get(code).copied().flatten()) {
        Some((row, value, fault)) => {
            let (column, value) = (column.name().to_owned(), value.clone());
            Err(HierarchyError::Value { column, value, row, fault })
        }
        None => Ok(()),
    }
}
