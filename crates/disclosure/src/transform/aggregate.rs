//! Micro-aggregation of a table's columns.

use crate::table::{Column, Table};
use crate::transform::numbers::{Numbers, rounded_mean, spell};
use crate::transform::{Aggregated, TransformError, Watch, column, mdav};

/// Groups rows by the columns named and gives each group one value in each of them. Rows that have
/// none of the values, as suppressed ones, are in no group.
pub(super) fn aggregate(
    table: &Table,
    columns: &[Aggregated],
    group: u64,
    watch: Watch<'_>,
) -> Result<Vec<Column>, TransformError> {
    let k = usize::try_from(group).ok().filter(|k| *k >= 2 && !columns.is_empty());
    let k = k.ok_or_else(|| TransformError::Parameter {
        key: "group",
        value: group.to_string(),
        needs: "at least 2, of at least one column",
    })?;
    twice(columns)?;
    let axes = columns.iter().map(|aggregated| Axis::of(table, aggregated));
    let axes = axes.collect::<Result<Vec<Axis<'_>>, _>>()?;
    let rows = rows_with_values(table, &axes)?;
    if rows.len() < k {
        let found = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        return Err(TransformError::TooFewRows { rows: found, needed: group });
    }
    let record = |&row: &usize| axes.iter().filter_map(|axis| axis.at(row)).collect::<Vec<i64>>();
    let groups = mdav::groups(&rows.iter().map(record).collect::<Vec<_>>(), k, watch)?;
    let in_rows = |group: &Vec<usize>| -> Vec<usize> {
        group.iter().filter_map(|&place| rows.get(place).copied()).collect()
    };
    let groups: Vec<Vec<usize>> = groups.iter().map(in_rows).collect();
    axes.iter().map(|axis| axis.replaced(&groups)).collect()
}

fn twice(columns: &[Aggregated]) -> Result<(), TransformError> {
    let mut seen = std::collections::BTreeSet::new();
    match columns.iter().find(|aggregated| !seen.insert(&aggregated.column)) {
        Some(twice) => Err(TransformError::ColumnTwice(twice.column.clone())),
        None => Ok(()),
    }
}

/// Rows that have a value on every axis.
fn rows_with_values(table: &Table, axes: &[Axis<'_>]) -> Result<Vec<usize>, TransformError> {
    let mut rows = Vec::new();
    for row in 0..table.rows() {
        let lacking = axes.iter().find(|axis| axis.at(row).is_none());
        match lacking {
            None => rows.push(row),
            Some(axis) if axes.iter().any(|axis| axis.at(row).is_some()) => {
                let column = axis.column.name().to_owned();
                let row = u64::try_from(row).unwrap_or(u64::MAX).saturating_add(1);
                return Err(TransformError::Missing { column, row });
            }
            Some(_) => {}
        }
    }
    Ok(rows)
}

/// One column as numbers.
struct Axis<'a> {
    column: &'a Column,
    /// Numbers as they are, or the places of values in their order.
    numbers: Numbers,
    order: Option<&'a [String]>,
}

impl<'a> Axis<'a> {
    fn of(table: &'a Table, aggregated: &'a Aggregated) -> Result<Self, TransformError> {
        let column = column(table, &aggregated.column)?;
        let order = aggregated.order.as_deref();
        let numbers = match order {
            None => Numbers::of(column)?,
            Some(order) => places(column, order)?,
        };
        Ok(Self { column, numbers, order })
    }

    fn at(&self, row: usize) -> Option<i64> {
        self.numbers.of_row.get(row).copied().flatten()
    }

    fn replaced(&self, groups: &[Vec<usize>]) -> Result<Column, TransformError> {
        let mut cells = vec![String::new(); self.column.codes().len()];
        for group in groups {
            let numbers: Vec<i64> = group.iter().filter_map(|&row| self.at(row)).collect();
            let value = match self.order {
                None => mean(&numbers, self.numbers.decimals),
                Some(order) => median(numbers, order),
            };
            for &row in group {
                if let Some(cell) = cells.get_mut(row) {
                    cell.clone_from(&value);
                }
            }
        }
        Ok(Column::encode(self.column.name(), &cells)?)
    }
}

/// The place of each row's value in `order`.
fn places(column: &Column, order: &[String]) -> Result<Numbers, TransformError> {
    let place = |text: &String| {
        if text.is_empty() {
            return Ok(None);
        }
        let at = order.iter().position(|value| value == text).and_then(|at| i64::try_from(at).ok());
        at.map(Some).ok_or_else(|| TransformError::NotInOrder {
            column: column.name().to_owned(),
            value: text.clone(),
        })
    };
    let of_code = column.dictionary().iter().map(place).collect::<Result<Vec<_>, _>>()?;
    let at = |code: &u32| of_code.get(usize::try_from(*code).ok()?).copied().flatten();
    Ok(Numbers { of_row: column.codes().iter().map(at).collect(), decimals: 0 })
}

fn mean(numbers: &[i64], decimals: usize) -> String {
    let sum: i128 = numbers.iter().copied().map(i128::from).sum();
    spell(rounded_mean(sum * MORE_UNITS, numbers.len()), decimals + MORE_DECIMALS)
}

/// The lower one, if there are two.
fn median(mut places: Vec<i64>, order: &[String]) -> String {
    places.sort_unstable();
    let middle = places.get(places.len().saturating_sub(1) / 2);
    let text = middle.and_then(|&place| order.get(usize::try_from(place).ok()?));
    text.cloned().unwrap_or_default()
}

/// A mean has so many decimals more than its column.
const MORE_DECIMALS: usize = 3;
const MORE_UNITS: i128 = 1_000;

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Reason as _;
    use std::ops::ControlFlow;

    fn table(columns: &[(&str, &[&str])]) -> Table {
        let column = |(name, cells): &(&str, &[&str])| {
            let cells: Vec<String> = cells.iter().map(|&cell| cell.to_owned()).collect();
            Column::encode(name, &cells).unwrap()
        };
        Table::new(columns.iter().map(column).collect()).unwrap()
    }

    fn by(name: &str, order: Option<&[&str]>) -> Aggregated {
        let order = order.map(|order| order.iter().map(|&value| value.to_owned()).collect());
        Aggregated { column: name.into(), order }
    }

    fn run(table: &Table, by: &[Aggregated], k: u64) -> Result<Vec<Vec<String>>, TransformError> {
        let columns = aggregate(table, by, k, &mut |_| ControlFlow::Continue(()))?;
        let cells = |column: &Column| {
            (0..table.rows()).map(|row| column.cell(row).unwrap().to_owned()).collect()
        };
        Ok(columns.iter().map(cells).collect())
    }

    #[test]
    fn groups_have_the_mean_of_numbers_and_the_median_of_an_order() {
        let table = table(&[
            ("age", &["20", "21", "", "60", "61", "21.5"]),
            ("grade", &["low", "low", "", "high", "middle", "middle"]),
        ]);
        let columns = [by("age", None), by("grade", Some(&["low", "middle", "high"]))];
        let expected = [
            ["20.8333", "20.8333", "", "60.5", "60.5", "20.8333"],
            ["low", "low", "", "middle", "middle", "low"],
        ];
        assert_eq!(run(&table, &columns, 2).unwrap(), expected);
    }

    #[test]
    fn what_cannot_be_grouped_is_refused() {
        let table = table(&[
            ("age", &["20", "21", "22"]),
            ("days", &["1", "", "3"]),
            ("grade", &["low", "high", "low"]),
        ]);
        let refused = |columns: &[Aggregated], k| run(&table, columns, k).unwrap_err().reason();
        let age = || by("age", None);
        assert_eq!(refused(&[age()], 1), "transform.parameter");
        assert_eq!(refused(&[], 2), "transform.parameter");
        assert_eq!(refused(&[age()], 4), "transform.too-few-rows");
        assert_eq!(refused(&[age(), age()], 2), "transform.column-twice");
        assert_eq!(refused(&[age(), by("days", None)], 2), "transform.missing");
        assert_eq!(refused(&[by("grade", None)], 2), "transform.not-a-number");
        assert_eq!(refused(&[by("grade", Some(&["low"]))], 2), "transform.not-in-order");
        assert_eq!(refused(&[by("pay", None)], 2), "table.no-column");
    }
}
