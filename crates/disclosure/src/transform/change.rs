//! What a transformation did to a column.

use crate::table::Column;
use crate::transform::numbers::count;

/// What became of one column.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The column.
    pub column: String,
    /// Cells that had a value.
    pub cells: u64,
    /// Those that have another, or none.
    pub changed: u64,
    /// How far numbers moved; none if some value, before or after, is no number.
    pub numeric: Option<NumericChange>,
}

/// How far the numbers of one column moved, over the rows that have one before and after.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NumericChange {
    /// The mean of |after − before|.
    pub mean_absolute: f64,
    /// Pearson's correlation of before and after; none where either is constant.
    pub correlation: Option<f64>,
}

impl Change {
    /// From `before` to `after`, columns of one length. Numbers that are spelled differently are
    /// equal.
    pub(super) fn of(before: &Column, after: &Column) -> Self {
        let numbers = Floats::of(before).zip(Floats::of(after));
        let (mut cells, mut changed) = (0, 0);
        for row in 0..before.codes().len() {
            let same_number = || {
                numbers.as_ref().is_some_and(|(b, a)| b.at(row).is_some() && b.at(row) == a.at(row))
            };
            if before.cell(row).is_some_and(|text| !text.is_empty()) {
                cells += 1;
                changed += u64::from(before.cell(row) != after.cell(row) && !same_number());
            }
        }
        let numeric = numbers.and_then(|(before, after)| NumericChange::of(&before, &after));
        Self { column: before.name().to_owned(), cells, changed, numeric }
    }
}

impl NumericChange {
    fn of(before: &Floats<'_>, after: &Floats<'_>) -> Option<Self> {
        let pairs: Vec<(f64, f64)> = (0..before.column.codes().len())
            .filter_map(|row| before.at(row).zip(after.at(row)))
            .collect();
        if pairs.is_empty() {
            return None;
        }
        let mean = |of: &dyn Fn(&(f64, f64)) -> f64| {
            pairs.iter().map(of).sum::<f64>() / count(pairs.len())
        };
        let (mean_before, mean_after) = (mean(&|pair| pair.0), mean(&|pair| pair.1));
        let covariance = mean(&|pair| (pair.0 - mean_before) * (pair.1 - mean_after));
        let variance_before = mean(&|pair| (pair.0 - mean_before).powi(2));
        let variance_after = mean(&|pair| (pair.1 - mean_after).powi(2));
        let deviations = (variance_before * variance_after).sqrt();
        Some(Self {
            mean_absolute: mean(&|pair| (pair.1 - pair.0).abs()),
            correlation: (deviations > 0.0).then(|| (covariance / deviations).clamp(-1.0, 1.0)),
        })
    }
}

/// The values of a column as floats.
struct Floats<'a> {
    column: &'a Column,
    of_code: Vec<Option<f64>>,
}

impl<'a> Floats<'a> {
    /// None if a value is no number.
    fn of(column: &'a Column) -> Option<Self> {
        let read = |text: &String| match text.as_str() {
            "" => Some(None),
            text => text.parse::<f64>().ok().filter(|number| number.is_finite()).map(Some),
        };
        let of_code = column.dictionary().iter().map(read).collect::<Option<_>>()?;
        Some(Self { column, of_code })
    }

    fn at(&self, row: usize) -> Option<f64> {
        let code = usize::try_from(*self.column.codes().get(row)?).ok()?;
        self.of_code.get(code).copied().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(cells: &[&str]) -> Column {
        let cells: Vec<String> = cells.iter().map(|&cell| cell.to_owned()).collect();
        Column::encode("x", &cells).unwrap()
    }

    #[test]
    fn changes_are_counted_by_value() {
        let before = column(&["1", "2", "3", "", "4.0"]);
        let change = Change::of(&before, &column(&["2", "2", "", "", "4"]));
        assert_eq!((change.cells, change.changed), (4, 2));
        // Rows 1, 2 and 5: from 1, 2, 4 to 2, 2, 4.
        let numeric = change.numeric.unwrap();
        assert!((numeric.mean_absolute - 1.0 / 3.0).abs() < 1e-15);
        // Covariance (−4/3·−2/3 + 1/3·2/3 + 5/3·4/3) / 3 = 10/9, variances 14/9 and 8/9.
        let expected = (10.0 / 9.0) / (14.0_f64 / 9.0 * 8.0 / 9.0).sqrt();
        assert!((numeric.correlation.unwrap() - expected).abs() < 1e-12);
    }

    #[test]
    fn texts_do_not_move() {
        let change = Change::of(&column(&["1", "2"]), &column(&["1", "above 1"]));
        assert_eq!((change.changed, change.numeric), (1, None));
        let constant = Change::of(&column(&["1", "2"]), &column(&["1.5", "1.5"]));
        assert_eq!(constant.numeric.unwrap().correlation, None);
    }
}
