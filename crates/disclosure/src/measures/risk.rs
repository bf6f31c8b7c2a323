//! How likely a person is found again in the table by the quasi-identifiers (El Emam, Dankar:
//! Protecting Privacy Using k-Anonymity, JAMIA 15(5), 2008).

use std::collections::BTreeMap;

use crate::measures::Ratio;
use crate::measures::candidates::Candidates;

/// Risks of an attacker who knows that a person is in the table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Risk {
    /// The prosecutor's largest chance: 1 / k.
    pub prosecutor_max: Ratio,
    /// The prosecutor's chance for a row, averaged over the rows. Each row of a class of n has the
    /// chance 1/n, so that it is the number of classes over the number of rows.
    pub prosecutor_average: f64,
    /// The share of rows that a marketer, who matches every row, gets right on average (Dankar, El
    /// Emam, PAIS 2010). Without a table of the population it is the prosecutor's average.
    pub marketer: f64,
    /// The share of rows that no other row is like.
    pub sample_uniques: Ratio,
}

impl Risk {
    /// None without rows.
    #[expect(clippy::cast_precision_loss, reason = "counts of rows are below 2^32")]
    pub(super) fn of(candidates: &Candidates) -> Option<Self> {
        let sizes = candidates.sizes();
        // By size, so that the sum is taken in one order whatever that of the rows.
        let mut rows_of_size: BTreeMap<u64, u64> = BTreeMap::new();
        for (&own, &size) in candidates.classes().sizes().iter().zip(&sizes) {
            *rows_of_size.entry(size).or_default() += own;
        }
        let rows: u64 = rows_of_size.values().sum();
        let unique = rows_of_size.get(&1).copied().unwrap_or_default();
        let found: f64 = rows_of_size.iter().map(|(&size, &own)| own as f64 / size as f64).sum();
        let average = found / rows as f64;
        Some(Self {
            prosecutor_max: Ratio::new(1, sizes.iter().copied().min()?.into())?,
            prosecutor_average: average,
            marketer: average,
            sample_uniques: Ratio::new(unique.into(), rows.into())?,
        })
    }
}
