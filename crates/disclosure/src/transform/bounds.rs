//! Top and bottom coding (Hundepool et al., Statistical Disclosure Control, 2012, section 3.4.3).

use std::cmp::Ordering;

use crate::table::Column;
use crate::transform::numbers::{Numbers, decimals, number};
use crate::transform::{Coding, TransformError};

/// Numbers above the bound become it.
pub(super) fn top(column: &Column, coding: &Coding) -> Result<Column, TransformError> {
    beyond(column, coding, Ordering::Greater)
}

/// Numbers below the bound become it.
pub(super) fn bottom(column: &Column, coding: &Coding) -> Result<Column, TransformError> {
    beyond(column, coding, Ordering::Less)
}

fn beyond(column: &Column, coding: &Coding, side: Ordering) -> Result<Column, TransformError> {
    let numbers = Numbers::with_decimals(column, decimals(column, &coding.bound)?)?;
    let no_bound = || TransformError::Parameter {
        key: "at",
        value: coding.bound.clone(),
        needs: "a decimal number",
    };
    let bound = number(column, &coding.bound, numbers.decimals)?.ok_or_else(no_bound)?;
    let shown = coding.label.as_ref().unwrap_or(&coding.bound);
    let cells = numbers.of_row.iter().zip(column.codes()).map(|(number, code)| {
        let is_beyond = number.is_some_and(|number| number.cmp(&bound) == side);
        let own = || usize::try_from(*code).ok().and_then(|at| column.dictionary().get(at));
        if is_beyond { shown.clone() } else { own().cloned().unwrap_or_default() }
    });
    Ok(Column::encode(column.name(), &cells.collect::<Vec<_>>())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Reason as _;

    fn column(cells: &[&str]) -> Column {
        let cells: Vec<String> = cells.iter().map(|&cell| cell.to_owned()).collect();
        Column::encode("income", &cells).unwrap()
    }

    fn coding(bound: &str, label: Option<&str>) -> Coding {
        let label = label.map(str::to_owned);
        Coding { column: "income".into(), bound: bound.into(), label }
    }

    #[test]
    fn numbers_beyond_the_bound_are_shown_as_the_bound() {
        let cells = column(&["10", "9.50", "", "1e1", "9.51", "-3"]);
        let expected = column(&["9.5", "9.50", "", "9.5", "9.5", "-3"]);
        assert_eq!(top(&cells, &coding("9.5", None)), Ok(expected));
        let expected = column(&["10", "9.50", "", "1e1", "9.51", "under 0"]);
        assert_eq!(bottom(&cells, &coding("0", Some("under 0"))), Ok(expected));
    }

    #[test]
    fn a_bound_between_the_columns_own_units_is_exact() {
        let cells = column(&["1", "2"]);
        assert_eq!(top(&cells, &coding("1.5", None)), Ok(column(&["1", "1.5"])));
        for (bound, reason) in [("", "transform.parameter"), ("much", "transform.not-a-number")] {
            let refused = top(&cells, &coding(bound, None)).unwrap_err();
            assert_eq!(refused.reason(), reason);
        }
    }
}
