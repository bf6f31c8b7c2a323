//! Cell suppression: quasi-identifiers become missing, cell by cell, until every class has k rows
//! (Meyerson, Williams, On the complexity of optimal k-anonymity, PODS 2004).
//!
//! The fewest cells are NP-hard to find; this is a greedy approximation. Rows at risk that agree in all
//! columns but those of a set, and are enough together, are made missing in the set; where they are
//! too few, rows that their classes can spare join them. The attempts are made by the price that they
//! have for a row at risk.
//!
//! A suppressed cell is a value of its own: neither one that was missing before, from which its flag
//! tells it apart, nor any value that it might have been. So k holds for whoever reads it
//! either way.

mod plan;

use crate::classes::Grouping;
use crate::table::{Column, Table, TableError};
use crate::transform::{Change, Suppression, TransformError, Transformed, Watch, column, flag_of};
use plan::{Class, Plan, Set};

/// Suppresses cells of `columns`, each given with its weight, among the rows that are not
/// `suppressed` already.
pub(super) fn suppress(
    table: &Table,
    suppressed: &[bool],
    columns: &[(String, u64)],
    k: u64,
    watch: Watch<'_>,
) -> Result<Transformed, TransformError> {
    validate(table, columns, k)?;
    let named = columns.iter().map(|(name, _)| column(table, name));
    let named = named.collect::<Result<Vec<&Column>, _>>()?;
    let rows: Vec<usize> =
        (0..table.rows()).filter(|&row| suppressed.get(row) != Some(&true)).collect();
    let needed = |rows: usize| u64::try_from(rows).unwrap_or(u64::MAX);
    if needed(rows.len()) < k {
        return Err(TransformError::TooFewRows { rows: needed(rows.len()), needed: k });
    }
    let classes = classes(&named, &rows)?;
    let sets = Set::all(&columns.iter().map(|(_, weight)| *weight).collect::<Vec<_>>());
    let at_risk = classes.iter().filter(|class| class.size() < k).map(Class::size).sum();
    let sets_of_rows = Plan::new(classes, k).run(&sets, watch)?;
    let mut cells = vec![Set::EMPTY; table.rows()];
    for (row, set) in sets_of_rows {
        if let Some(cell) = cells.get_mut(row) {
            *cell = set;
        }
    }
    let parts = named.iter().zip(0..).map(|(column, at)| {
        let is_in_set = |row: usize| cells.get(row).is_some_and(|set| set.has(at));
        let whole_row = |row: usize| suppressed.get(row) == Some(&true);
        let after = blanked(column, &is_in_set)?;
        let flags = flags(column, &|row| is_in_set(row) || whole_row(row))?;
        Ok((Change::of(column, &after), after, flags))
    });
    let parts = parts.collect::<Result<Vec<_>, TableError>>()?;
    let (mut changes, mut after, mut flags) = (Vec::new(), Vec::new(), Vec::new());
    for (change, column, flag) in parts {
        changes.push(change);
        after.push(column);
        flags.push(flag);
    }
    let counts = cells.iter().map(|set| u64::from(set.columns()));
    let suppression = Some(Suppression { at_risk, cells: counts.sum() });
    let table = super::with(table, after)?;
    let table = Table::new(table.columns().iter().cloned().chain(flags).collect())?;
    Ok(Transformed { table, changes, suppression })
}

fn validate(table: &Table, columns: &[(String, u64)], k: u64) -> Result<(), TransformError> {
    let out_of_range = |key, value: String, needs| TransformError::Parameter { key, value, needs };
    if k < 2 || columns.is_empty() {
        return Err(out_of_range("k", k.to_string(), "at least 2, over at least one column"));
    }
    if columns.len() > MAX_COLUMNS {
        return Err(TransformError::TooManyColumns(columns.len()));
    }
    let mut seen = std::collections::BTreeSet::new();
    for (name, weight) in columns {
        if !seen.insert(name) {
            return Err(TransformError::ColumnTwice(name.clone()));
        }
        if !(1..=MAX_WEIGHT).contains(weight) {
            return Err(out_of_range("weights", weight.to_string(), "from 1 to 1000000"));
        }
        if table.column(&flag_of(name)).is_some() {
            return Err(TransformError::ColumnExists(flag_of(name)));
        }
    }
    Ok(())
}

/// The rows by equal values, classes in the order of their values.
fn classes(columns: &[&Column], rows: &[usize]) -> Result<Vec<Class>, TableError> {
    let code = |column: &Column, row: usize| column.codes().get(row).copied().unwrap_or_default();
    let codes: Vec<Vec<u32>> =
        columns.iter().map(|column| rows.iter().map(|&row| code(column, row)).collect()).collect();
    let coded: Vec<(&[u32], usize)> = codes
        .iter()
        .zip(columns)
        .map(|(codes, c)| (codes.as_slice(), c.dictionary().len()))
        .collect();
    let grouping = Grouping::of(rows.len(), &coded)?;
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); grouping.sizes.len()];
    for (&row, &class) in rows.iter().zip(&grouping.of_row) {
        let list = usize::try_from(class).ok().and_then(|class| members.get_mut(class));
        list.into_iter().for_each(|list| list.push(row));
    }
    let key = |rows: &[usize]| -> Vec<u32> {
        let first = rows.first().copied().unwrap_or_default();
        columns.iter().map(|column| code(column, first)).collect()
    };
    let mut classes: Vec<Class> =
        members.into_iter().map(|rows| Class { key: key(&rows), rows }).collect();
    classes.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(classes)
}

fn blanked(column: &Column, is_blank: &dyn Fn(usize) -> bool) -> Result<Column, TableError> {
    let mut texts = column.dictionary().to_vec();
    let missing = match column.null() {
        Some(code) => code,
        None => {
            texts.push(String::new());
            u32::try_from(texts.len() - 1).map_err(|_| TableError::TooLong)?
        }
    };
    let codes = column.codes().iter().zip(0..);
    let codes = codes.map(|(&code, row)| if is_blank(row) { missing } else { code }).collect();
    Column::from_codes(column.name(), texts, codes)
}

fn flags(column: &Column, is_blank: &dyn Fn(usize) -> bool) -> Result<Column, TableError> {
    let codes = (0..column.codes().len()).map(|row| u32::from(is_blank(row))).collect();
    Column::from_codes(&flag_of(column.name()), vec!["0".into(), "1".into()], codes)
}

/// All sets of them are tried.
const MAX_COLUMNS: usize = 12;
/// Far below where sums of weights and rows overflow.
const MAX_WEIGHT: u64 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Reason as _;
    use std::ops::ControlFlow;

    /// A table of rows of one-letter cells; `-` is missing.
    fn table(rows: &[&str]) -> Table {
        let width = rows.first().map_or(1, |row| row.len());
        let cell = |row: &&str, at: usize| {
            let letter = row.chars().nth(at).filter(|&letter| letter != '-');
            letter.map(String::from).unwrap_or_default()
        };
        let column = |at: usize| {
            let cells: Vec<String> = rows.iter().map(|row| cell(row, at)).collect();
            Column::encode(&format!("c{at}"), &cells).unwrap()
        };
        Table::new((0..width).map(column).collect()).unwrap()
    }

    fn run(
        rows: &[&str],
        suppressed: &[bool],
        weights: &[u64],
        k: u64,
    ) -> Result<Transformed, TransformError> {
        let columns: Vec<(String, u64)> =
            weights.iter().zip(0..).map(|(&weight, at)| (format!("c{at}"), weight)).collect();
        suppress(&table(rows), suppressed, &columns, k, &mut |_| ControlFlow::Continue(()))
    }

    /// The rows, `*` for a suppressed cell.
    fn shown(found: &Transformed, width: usize) -> Vec<String> {
        let columns = found.table.columns();
        let cell = |row: usize, at: usize| match columns[at + width].cell(row).unwrap() {
            "1" => "*".to_owned(),
            _ => columns[at].cell(row).filter(|text| !text.is_empty()).unwrap_or("-").to_owned(),
        };
        let row = |row| (0..width).map(|at| cell(row, at)).collect();
        (0..found.table.rows()).map(row).collect()
    }

    #[test]
    fn the_cheapest_columns_go_first() {
        let rows = ["ax", "bx", "ay", "ay", "cz", "cw"];
        let found = run(&rows, &[], &[1, 1], 2).unwrap();
        assert_eq!(shown(&found, 2), ["*x", "*x", "ay", "ay", "c*", "c*"]);
        assert_eq!(found.suppression, Some(Suppression { at_risk: 4, cells: 4 }));
        assert_eq!(found.table.column("c0_suppressed").unwrap().codes(), [1, 1, 0, 0, 0, 0]);
        let changed: Vec<u64> = found.changes.iter().map(|change| change.changed).collect();
        assert_eq!(changed, [2, 2]);
        // If the first column is dear, its cells stay where they can.
        let found = run(&["ax", "ay", "bx", "by"], &[], &[5, 1], 2).unwrap();
        assert_eq!(shown(&found, 2), ["a*", "a*", "b*", "b*"]);
        let found = run(&["ax", "ay", "bx", "by"], &[], &[1, 5], 2).unwrap();
        assert_eq!(shown(&found, 2), ["*x", "*y", "*x", "*y"]);
    }

    #[test]
    fn what_is_left_over_is_filled_up_with_rows_that_can_be_spared() {
        // One row is alone: one of the three that have its second value joins it.
        let found = run(&["ax", "bx", "bx", "bx"], &[], &[1, 1], 2).unwrap();
        assert_eq!(shown(&found, 2), ["*x", "*x", "bx", "bx"]);
        assert_eq!(found.suppression, Some(Suppression { at_risk: 1, cells: 2 }));
        // No class can spare one: a whole class joins it.
        let found = run(&["ax", "by", "by"], &[], &[1, 1], 2).unwrap();
        assert_eq!(shown(&found, 2), ["**", "**", "**"]);
    }

    #[test]
    fn a_cell_that_was_missing_is_no_suppressed_one() {
        let found = run(&["-x", "-x", "ax", "bx"], &[], &[1, 1], 2).unwrap();
        assert_eq!(shown(&found, 2), ["-x", "-x", "*x", "*x"]);
        // Someone of two who lacked a value is not hidden by a suppressed cell of the other.
        let found = run(&["-x", "ax"], &[], &[1, 1], 2).unwrap();
        assert_eq!(shown(&found, 2), ["*x", "*x"]);
    }

    #[test]
    fn suppressed_rows_hide_nobody() {
        let found =
            run(&["--", "--", "ax", "bx"], &[true, true, false, false], &[1, 1], 2).unwrap();
        assert_eq!(shown(&found, 2), ["**", "**", "*x", "*x"]);
        assert_eq!(found.suppression, Some(Suppression { at_risk: 2, cells: 2 }));
    }

    #[test]
    fn what_cannot_be_suppressed_is_refused() {
        let refused =
            |rows: &[&str], weights: &[u64], k| run(rows, &[], weights, k).unwrap_err().reason();
        assert_eq!(refused(&["ax"], &[1, 1], 2), "transform.too-few-rows");
        assert_eq!(refused(&["ax", "ay"], &[1, 1], 1), "transform.parameter");
        assert_eq!(refused(&["ax", "ay"], &[1, 0], 2), "transform.parameter");
        assert_eq!(refused(&["ax", "ay"], &[], 2), "transform.parameter");
        assert_eq!(refused(&["ax", "ay"], &[1; 3], 2), "table.no-column");
        assert_eq!(refused(&["abcdefghijklm"; 2], &[1; 13], 2), "transform.too-many-columns");
        let again = [("c0".to_owned(), 1)];
        let once = run(&["ax", "ay"], &[], &[1, 1], 2).unwrap().table;
        let twice = suppress(&once, &[], &again, 2, &mut |_| ControlFlow::Continue(()));
        assert_eq!(twice.unwrap_err().reason(), "transform.column-exists");
        let stopped =
            suppress(&table(&["ax", "bx"]), &[], &again, 2, &mut |_| ControlFlow::Break(()));
        assert_eq!(stopped.unwrap_err().reason(), "transform.interrupted");
    }
}
