//! Rank swapping (Moore, Controlled data-swapping techniques for masking public use microdata sets,
//! U.S. Bureau of the Census, 1996).

use rand_core::CryptoRng;

use crate::measures::Ratio;
use crate::table::Column;
use crate::transform::TransformError;
use crate::transform::numbers::Numbers;
use crate::transform::random::{place, shuffle};

/// Swaps each number, in the order of the ranks, with one that has not been swapped yet and is at
/// most `percent` of all ranks above it.
pub(super) fn swap(
    column: &Column,
    percent: Ratio,
    rng: &mut dyn CryptoRng,
) -> Result<Column, TransformError> {
    let numbers = Numbers::of(column)?;
    let mut ranked: Vec<(i64, usize)> = numbers
        .of_row
        .iter()
        .zip(0..)
        .filter_map(|(number, row)| Some(((*number)?, row)))
        .collect();
    // Equal numbers rank by chance, not as the rows came in.
    shuffle(rng, &mut ranked);
    ranked.sort_by_key(|(number, _)| *number);
    let window = window(percent, ranked.len())?;
    let mut codes = column.codes().to_vec();
    let mut swapped = vec![false; ranked.len()];
    for rank in 0..ranked.len() {
        let Some(other) = partner(&swapped, rank, window, rng) else { continue };
        for at in [rank, other] {
            if let Some(swapped) = swapped.get_mut(at) {
                *swapped = true;
            }
        }
        if let (Some((_, row)), Some((_, other))) = (ranked.get(rank), ranked.get(other)) {
            codes.swap(*row, *other);
        }
    }
    Ok(Column::from_codes(column.name(), column.dictionary().to_vec(), codes)?)
}

/// How many ranks apart two values may be.
fn window(percent: Ratio, values: usize) -> Result<usize, TransformError> {
    let refused = |needs| TransformError::Parameter {
        key: "percent",
        value: percent.to_f64().to_string(),
        needs,
    };
    if Ratio::new(100, 1).is_none_or(|all| percent > all) {
        return Err(refused("at most 100"));
    }
    let (numerator, denominator) = percent.parts();
    let product = u128::try_from(values).ok().and_then(|values| numerator.checked_mul(values));
    let hundredth = denominator.checked_mul(100);
    let ranks = product.zip(hundredth).and_then(|(p, h)| usize::try_from(p.checked_div(h)?).ok());
    ranks.filter(|ranks| *ranks > 0).ok_or_else(|| refused("at least one of the column's ranks"))
}

/// A rank above `rank` that has not been swapped, each with the same probability; none if `rank`
/// has been, or all above it.
fn partner(swapped: &[bool], rank: usize, window: usize, rng: &mut dyn CryptoRng) -> Option<usize> {
    let first = rank + 1;
    let above = swapped.get(first..swapped.len().min(first.saturating_add(window)))?;
    if swapped.get(rank) != Some(&false) || above.is_empty() {
        return None;
    }
    // Most of them are free, so that looking at all is seldom needed.
    for _ in 0..TRIES {
        let at = place(rng, above.len());
        if above.get(at) == Some(&false) {
            return Some(first + at);
        }
    }
    let free: Vec<usize> =
        above.iter().zip(first..).filter(|(swapped, _)| !**swapped).map(|(_, at)| at).collect();
    free.get(place(rng, free.len())).copied()
}

const TRIES: u32 = 32;

#[cfg(test)]
mod tests {
    use super::*;
    use chacha20::ChaCha20Rng;
    use domain::Reason as _;
    use proptest::prelude::*;
    use rand_core::SeedableRng as _;

    fn swapped(numbers: &[u8], percent: u128, seed: u8) -> Result<Vec<u8>, TransformError> {
        let cells: Vec<String> = numbers.iter().map(u8::to_string).collect();
        let column = Column::encode("x", &cells).unwrap();
        let mut rng = ChaCha20Rng::from_seed([seed; 32]);
        let after = swap(&column, Ratio::new(percent, 1).unwrap(), &mut rng)?;
        Ok((0..numbers.len()).map(|row| after.cell(row).unwrap().parse().unwrap()).collect())
    }

    proptest! {
        #[test]
        fn values_stay_and_move_by_no_more_than_the_window(
            numbers in prop::collection::vec(any::<u8>(), 20..80), percent in 5_u128..30, seed: u8,
        ) {
            let after = swapped(&numbers, percent, seed).unwrap();
            let sorted = |list: &[u8]| { let mut list = list.to_vec(); list.sort_unstable(); list };
            let ranks = sorted(&numbers);
            prop_assert_eq!(&sorted(&after), &ranks);
            let window = numbers.len() * usize::try_from(percent).unwrap() / 100;
            // Between the ranks that equal values may have, the nearest pair counts.
            let (low, high) = (
                |v: u8| ranks.partition_point(|&other| other < v),
                |v: u8| ranks.partition_point(|&other| other <= v) - 1,
            );
            for (&before, &after) in numbers.iter().zip(&after) {
                let (small, large) = (before.min(after), before.max(after));
                prop_assert!(low(large).saturating_sub(high(small)) <= window);
            }
            prop_assert_eq!(&after, &swapped(&numbers, percent, seed).unwrap());
        }
    }

    #[test]
    fn nearly_all_are_swapped() {
        let numbers: Vec<u8> = (0..200).collect();
        let after = swapped(&numbers, 10, 3).unwrap();
        let same = numbers.iter().zip(&after).filter(|(a, b)| a == b).count();
        // Only ranks whose window is used up stay: few, and none but near the top if the window is 20.
        assert!(same <= 20, "{same}");
        assert!(numbers.iter().zip(&after).all(|(a, b)| a.abs_diff(*b) <= 20));
    }

    #[test]
    fn a_window_of_no_rank_is_refused() {
        for (rows, percent) in [(9, 10), (9, 101), (0, 50), (9, 0)] {
            let refused = swapped(&vec![1; rows], percent, 1).unwrap_err();
            assert_eq!(refused.reason(), "transform.parameter", "{rows} rows, {percent} %");
        }
        assert!(swapped(&[1; 10], 10, 1).is_ok());
    }
}
