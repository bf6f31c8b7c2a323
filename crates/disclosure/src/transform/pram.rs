//! The post-randomisation method (Gouweleeuw, Kooiman, Willenborg, de Wolf, Journal of Official
//! Statistics 14(4), 1998).

use rand_core::CryptoRng;

use crate::measures::Ratio;
use crate::table::Column;
use crate::transform::TransformError;
use crate::transform::random::{below, place};

/// Each value stays with a probability of `keep`, and becomes each other value of the column with
/// the same probability; `invariant` as in [`crate::Transformation::Pram`].
pub(super) fn randomise(
    column: &Column,
    keep: Ratio,
    invariant: bool,
    rng: &mut dyn CryptoRng,
) -> Result<Column, TransformError> {
    let frequencies = frequencies(column);
    let values: Vec<u32> = frequencies
        .iter()
        .zip(0..)
        .filter(|(count, _)| **count > 0)
        .map(|(_, code)| code)
        .collect();
    if values.len() < 2 {
        return Err(TransformError::OneValue(column.name().to_owned()));
    }
    let stays = frequencies.iter().map(|&frequency| {
        let rarest = frequencies.iter().copied().filter(|&count| count > 0).min();
        let share = if invariant { rarest.zip(Some(frequency)) } else { Some((1, 1)) };
        stays(keep, share.unwrap_or((1, 1))).ok_or_else(|| out_of_range(keep))
    });
    let stays: Vec<(u128, u128)> = stays.collect::<Result<_, _>>()?;
    let mut drawn = |code: u32| {
        // A missing value is no value of the column, and stays.
        let own = values.binary_search(&code).ok()?;
        let (numerator, denominator) = *stays.get(usize::try_from(code).ok()?)?;
        if below(rng, denominator) < numerator {
            return Some(code);
        }
        let other = place(rng, values.len() - 1);
        values.get(if other < own { other } else { other + 1 }).copied()
    };
    let codes = column.codes().iter().map(|&code| drawn(code).unwrap_or(code)).collect();
    Ok(Column::from_codes(column.name(), column.dictionary().to_vec(), codes)?)
}

/// The rows of each code; of the missing value's 0.
fn frequencies(column: &Column) -> Vec<u128> {
    let mut counts = vec![0; column.dictionary().len()];
    for &code in column.codes().iter().filter(|code| Some(**code) != column.null()) {
        if let Some(count) = usize::try_from(code).ok().and_then(|at| counts.get_mut(at)) {
            *count += 1;
        }
    }
    counts
}

/// 1 − (1 − keep) rarest / frequency, as numerator and denominator.
fn stays(keep: Ratio, (rarest, frequency): (u128, u128)) -> Option<(u128, u128)> {
    let (keep, of) = keep.parts();
    let leave = of.checked_sub(keep).filter(|leave| *leave > 0)?;
    let all = of.checked_mul(frequency.max(1))?;
    Some((all.saturating_sub(leave.checked_mul(rarest)?), all))
}

fn out_of_range(keep: Ratio) -> TransformError {
    let value = keep.to_f64().to_string();
    TransformError::Parameter { key: "keep", value, needs: "from 0 to below 1" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chacha20::ChaCha20Rng;
    use domain::Reason as _;
    use rand_core::SeedableRng as _;

    const FREQUENCIES: [(&str, usize); 3] = [("a", 1_000), ("b", 4_000), ("c", 15_000)];

    fn column(frequencies: &[(&str, usize)]) -> Column {
        let cells = frequencies.iter().flat_map(|&(text, rows)| vec![text.to_owned(); rows]);
        Column::encode("x", &cells.collect::<Vec<_>>()).unwrap()
    }

    fn pram(column: &Column, keep: u128, invariant: bool) -> Result<Column, TransformError> {
        let mut rng = ChaCha20Rng::from_seed([9; 32]);
        randomise(column, Ratio::new(keep, 10).unwrap(), invariant, &mut rng)
    }

    /// Rows that have become `to` of those that were `from`.
    fn moved(before: &Column, after: &Column, from: &str, to: &str) -> f64 {
        let rows = 0..before.codes().len();
        let is = |row: &usize| before.cell(*row) == Some(from) && after.cell(*row) == Some(to);
        f64::from(u32::try_from(rows.filter(is).count()).unwrap())
    }

    /// Whether a count of `n` independent rows may have this probability. Hoeffding: it is off by
    /// more than √(n ln(2 / a) / 2) with a probability of at most a, here 10⁻¹¹.
    fn likely(found: f64, n: usize, probability: f64) -> bool {
        let n = f64::from(u32::try_from(n).unwrap());
        (found - n * probability).abs() <= (n * (2.0e11_f64).ln() / 2.0).sqrt()
    }

    #[test]
    fn values_move_with_the_probabilities_of_the_matrix() {
        let before = column(&FREQUENCIES);
        for invariant in [false, true] {
            let after = pram(&before, 8, invariant).unwrap();
            for (from, rows) in FREQUENCIES {
                for (to, _) in FREQUENCIES {
                    let rarest_share = 1_000.0 / f64::from(u32::try_from(rows).unwrap());
                    let leaves = if invariant { 0.2 * rarest_share } else { 0.2 };
                    let expected = if from == to { 1.0 - leaves } else { leaves / 2.0 };
                    let found = moved(&before, &after, from, to);
                    assert!(likely(found, rows, expected), "{invariant} {from} {to} {found}");
                }
            }
        }
    }

    #[test]
    fn invariant_frequencies_stay_near_those_of_the_column() {
        let before = column(&FREQUENCIES);
        let found = |after: &Column, to| -> f64 {
            FREQUENCIES.iter().map(|&(from, _)| moved(&before, after, from, to)).sum()
        };
        let share = |rows: usize| f64::from(u32::try_from(rows).unwrap()) / 20_000.0;
        let invariant = pram(&before, 2, true).unwrap();
        for (to, rows) in FREQUENCIES {
            assert!(likely(found(&invariant, to), 20_000, share(rows)), "{to}");
        }
        // The other matrix makes 200 + 1,600 + 6,000 rows of 1,000 `a`: far more than chance would.
        let other = found(&pram(&before, 2, false).unwrap(), "a");
        assert!(likely(other, 20_000, share(7_800)) && !likely(other, 20_000, share(1_000)));
    }

    #[test]
    fn the_invariant_matrix_keeps_the_expected_frequencies() {
        // Σ over values k of T_k p_kl = T_l, exactly: with T = (1, 4, 15) and keep = 8/10.
        let keep = Ratio::new(8, 10).unwrap();
        let counts = [1_u128, 4, 15];
        for (l, own) in counts.into_iter().enumerate() {
            // In units of 1/20: 10 from `keep`, 2 for the two other values.
            let arrives = counts.into_iter().enumerate().map(|(k, frequency)| {
                let (stays, of) = stays(keep, (1, frequency)).unwrap();
                assert_eq!(of, 10 * frequency);
                if k == l { 2 * stays } else { of - stays }
            });
            assert_eq!(arrives.sum::<u128>(), 20 * own);
        }
    }

    #[test]
    fn missing_stays_missing_and_one_seed_gives_one_table() {
        let before = column(&[("", 50), ("a", 50), ("b", 50)]);
        let after = pram(&before, 0, false).unwrap();
        // With keep = 0 of two values each becomes the other.
        assert_eq!(
            after,
            Column::encode(
                "x",
                &[vec![String::new(); 50], vec!["b".to_owned(); 50], vec!["a".to_owned(); 50]]
                    .concat()
            )
            .unwrap()
        );
        assert_eq!(pram(&before, 5, false).unwrap(), pram(&before, 5, false).unwrap());
    }

    #[test]
    fn what_cannot_be_randomised_is_refused() {
        let two = column(&[("a", 1), ("b", 1)]);
        assert_eq!(pram(&two, 10, false).unwrap_err().reason(), "transform.parameter");
        assert_eq!(pram(&two, 11, true).unwrap_err().reason(), "transform.parameter");
        let one = column(&[("", 3), ("a", 3)]);
        assert_eq!(pram(&one, 5, false).unwrap_err().reason(), "transform.one-value");
    }
}
