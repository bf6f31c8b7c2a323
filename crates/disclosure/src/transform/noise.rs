//! Additive noise (Brand, Microdata protection through noise addition, LNCS 2316, 2002).

use std::f64::consts::{SQRT_2, TAU};

use rand_core::CryptoRng;

use crate::table::Column;
use crate::transform::numbers::{LARGEST, Numbers, moments, spell};
use crate::transform::random::unit;
use crate::transform::{Distribution, Spread, TransformError};

/// Adds an independent number to each of the column's, rounded to its decimals.
pub(super) fn add(
    column: &Column,
    distribution: Distribution,
    spread: Spread,
    rng: &mut dyn CryptoRng,
) -> Result<Column, TransformError> {
    let numbers = Numbers::of(column)?;
    let scale = scale(column, &numbers, distribution, spread)?;
    let mut noisy = |number: i64| {
        let shift = whole(scale * standard(distribution, rng))?;
        Some(number + shift).filter(|sum| sum.unsigned_abs() < LARGEST)
    };
    let too_wide = || out_of_range(spread, "so small that sums have at most 15 digits");
    let cells = numbers.of_row.iter().map(|number| match number {
        None => Ok(String::new()),
        Some(number) => {
            let sum = noisy(*number).ok_or_else(too_wide)?;
            Ok(spell(sum.into(), numbers.decimals))
        }
    });
    Ok(Column::encode(column.name(), &cells.collect::<Result<Vec<_>, TransformError>>()?)?)
}

/// σ or b in the unit of the numbers.
fn scale(
    column: &Column,
    numbers: &Numbers,
    distribution: Distribution,
    spread: Spread,
) -> Result<f64, TransformError> {
    let scale = match spread {
        Spread::Scale(scale) => {
            scale * 10_f64.powi(i32::try_from(numbers.decimals).unwrap_or(i32::MAX))
        }
        Spread::Relative(share) => {
            let (_, deviation) = moments(numbers.present());
            if deviation.is_nan() || deviation == 0.0 {
                return Err(TransformError::OneValue(column.name().to_owned()));
            }
            match distribution {
                Distribution::Gaussian => share * deviation,
                // The standard deviation of a Laplace distribution is b √2.
                Distribution::Laplace => share * deviation / SQRT_2,
            }
        }
    };
    let is_possible = scale.is_finite() && scale > 0.0;
    is_possible.then_some(scale).ok_or_else(|| out_of_range(spread, "above 0"))
}

fn out_of_range(spread: Spread, needs: &'static str) -> TransformError {
    let (key, value) = match spread {
        Spread::Scale(scale) => ("scale", scale),
        Spread::Relative(share) => ("relative", share),
    };
    TransformError::Parameter { key, value: value.to_string(), needs }
}

/// A number of the distribution with σ = 1 or b = 1.
fn standard(distribution: Distribution, rng: &mut dyn CryptoRng) -> f64 {
    match distribution {
        // Box, Muller, Annals of Mathematical Statistics 29(2), 1958.
        Distribution::Gaussian => (-2.0 * unit(rng).ln()).sqrt() * (TAU * unit(rng)).cos(),
        Distribution::Laplace => {
            let size = -unit(rng).ln();
            if rng.next_u64() & 1 == 0 { size } else { -size }
        }
    }
}

/// The nearest integer; none if it has too many digits.
#[expect(clippy::cast_possible_truncation, reason = "an integer below 2^53, as is checked")]
fn whole(number: f64) -> Option<i64> {
    let rounded = number.round();
    (rounded.abs() < 1e15).then_some(rounded as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transform::numbers::{count, float};
    use chacha20::ChaCha20Rng;
    use domain::Reason as _;
    use rand_core::SeedableRng as _;

    fn column(rows: usize, text: fn(usize) -> String) -> Column {
        Column::encode("x", &(0..rows).map(text).collect::<Vec<_>>()).unwrap()
    }

    /// Mean, standard deviation and mean size of what is added to 20,000 numbers.
    fn added(distribution: Distribution, spread: Spread) -> (f64, f64, f64) {
        // 0 and 2 in turn: standard deviation 1. Three decimals make rounding small.
        let text = |row: usize| if row.is_multiple_of(2) { "0.001".into() } else { "2".into() };
        let before = column(20_000, text);
        let mut rng = ChaCha20Rng::from_seed([7; 32]);
        let after = Numbers::of(&add(&before, distribution, spread, &mut rng).unwrap()).unwrap();
        let scaled = Numbers::with_decimals(&before, after.decimals).unwrap();
        let unit = 10_f64.powi(i32::try_from(after.decimals).unwrap());
        let pairs = after.present().zip(scaled.present());
        let noise: Vec<f64> = pairs.map(|(a, b)| float(a - b) / unit).collect();
        let mean = |of: &dyn Fn(f64) -> f64| {
            noise.iter().map(|&n| of(n)).sum::<f64>() / count(noise.len())
        };
        (mean(&|n| n), mean(&|n| n * n).sqrt(), mean(&f64::abs))
    }

    #[test]
    fn noise_spreads_as_asked() {
        // The seed is fixed, and the bounds are 6 standard errors or more: the mean of 20,000
        // numbers of deviation s errs by s / 141, a deviation by s / 200 (Gaussian), s / 126 (Laplace).
        let gaussian = Distribution::Gaussian;
        let laplace = Distribution::Laplace;
        for (distribution, spread, deviation, size) in [
            (gaussian, Spread::Scale(3.0), 3.0, 3.0 * (2.0 / std::f64::consts::PI).sqrt()),
            (gaussian, Spread::Relative(0.5), 0.5, 0.5 * (2.0 / std::f64::consts::PI).sqrt()),
            (laplace, Spread::Scale(3.0), 3.0 * SQRT_2, 3.0),
            (laplace, Spread::Relative(0.5), 0.5, 0.5 / SQRT_2),
        ] {
            let (mean, found, mean_size) = added(distribution, spread);
            assert!(mean.abs() < deviation * 0.05, "{distribution:?} {mean}");
            assert!((found / deviation - 1.0).abs() < 0.05, "{distribution:?} {found}");
            assert!((mean_size / size - 1.0).abs() < 0.05, "{distribution:?} {mean_size}");
        }
    }

    #[test]
    fn one_seed_gives_one_table_and_missing_stays_missing() {
        let cells = column(100, |row| if row == 7 { String::new() } else { row.to_string() });
        let with = |seed| {
            let mut rng = ChaCha20Rng::from_seed([seed; 32]);
            add(&cells, Distribution::Laplace, Spread::Scale(2.0), &mut rng).unwrap()
        };
        assert_eq!(with(1), with(1));
        assert_ne!(with(1), with(2));
        let text = with(1);
        let empty: Vec<usize> = (0..100).filter(|&row| text.cell(row) == Some("")).collect();
        assert_eq!(empty, [7]);
        // As many decimals as the column had.
        assert!(text.dictionary().iter().all(|number| !number.contains('.')));
    }

    #[test]
    fn a_spread_that_is_none_is_refused() {
        let cells = column(3, |row| row.to_string());
        let constant = column(3, |_| "5".into());
        let mut rng = ChaCha20Rng::from_seed([1; 32]);
        for (cells, spread, reason) in [
            (&cells, Spread::Scale(0.0), "transform.parameter"),
            (&cells, Spread::Scale(f64::NAN), "transform.parameter"),
            (&cells, Spread::Relative(-1.0), "transform.parameter"),
            (&cells, Spread::Scale(1e30), "transform.parameter"),
            (&constant, Spread::Relative(0.1), "transform.one-value"),
        ] {
            let refused = add(cells, Distribution::Laplace, spread, &mut rng).unwrap_err();
            assert_eq!(refused.reason(), reason, "{spread:?}");
        }
    }
}
