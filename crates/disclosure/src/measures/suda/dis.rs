//! From scores to a chance: the DIS method shared out by score (Elliot: Special Uniques Detection
//! Algorithm, User Guide, 2004), as sdcMicro and ARX do it.

use std::collections::BTreeMap;

use crate::measures::suda::Suda;

/// The share of the population that is in the sample: above 0, at most 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct SamplingFraction(f64);

impl SamplingFraction {
    /// None for a share that is not above 0 or above 1.
    #[must_use]
    pub fn new(share: f64) -> Option<Self> {
        (share > 0.0 && share <= 1.0).then_some(Self(share))
    }

    /// The share.
    #[must_use]
    pub const fn share(self) -> f64 {
        self.0
    }
}

impl Default for SamplingFraction {
    /// 1 %, as in sdcMicro.
    fn default() -> Self {
        Self(0.01)
    }
}

/// Chances that a row which is matched uniquely is matched correctly, each from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SudaDis {
    /// Of the whole table: U f / (U f + P (1 − f)), with U rows in classes of one, P in classes of
    /// two, and the sampling fraction f (Skinner, Elliot, JRSS B 64(4), 2002).
    pub file: f64,
    /// The largest of a row.
    pub max: f64,
    /// The mean over all rows; a row without an MSU counts 0.
    pub mean: f64,
}

impl Suda {
    /// The DIS-SUDA scores. None if no row has an MSU.
    ///
    /// With Q = 1 + (8 − M) / 20 and A = Σ score^−Q over the rows with an MSU, a row's is
    /// 1 / (1 + (U / file − U) / (score^Q A)).
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a report is rounded")]
    pub fn dis(&self, fraction: SamplingFraction) -> Option<SudaDis> {
        // By score, so that the sum is taken in one order whatever that of the rows.
        let mut rows_of_score: BTreeMap<u128, u64> = BTreeMap::new();
        for &(_, score) in &self.scores {
            *rows_of_score.entry(score).or_default() += 1;
        }
        let (&largest, _) = rows_of_score.last_key_value()?;
        let f = fraction.share();
        let (singles, paired) = (self.singles as f64, self.paired as f64);
        let file = singles * f / (singles * f + paired * (1.0 - f));
        let exponent = 1.0 + (8.0 - self.scores_with.len() as f64) / 20.0;
        let power = |score: u128| (score as f64).powf(exponent);
        let inverse: f64 = rows_of_score.iter().map(|(&s, &rows)| rows as f64 / power(s)).sum();
        let spread = (singles / file - singles) / inverse;
        let dis = |score: u128| 1.0 / (1.0 + spread / power(score));
        let sum: f64 = rows_of_score.iter().map(|(&s, &rows)| rows as f64 * dis(s)).sum();
        Some(SudaDis { file, max: dis(largest), mean: sum / self.rows as f64 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With one row for each score, 8 columns, so that Q = 1, and `paired` rows in pairs.
    fn suda(scores: &[u128], paired: u64) -> Suda {
        Suda {
            max_size: 3,
            sizes: BTreeMap::new(),
            scores: (0..).zip(scores.iter().copied()).collect(),
            scores_with: vec![(String::new(), 0); 8],
            rows: 10,
            singles: 2,
            paired,
        }
    }

    #[test]
    fn the_chance_of_the_file_is_shared_out_by_score() {
        let dis = suda(&[2, 6], 4).dis(SamplingFraction::default()).unwrap();
        // 2·0.01 / (0.02 + 4·0.99) = 1/199; A = 1/2 + 1/6, and (2·199 − 2) / A = 594.
        assert!((dis.file - 1.0 / 199.0).abs() < 1e-15, "{dis:?}");
        assert!((dis.max - 1.0 / (1.0 + 594.0 / 6.0)).abs() < 1e-15, "{dis:?}");
        let mean = (1.0 / (1.0 + 594.0 / 6.0) + 1.0 / (1.0 + 594.0 / 2.0)) / 10.0;
        assert!((dis.mean - mean).abs() < 1e-15, "{dis:?}");
    }

    #[test]
    fn the_number_of_columns_sets_the_exponent() {
        let mut few = suda(&[2, 6], 4);
        few.scores_with.truncate(3);
        // Q = 1.25.
        let inverse = 2_f64.powf(-1.25) + 6_f64.powf(-1.25);
        let max = 1.0 / (1.0 + 396.0 / inverse / 6_f64.powf(1.25));
        let dis = few.dis(SamplingFraction::default()).unwrap();
        assert!((dis.max - max).abs() < 1e-15, "{dis:?} {max}");
    }

    #[test]
    fn without_pairs_or_outside_the_sample_nothing_is_in_doubt() {
        for (paired, fraction) in [(0, 0.01), (4, 1.0)] {
            let dis = suda(&[2, 6], paired).dis(SamplingFraction::new(fraction).unwrap()).unwrap();
            assert_eq!((dis.file, dis.max, dis.mean), (1.0, 1.0, 0.2));
        }
        assert_eq!(suda(&[], 4).dis(SamplingFraction::default()), None);
    }

    #[test]
    fn a_fraction_is_a_share() {
        for none in [0.0, -0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert_eq!(SamplingFraction::new(none), None, "{none}");
        }
        assert!(SamplingFraction::new(1.0).is_some());
    }
}
