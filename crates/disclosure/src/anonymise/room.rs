//! How much of a class that fails can be kept below.
//!
//! Whatever is kept of a class at a node below is a union of classes that hold, and in all models
//! here the most frequent values of such a union stay within what the model allows each value. So
//! many rows of the class at most can be kept, and the others are lost, at that node and at all
//! below it.

use crate::anonymise::model::{DeltaValues, ValueDemand};
use crate::measures::{Class, Counts};

/// Of m rows kept, value v can be at most `caps[v]` × m; what is so capped adds up to at least
/// `share` × m.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    caps: Vec<f64>,
    share: f64,
    /// Values that a class cannot do without.
    least_values: f64,
}

impl Room {
    /// What `demand` leaves, `counts` being of the whole table.
    pub(crate) fn of(demand: &ValueDemand, counts: &Counts) -> Self {
        let expected = |factor: f64| -> Vec<f64> {
            counts.totals.iter().map(|&total| factor * float(total) / float(counts.rows)).collect()
        };
        let any = vec![1.0; counts.totals.len()];
        let (caps, share, least_values) = match demand {
            ValueDemand::Share(alpha) => (vec![alpha.to_f64(); any.len()], 1.0, 1.0),
            ValueDemand::Distinct(l) | ValueDemand::Recursive(_, l) => (any, 1.0, float(*l)),
            ValueDemand::Entropy(l) => (any, 1.0, *l),
            // ½ Σ |q − p| = 1 − Σ min(q, p).
            ValueDemand::Equal(t) => (expected(1.0), 1.0 - t.to_f64(), 1.0),
            ValueDemand::Gain(beta, _) => (expected(1.0 + beta.to_f64()), 1.0, 1.0),
            ValueDemand::Delta(ratio, DeltaValues::Observed) => (expected(*ratio), 1.0, 1.0),
            ValueDemand::Delta(ratio, DeltaValues::All) => {
                (expected(*ratio), 1.0, float(counts.distinct()))
            }
            ValueDemand::Ordered(_) | ValueDemand::Hierarchical(..) => (any, 0.0, 1.0),
        };
        Self { caps, share, least_values }
    }

    /// The most rows of `class` that can be kept at any node at or below its own.
    pub(crate) fn most(&self, class: Class<'_>) -> u64 {
        let values = u64::try_from(class.cells.len()).unwrap_or(u64::MAX);
        if float(values) < self.least_values * (1.0 - ROUNDING) {
            return 0;
        }
        // The sum grows ever more slowly with m: what fits is all numbers up to the most.
        let (mut fits, mut beyond) = (0, class.size + 1);
        while beyond - fits > 1 {
            let rows = fits + (beyond - fits) / 2;
            if self.fits(class, rows) {
                fits = rows;
            } else {
                beyond = rows;
            }
        }
        fits
    }

    fn fits(&self, class: Class<'_>, rows: u64) -> bool {
        let rows = float(rows);
        let capped = class.cells.iter().map(|cell| {
            let cap = usize::try_from(cell.value).ok().and_then(|value| self.caps.get(value));
            float(cell.count).min(cap.copied().unwrap_or(1.0) * rows)
        });
        capped.sum::<f64>() >= self.share * rows * (1.0 - ROUNDING)
    }
}

#[expect(clippy::cast_precision_loss, reason = "numbers of rows are below 2^53")]
const fn float(number: u64) -> f64 {
    number as f64
}

/// Far above the relative error of the sums: what is too close to call fits.
const ROUNDING: f64 = 1e-9;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measures::{Ratio, Values};

    /// Classes of rows of the values a and b.
    fn most(demand: &ValueDemand, classes: &[&str]) -> Vec<u64> {
        let of_row = classes.concat().chars().map(|value| u32::from(value == 'b')).collect();
        let values = Values { of_row, distinct: 2, ordered: true };
        let rows = (0..).zip(classes).flat_map(|(at, class)| vec![at; class.len()]);
        let counts = Counts::new(&rows.collect::<Vec<u32>>(), classes.len(), &values).unwrap();
        let room = Room::of(demand, &counts);
        counts.classes().map(|class| room.most(class)).collect()
    }

    #[test]
    fn frequent_values_leave_room_for_few_rows() {
        let half = Ratio::new(1, 2).unwrap();
        // Of six a and two b two of each can be kept.
        assert_eq!(most(&ValueDemand::Share(half), &["aaaaaabb", "ab"]), [4, 2]);
        // p(a) = 7/13: with one b so many a that 1/m is at least 6/13 − 1/4 can be kept, and with one
        // a so many b that it is at least 7/13 − 1/4.
        let quarter = Ratio::new(1, 4).unwrap();
        assert_eq!(most(&ValueDemand::Equal(quarter), &["aaaaaab", "abbbbb"]), [4, 3]);
        assert_eq!(most(&ValueDemand::Gain(Ratio::ZERO, false), &["aaab", "abbb"]), [2, 2]);
        assert_eq!(most(&ValueDemand::Distinct(2), &["aa", "ab"]), [0, 2]);
        assert_eq!(most(&ValueDemand::Ordered(Ratio::ZERO), &["aa", "ab"]), [2, 2]);
    }
}
