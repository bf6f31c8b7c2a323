//! A column of decimal numbers as integers of one unit, so that sums are exact.

use crate::cell;
use crate::table::Column;
use crate::transform::TransformError;

/// The numbers of one column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Numbers {
    /// In units of 10^−`decimals`; none where the cell is missing.
    pub(super) of_row: Vec<Option<i64>>,
    /// The most digits that a number of the column has after the point.
    pub(super) decimals: usize,
}

impl Numbers {
    pub(super) fn of(column: &Column) -> Result<Self, TransformError> {
        Self::with_decimals(column, 0)
    }

    /// In a unit that is fine enough for at least so many decimals.
    pub(super) fn with_decimals(column: &Column, least: usize) -> Result<Self, TransformError> {
        let spelled = column.dictionary().iter().map(|text| canonical(column, text));
        let spelled = spelled.collect::<Result<Vec<String>, _>>()?;
        let decimals = spelled.iter().map(|text| decimals_of(text)).max().unwrap_or(0).max(least);
        let of_code = spelled.iter().map(|text| scaled(column, text, decimals));
        let of_code = of_code.collect::<Result<Vec<Option<i64>>, _>>()?;
        let at = |code: &u32| of_code.get(usize::try_from(*code).ok()?).copied().flatten();
        Ok(Self { of_row: column.codes().iter().map(at).collect(), decimals })
    }

    /// The numbers that are there.
    pub(super) fn present(&self) -> impl Iterator<Item = i64> + '_ {
        self.of_row.iter().copied().flatten()
    }
}

/// Mean and standard deviation (of the population), in the unit of the numbers.
pub(super) fn moments(numbers: impl Iterator<Item = i64>) -> (f64, f64) {
    // In order, so that the rounding of sums does not depend on the order of rows.
    let mut sorted: Vec<i64> = numbers.collect();
    sorted.sort_unstable();
    let mean = quotient(sorted.iter().copied().map(i128::from).sum(), sorted.len());
    let squares: f64 = sorted.iter().map(|&number| (float(number) - mean).powi(2)).sum();
    (mean, (squares / count(sorted.len())).sqrt())
}

/// One decimal number in units of 10^−`decimals`, read as a cell of `column`.
pub(super) fn number(
    column: &Column,
    text: &str,
    decimals: usize,
) -> Result<Option<i64>, TransformError> {
    scaled(column, &canonical(column, text)?, decimals)
}

/// The digits that the number has after the point.
pub(super) fn decimals(column: &Column, text: &str) -> Result<usize, TransformError> {
    Ok(decimals_of(&canonical(column, text)?))
}

/// The shortest spelling of `number` units of 10^−`decimals`.
pub(super) fn spell(number: i128, decimals: usize) -> String {
    let sign = if number < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", number.unsigned_abs(), width = decimals + 1);
    let (whole, fraction) = digits.split_at_checked(digits.len() - decimals).unwrap_or_default();
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}")
}

/// `sum / parts`, rounded half to even.
pub(super) fn rounded_mean(sum: i128, parts: usize) -> i128 {
    let parts = i128::try_from(parts).unwrap_or(i128::MAX).max(1);
    let (whole, rest) = (sum.div_euclid(parts), sum.rem_euclid(parts));
    let up = match (2 * rest).cmp(&parts) {
        std::cmp::Ordering::Less => 0,
        std::cmp::Ordering::Equal => whole.rem_euclid(2),
        std::cmp::Ordering::Greater => 1,
    };
    whole + up
}

#[expect(clippy::cast_precision_loss, reason = "a distance is rounded in any case")]
pub(super) fn quotient(sum: i128, parts: usize) -> f64 {
    sum as f64 / parts as f64
}

#[expect(clippy::cast_precision_loss, reason = "numbers have at most 15 digits, below 2^53")]
pub(super) const fn float(number: i64) -> f64 {
    number as f64
}

#[expect(clippy::cast_precision_loss, reason = "numbers of rows are below 2^32")]
pub(super) const fn count(rows: usize) -> f64 {
    rows as f64
}

fn canonical(column: &Column, text: &str) -> Result<String, TransformError> {
    cell::number(text, EXACT_DIGITS).map_err(|_| TransformError::NotANumber {
        column: column.name().to_owned(),
        value: text.to_owned(),
    })
}

fn decimals_of(canonical: &str) -> usize {
    canonical.split_once('.').map_or(0, |(_, fraction)| fraction.len())
}

fn scaled(
    column: &Column,
    canonical: &str,
    decimals: usize,
) -> Result<Option<i64>, TransformError> {
    if canonical.is_empty() {
        return Ok(None);
    }
    let (whole, fraction) = canonical.split_once('.').unwrap_or((canonical, ""));
    let digits = format!("{whole}{fraction:0<decimals$}");
    let number = digits.parse::<i64>().ok().filter(|number| number.unsigned_abs() < LARGEST);
    number.map(Some).ok_or_else(|| TransformError::TooLarge {
        column: column.name().to_owned(),
        value: canonical.to_owned(),
    })
}

/// More digits than a number of 128 bits has: nothing is rounded.
const EXACT_DIGITS: u32 = 40;
/// Below 2^53, so that each number is exact as a float, and sums of 2^32 fit in 128 bits.
pub(super) const LARGEST: u64 = 1_000_000_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Reason as _;

    fn column(cells: &[&str]) -> Column {
        let cells: Vec<String> = cells.iter().map(|&cell| cell.to_owned()).collect();
        Column::encode("x", &cells).unwrap()
    }

    #[test]
    fn numbers_are_exact_in_the_finest_unit_of_the_column() {
        let numbers = Numbers::of(&column(&["1", "-0.25", "", "1e2", "3.10"])).unwrap();
        assert_eq!(numbers.decimals, 2);
        assert_eq!(numbers.of_row, [Some(100), Some(-25), None, Some(10_000), Some(310)]);
        for (number, text) in [(100, "1"), (-25, "-0.25"), (310, "3.1"), (0, "0"), (-5, "-0.05")] {
            assert_eq!(spell(number, 2), text);
        }
        assert_eq!(spell(-120, 0), "-120");
    }

    #[test]
    fn what_is_no_number_of_fifteen_digits_is_refused() {
        for (cells, reason) in [
            (["1", "n/a"], "transform.not-a-number"),
            (["1", "1000000000000000"], "transform.too-large"),
            (["0.001", "1000000000000"], "transform.too-large"),
        ] {
            assert_eq!(Numbers::of(&column(&cells)).unwrap_err().reason(), reason, "{cells:?}");
        }
        assert!(Numbers::of(&column(&["0.001", "999999999999"])).is_ok());
    }

    #[test]
    fn means_are_rounded_half_to_even() {
        for (sum, parts, mean) in [(7, 2, 4), (5, 2, 2), (-5, 2, -2), (-7, 2, -4), (8, 3, 3)] {
            assert_eq!(rounded_mean(sum, parts), mean, "{sum} / {parts}");
        }
    }
}
