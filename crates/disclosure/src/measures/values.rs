//! A sensitive attribute's values in the order that its kind gives them.

use std::cmp::Ordering;

use crate::cell;
use crate::measures::{Kind, MeasureError, Order, Sensitive};
use crate::table::{Column, Table, TableError};

/// The values of one attribute, equal ones under one rank.
#[derive(Clone, Debug)]
pub(crate) struct Values {
    /// The rank of each row's value.
    pub(crate) of_row: Vec<u32>,
    /// How many values there are.
    pub(crate) distinct: usize,
    /// Whether ranks are an order that means something: not of categories, nor where a missing
    /// value, which has no place in any order, is among them.
    pub(crate) ordered: bool,
}

impl Values {
    pub(crate) fn of(table: &Table, sensitive: &Sensitive) -> Result<Self, MeasureError> {
        let no_column = || TableError::NoColumn(sensitive.name.clone());
        let column = table.column(&sensitive.name).ok_or_else(no_column)?;
        let ranks = match &sensitive.kind {
            Kind::Categorical | Kind::Ordered(Order::ByText) => in_text_order(column)?,
            Kind::Ordered(Order::Listed(order)) => in_listed_order(column, order)?,
            Kind::Numeric => in_number_order(column)?,
        };
        let of_row = column.codes().iter().filter_map(|&code| at(&ranks, code)).collect();
        let distinct =
            ranks.iter().max().map_or(Ok(0), |&last| usize::try_from(last).map(|n| n + 1));
        let ordered = sensitive.kind != Kind::Categorical && column.null().is_none();
        Ok(Self { of_row, distinct: distinct.map_err(|_| TableError::TooLong)?, ordered })
    }
}

fn at(ranks: &[u32], code: u32) -> Option<u32> {
    ranks.get(usize::try_from(code).ok()?).copied()
}

/// The dictionary is sorted already.
fn in_text_order(column: &Column) -> Result<Vec<u32>, MeasureError> {
    let count = u32::try_from(column.dictionary().len()).map_err(|_| TableError::TooLong)?;
    Ok((0..count).collect())
}

/// The places in the list; those that no row has leave no gap, a missing value comes last.
fn in_listed_order(column: &Column, order: &[String]) -> Result<Vec<u32>, MeasureError> {
    let place = |text: &String| {
        let listed = order.iter().position(|value| value == text);
        let missing = || text.is_empty().then_some(order.len());
        listed.or_else(missing).ok_or_else(|| MeasureError::NotInOrder {
            column: column.name().to_owned(),
            value: text.clone(),
        })
    };
    let places: Result<Vec<usize>, _> = column.dictionary().iter().map(place).collect();
    ranked(&places?, Ord::cmp)
}

/// By value, so that `1` and `1.0` are one; a missing value comes last.
fn in_number_order(column: &Column) -> Result<Vec<u32>, MeasureError> {
    let read = |text: &String| {
        cell::number(text, EXACT_DIGITS).map_err(|_| MeasureError::NotANumber {
            column: column.name().to_owned(),
            value: text.clone(),
        })
    };
    let numbers: Result<Vec<String>, _> = column.dictionary().iter().map(read).collect();
    ranked(&numbers?, |a, b| compare_numbers(a, b))
}

/// The rank of each item among the distinct ones.
fn ranked<T>(items: &[T], order: impl Fn(&T, &T) -> Ordering) -> Result<Vec<u32>, MeasureError> {
    let mut sorted: Vec<(&T, usize)> = items.iter().zip(0..).collect();
    sorted.sort_by(|(a, _), (b, _)| order(a, b));
    let mut ranks = vec![0; items.len()];
    for (group, rank) in sorted.chunk_by(|(a, _), (b, _)| order(a, b).is_eq()).zip(0_u32..) {
        for (_, at) in group {
            *ranks.get_mut(*at).ok_or(TableError::TooLong)? = rank;
        }
    }
    Ok(ranks)
}

/// Orders canonical spellings (see [`cell::number`]) by value, the empty one last.
fn compare_numbers(a: &str, b: &str) -> Ordering {
    let missing = a.is_empty().cmp(&b.is_empty());
    let by_value = || match (a.strip_prefix('-'), b.strip_prefix('-')) {
        (Some(a), Some(b)) => compare_sizes(b, a),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => compare_sizes(a, b),
    };
    missing.then_with(by_value)
}

/// Without superfluous zeros, more whole digits are more, and fractions order as texts.
fn compare_sizes(a: &str, b: &str) -> Ordering {
    let split = |text| str::split_once(text, '.').unwrap_or((text, ""));
    let ((whole_a, fraction_a), (whole_b, fraction_b)) = (split(a), split(b));
    whole_a.len().cmp(&whole_b.len()).then(whole_a.cmp(whole_b)).then(fraction_a.cmp(fraction_b))
}

/// More digits than a number of 128 bits has: nothing is rounded.
const EXACT_DIGITS: u32 = 40;

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Reason as _;

    fn values(cells: &[&str], kind: Kind) -> Result<Values, MeasureError> {
        let cells: Vec<String> = cells.iter().map(|&cell| cell.to_owned()).collect();
        let table = Table::new(vec![Column::encode("x", &cells).unwrap()]).unwrap();
        Values::of(&table, &Sensitive { name: "x".into(), kind })
    }

    fn listed(order: &[&str]) -> Kind {
        Kind::Ordered(Order::Listed(order.iter().map(|&value| value.to_owned()).collect()))
    }

    #[test]
    fn numbers_order_by_value_and_are_equal_by_value() {
        let read = values(&["10", "9", "-2", "9.0", "-10", "9.05", "1e1", "0.5"], Kind::Numeric);
        let read = read.unwrap();
        assert_eq!(read.of_row, [5, 3, 1, 3, 0, 4, 5, 2]);
        assert_eq!((read.distinct, read.ordered), (6, true));
    }

    #[test]
    fn a_missing_value_is_one_of_its_own_and_ends_the_order() {
        let read = values(&["10", "", "9", ""], Kind::Numeric).unwrap();
        assert_eq!((read.of_row.as_slice(), read.ordered), ([1, 2, 0, 2].as_slice(), false));
        let read = values(&["low", "", "high"], listed(&["low", "middle", "high"])).unwrap();
        assert_eq!((read.of_row.as_slice(), read.ordered), ([0, 2, 1].as_slice(), false));
    }

    #[test]
    fn what_a_kind_cannot_order_is_refused() {
        let not_listed = values(&["low", "hihg"], listed(&["low", "high"])).unwrap_err();
        assert_eq!(not_listed.reason(), "measure.not-in-order");
        for cell in ["N/A", " 9", "nan", "1,5"] {
            let error = values(&["10", cell], Kind::Numeric).unwrap_err();
            assert_eq!(error.reason(), "measure.not-a-number", "{cell}");
        }
    }
}
