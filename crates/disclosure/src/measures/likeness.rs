//! β-likeness (Cao, Karras: Publishing Microdata with a Robust Privacy Guarantee, PVLDB 5(11),
//! 2012): how much more likely a value may be in a class, q = n_cv / n_c, than in the table,
//! p = N_v / N. Only gains count; the distance is D = (q − p) / p.

use crate::measures::counts::{Cell, Class, Counts};
use crate::measures::{Bound, Ratio};

/// The least β of basic β-likeness, which demands D ≤ β, and that of enhanced β-likeness, which
/// demands D ≤ min(β, −ln p): the largest gain, 0 if there is none; in the enhanced form unbounded
/// where a value gains more than −ln p, which no β mends.
pub(crate) fn beta(counts: &Counts) -> (Ratio, Bound) {
    let gains = gains(counts);
    let basic = gains.iter().copied().max().unwrap_or(Ratio::ZERO);
    let mut values = counts.totals.iter().zip(gains);
    let exceeds = values.any(|(&total, gain)| exceeds_logarithm(gain, total, counts.rows));
    (basic, if exceeds { Bound::Unbounded } else { Bound::Finite(basic) })
}

/// For each value its largest gain in any class.
fn gains(counts: &Counts) -> Vec<Ratio> {
    let mut gains = vec![Ratio::ZERO; counts.totals.len()];
    let rows = u128::from(counts.rows);
    for class in counts.classes() {
        for (cell, total) in counts.with_totals(class) {
            let gain = gain(cell, total, class.size, rows);
            let most = usize::try_from(cell.value).ok().and_then(|value| gains.get_mut(value));
            if let (Some(gain), Some(most)) = (gain, most) {
                *most = gain.max(*most);
            }
        }
    }
    gains
}

/// D of one value of one class, 0 for a loss.
fn gain(cell: Cell, total: u64, size: u64, rows: u128) -> Option<Ratio> {
    let (here, expected) = (u128::from(cell.count) * rows, u128::from(total) * u128::from(size));
    Ratio::new(here.saturating_sub(expected), expected)
}

/// Whether every value of `class` gains at most `beta`; and, if `enhanced`, at most −ln p.
pub(crate) fn within(counts: &Counts, class: Class<'_>, beta: Ratio, enhanced: bool) -> bool {
    counts.with_totals(class).all(|(cell, total)| {
        gain(cell, total, class.size, counts.rows.into()).is_some_and(|gain| {
            gain <= beta && !(enhanced && exceeds_logarithm(gain, total, counts.rows))
        })
    })
}

/// Whether D > −ln p. The logarithm of a ratio is never a ratio, but for ln 1 = 0, so that the two
/// are never equal; one too close to call counts as exceeding.
fn exceeds_logarithm(gain: Ratio, total: u64, rows: u64) -> bool {
    let inverse = Ratio::new(rows.into(), total.into()).map_or(f64::INFINITY, Ratio::to_f64);
    gain > Ratio::ZERO && gain.to_f64() > inverse.ln() * (1.0 - ROUNDING)
}

/// Far above the relative error of a division and a logarithm of floats.
const ROUNDING: f64 = 1e-12;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measures::counts::tests::counts;

    fn basic(counts: &Counts) -> Ratio {
        beta(counts).0
    }

    fn enhanced(counts: &Counts) -> Bound {
        beta(counts).1
    }

    #[test]
    fn basic_is_the_largest_gain() {
        // p(a) = 3/6, q(a) = 2/2: gain 1. p(b) = 3/6, q(b) = 3/4: gain 1/2.
        assert_eq!(basic(&counts(&["aa", "abbb"])), Ratio::new(1, 1).unwrap());
        assert_eq!(basic(&counts(&["ab", "ab"])), Ratio::ZERO);
    }

    #[test]
    fn enhanced_is_unbounded_where_a_gain_exceeds_the_logarithm() {
        // p = 1/2, −ln p = 0.69: a gain of 1/2 is within, a gain of 1 is not.
        let within = counts(&["aaab", "abbb"]);
        assert_eq!(enhanced(&within), Bound::of(1, 2));
        assert_eq!(enhanced(&counts(&["aa", "bb"])), Bound::Unbounded);
        assert_eq!(enhanced(&counts(&["aa", "aa"])), Bound::Finite(Ratio::ZERO));
    }
}
