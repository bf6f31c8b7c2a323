//! Special uniques (SUDA2): the smallest sets of quasi-identifiers by which a row is like no other,
//! and a score for each row (Elliot, Manning, Ford: A Computational Algorithm for Handling the Special
//! Uniques Problem, IJUFKS 10(5), 2002; Manning, Haglin, Keane: A Recursive Search Algorithm for
//! Statistical Disclosure Assessment, Data Mining and Knowledge Discovery 16, 2008).

mod dis;
mod search;

use std::collections::BTreeMap;

use crate::measures::{MeasureError, Ratio};
use crate::table::Table;
pub use dis::{SamplingFraction, SudaDis};
use search::{Plan, Records};

/// The minimal sample uniques (MSUs) of a table: sets of columns by whose values a row is like no
/// other, while it is not by any smaller set of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suda {
    /// The size of the largest sets that were looked at (m): no more than there are columns (M).
    pub max_size: usize,
    /// How many MSUs of each size there are, from 1 to `max_size`, over all rows.
    pub sizes: BTreeMap<usize, u64>,
    /// The score of each row that has an MSU, by the row's number from 0: the sum over its MSUs, one
    /// of size k counting ∏ (M − i) for i from k to m − 1.
    pub scores: Vec<(usize, u128)>,
    /// For each quasi-identifier the sum of the scores of the MSUs that it is part of.
    pub scores_with: Vec<(String, u128)>,
    rows: u64,
    /// Rows in classes of one and of two.
    singles: u64,
    paired: u64,
}

impl Suda {
    /// The MSUs of up to `max_size` of the columns named. A missing value is a value of its own.
    /// `watch` hears how many sets have been looked at, and of how many.
    ///
    /// Rows alike in every column are held as two, since they are unique by none; sets are looked at
    /// by size, so that an MSU is a set by which a row is unique that is not by any set of one column
    /// less. Memory is a bit for each row and set of one size.
    ///
    /// # Errors
    /// [`MeasureError::TooManySubsets`] beyond 2²⁰ sets, 64 columns or 256 MiB;
    /// [`MeasureError::Table`] for a column that the table does not have.
    pub fn of(
        table: &Table,
        quasi_identifiers: &[String],
        max_size: usize,
        watch: &mut dyn FnMut(u64, u64),
    ) -> Result<Self, MeasureError> {
        let records = Records::of(table, quasi_identifiers)?;
        let plan = Plan::new(quasi_identifiers.len(), max_size, records.rows_of_singles.len())?;
        let found = search::search(&records, &plan, watch)?;
        let scores = records.rows_of_singles.iter().copied().zip(found.scores);
        let mut scores: Vec<(usize, u128)> = scores.filter(|&(_, score)| score > 0).collect();
        scores.sort_unstable();
        Ok(Self {
            max_size: plan.max_size,
            sizes: (1..).zip(found.sizes).collect(),
            scores,
            scores_with: quasi_identifiers.iter().cloned().zip(found.scores_with).collect(),
            rows: u64::try_from(table.rows()).unwrap_or(u64::MAX),
            singles: u64::try_from(records.rows_of_singles.len()).unwrap_or(u64::MAX),
            paired: records.paired,
        })
    }

    /// The sum of all scores.
    #[must_use]
    pub fn total(&self) -> u128 {
        self.scores.iter().map(|&(_, score)| score).sum()
    }

    /// The largest score of a row; 0 if none has an MSU.
    #[must_use]
    pub fn score_max(&self) -> u128 {
        self.scores.iter().map(|&(_, score)| score).max().unwrap_or_default()
    }

    /// The mean score over all rows, those without an MSU among them; none without rows.
    #[must_use]
    pub fn score_mean(&self) -> Option<Ratio> {
        Ratio::new(self.total(), self.rows.into())
    }

    /// For each quasi-identifier the share that MSUs with it have of the sum of all scores, as in
    /// sdcMicro; the shares add up to more than 1. None if there are no MSUs.
    pub fn contributions(&self) -> impl Iterator<Item = (&str, Option<Ratio>)> {
        let total = self.total();
        self.scores_with.iter().map(move |(name, score)| (name.as_str(), Ratio::new(*score, total)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Column;
    use domain::Reason as _;

    /// A table of rows of one-letter cells, columns named by their places.
    fn table(rows: &[&str], columns: usize) -> (Table, Vec<String>) {
        let names: Vec<String> = (0..columns).map(|at| at.to_string()).collect();
        let cells = |at: usize| -> Vec<String> {
            rows.iter().map(|row| row.chars().nth(at).unwrap().to_string()).collect()
        };
        let column = |(at, name): (usize, &String)| Column::encode(name, &cells(at)).unwrap();
        (Table::new(names.iter().enumerate().map(column).collect()).unwrap(), names)
    }

    fn suda(rows: &[&str], max_size: usize) -> Suda {
        let (table, names) = table(rows, rows[0].len());
        Suda::of(&table, &names, max_size, &mut |_, _| ()).unwrap()
    }

    #[test]
    fn scores_are_those_of_elliot() {
        // Row 0 is unique by its first column, row 3 by the first two, row 8 by the last three. With
        // M = 4 and m = 3 that counts 3·2, 2 and 1.
        let rows = [
            "2000", "0000", "0000", "1100", "1000", "1000", "0100", "0100", "0111", "0110", "0110",
            "0101", "0101", "0011", "0011",
        ];
        let found = suda(&rows, 3);
        assert_eq!(found.scores, [(0, 6), (3, 2), (8, 1)]);
        assert_eq!(found.sizes, BTreeMap::from([(1, 1), (2, 1), (3, 1)]));
        assert_eq!((found.score_max(), found.score_mean()), (6, Ratio::new(9, 15)));
        let with: Vec<u128> = found.scores_with.iter().map(|(_, score)| *score).collect();
        assert_eq!(with, [6 + 2, 2 + 1, 1, 1]);
        // Row 8 has no MSU of at most two columns, and a column counts 3 instead of 3·2.
        assert_eq!(suda(&rows, 2).scores, [(0, 3), (3, 1)]);
    }

    #[test]
    fn a_set_that_contains_an_msu_is_none() {
        let found = suda(&["ax", "bx", "bx"], 2);
        assert_eq!(found.sizes, BTreeMap::from([(1, 1), (2, 0)]));
        assert_eq!(found.scores, [(0, 1)]);
        let shares: Vec<_> = found.contributions().collect();
        assert_eq!(shares, [("0", Ratio::new(1, 1)), ("1", Some(Ratio::ZERO))]);
    }

    #[test]
    fn both_columns_of_a_pair_contribute() {
        let found = suda(&["ax", "ay", "bx", "bx"], 2);
        // y, and a with x: M = 2, so that both sizes count 1.
        assert_eq!(found.scores, [(0, 1), (1, 1)]);
        let shares: Vec<_> = found.contributions().map(|(_, share)| share.unwrap()).collect();
        assert_eq!(shares, [Ratio::new(1, 2).unwrap(), Ratio::new(2, 2).unwrap()]);
    }

    #[test]
    fn without_uniques_there_is_nothing_to_share() {
        let found = suda(&["ax", "ax"], 3);
        assert_eq!((found.max_size, found.scores.len(), found.score_max()), (2, 0, 0));
        assert!(found.contributions().all(|(_, share)| share.is_none()));
        let (empty, names) = table(&[], 2);
        assert_eq!(Suda::of(&empty, &names, 3, &mut |_, _| ()).unwrap().score_mean(), None);
    }

    #[test]
    fn too_many_sets_are_refused_before_any_is_looked_at() {
        let row = "x".repeat(65);
        for (columns, max_size) in [(65, 2), (30, 15)] {
            let (table, names) = table(&[&row, &row], columns);
            let refused = Suda::of(&table, &names, max_size, &mut |_, _| panic!("looked at one"));
            let expected = MeasureError::TooManySubsets { columns, max_size };
            assert_eq!(refused.unwrap_err(), expected);
            assert_eq!(expected.reason(), "measure.too-many-subsets");
        }
    }

    #[test]
    fn the_watcher_hears_of_every_set() {
        let (table, names) = table(&["axp", "bxq"], 3);
        let mut heard = Vec::new();
        Suda::of(&table, &names, 2, &mut |done, of| heard.push((done, of))).unwrap();
        assert_eq!(heard, (1..=6).map(|done| (done, 6)).collect::<Vec<_>>());
    }
}
