//! The table that a node stands for.

use crate::anonymise::Plan;
use crate::hierarchy::Level;
use crate::table::{Column, Table, TableError};

/// `table` with each quasi-identifier on its level; in suppressed rows quasi-identifiers and
/// sensitive values are missing: who knows that a person is in the table would otherwise learn
/// from the few suppressed rows what they have in common.
pub(crate) fn apply(
    table: &Table,
    plan: &Plan,
    hierarchies: &[Vec<Level>],
    chosen: &[usize],
    suppressed: &[bool],
) -> Result<Table, TableError> {
    let quasi_identifiers = plan.quasi_identifiers.iter().zip(hierarchies).zip(chosen);
    let levels: Vec<(&str, &Level)> = quasi_identifiers
        .filter_map(|(((name, _), levels), &level)| Some((name.as_str(), levels.get(level)?)))
        .collect();
    let columns = table.columns().iter().map(|column| {
        let level = levels.iter().find(|(name, _)| *name == column.name());
        let is_sensitive = plan.sensitive.iter().any(|other| other.name == column.name());
        match level {
            Some((_, level)) => recode(column, &level.texts, &level.codes, suppressed),
            None if is_sensitive => {
                let same: Vec<u32> = (0_u32..).take(column.dictionary().len()).collect();
                recode(column, column.dictionary(), &same, suppressed)
            }
            None => Ok(column.clone()),
        }
    });
    Table::new(columns.collect::<Result<_, _>>()?)
}

/// `codes` are places in `texts` for each code of the column.
fn recode(
    column: &Column,
    texts: &[String],
    codes: &[u32],
    suppressed: &[bool],
) -> Result<Column, TableError> {
    let missing = u32::try_from(texts.len()).map_err(|_| TableError::TooLong)?;
    let mut texts = texts.to_vec();
    let missing = match texts.iter().position(String::is_empty) {
        Some(place) => u32::try_from(place).map_err(|_| TableError::TooLong)?,
        None => {
            texts.push(String::new());
            missing
        }
    };
    let code = |code: &u32| codes.get(usize::try_from(*code).ok()?).copied();
    let rows = column.codes().iter().zip(suppressed).map(|(original, &suppressed)| {
        if suppressed { missing } else { code(original).unwrap_or(missing) }
    });
    Column::from_codes(column.name(), texts, rows.collect())
}
