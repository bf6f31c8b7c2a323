//! How likely a person is found again by someone who has a table of the population and does not know
//! who of it is in the sample (Dankar, El Emam: A Method for Evaluating Marketer Re-identification
//! Risk, PAIS 2010; El Emam: Guide to the De-Identification of Personal Health Information, 2013).

use std::collections::{BTreeMap, BTreeSet};

use crate::classes::Grouping;
use crate::measures::{MeasureError, Ratio};
use crate::table::{Column, Table, TableError};

/// Risks of a sample of a population, both of which the attacker has. Class j of the sample has f_j
/// rows there and F_j in the population.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PopulationRisk {
    /// Rows of the population.
    pub rows: u64,
    /// The journalist's largest chance, who looks for any one person: max 1 / F_j over the classes
    /// of the sample.
    pub journalist_max: Ratio,
    /// The journalist's average chance: whichever is larger of classes / Σ F_j and the marketer's
    /// share (El Emam 2013; ARX).
    pub journalist_average: f64,
    /// The share of rows that a marketer, who matches every row, gets right on average: (1/n) Σ f_j /
    /// F_j.
    pub marketer: f64,
    /// The share of the sample's rows that are like no other row of the population.
    pub uniques: Ratio,
}

impl PopulationRisk {
    /// The risks of `sample` in `population` by columns of these names, which both have. A missing
    /// value is a value of its own. None if the sample has no rows.
    ///
    /// # Errors
    /// [`MeasureError::NotInPopulation`] and [`MeasureError::MoreThanPopulation`] where `sample` is no
    /// sample of `population`; [`MeasureError::Table`] for a column that one of them lacks.
    pub fn of(
        sample: &Table,
        population: &Table,
        quasi_identifiers: &[String],
    ) -> Result<Option<Self>, MeasureError> {
        let sizes = class_sizes(sample, population, quasi_identifiers)?;
        let classes = sizes.into_iter().filter(|&(here, _)| here > 0);
        Ok(Self::from_classes(classes.collect(), population.rows()))
    }

    /// By pairs of f_j and F_j, both at least 1.
    #[expect(clippy::cast_precision_loss, reason = "counts of rows are below 2^32")]
    fn from_classes(classes: Vec<(u64, u64)>, population: usize) -> Option<Self> {
        let smallest = classes.iter().map(|&(_, there)| there).min()?;
        // By size, so that the sum is taken in one order whatever that of the rows.
        let mut rows_of_size: BTreeMap<u64, u64> = BTreeMap::new();
        for &(here, there) in &classes {
            *rows_of_size.entry(there).or_default() += here;
        }
        let rows: u64 = rows_of_size.values().sum();
        let matched: u64 = classes.iter().map(|&(_, there)| there).sum();
        let found: f64 =
            rows_of_size.iter().map(|(&there, &here)| here as f64 / there as f64).sum();
        let marketer = found / rows as f64;
        let by_class = classes.len() as f64 / matched as f64;
        let unique = rows_of_size.get(&1).copied().unwrap_or_default();
        Some(Self {
            rows: u64::try_from(population).ok()?,
            journalist_max: Ratio::new(1, smallest.into())?,
            journalist_average: marketer.max(by_class),
            marketer,
            uniques: Ratio::new(unique.into(), rows.into())?,
        })
    }
}

/// For each class of either table its rows in the sample and in the population.
fn class_sizes(
    sample: &Table,
    population: &Table,
    columns: &[String],
) -> Result<Vec<(u64, u64)>, MeasureError> {
    let of = |table: &Table, name: &String| -> Result<Column, TableError> {
        table.column(name).cloned().ok_or_else(|| TableError::NoColumn(name.clone()))
    };
    let mut coded = Vec::with_capacity(columns.len());
    for name in columns {
        coded.push(appended(&of(sample, name)?, &of(population, name)?)?);
    }
    let coded: Vec<(&[u32], usize)> =
        coded.iter().map(|(codes, distinct)| (codes.as_slice(), *distinct)).collect();
    let rows = sample.rows().checked_add(population.rows()).ok_or(TableError::TooLong)?;
    let Grouping { of_row, sizes } = Grouping::of(rows, &coded)?;
    let mut here = vec![0_u64; sizes.len()];
    for &class in of_row.iter().take(sample.rows()) {
        *usize::try_from(class)
            .ok()
            .and_then(|at| here.get_mut(at))
            .ok_or(TableError::TooLong)? += 1;
    }
    here.into_iter().zip(sizes).map(|(here, both)| pair(here, both)).collect()
}

/// A class of `here` rows of the sample and `both` rows together.
fn pair(here: u64, both: u64) -> Result<(u64, u64), MeasureError> {
    match both.saturating_sub(here) {
        0 => Err(MeasureError::NotInPopulation),
        there if there < here => Err(MeasureError::MoreThanPopulation),
        there => Ok((here, there)),
    }
}

/// The rows of `first`, then those of `second`, in codes of the texts of both.
fn appended(first: &Column, second: &Column) -> Result<(Vec<u32>, usize), TableError> {
    let texts: BTreeSet<&String> = first.dictionary().iter().chain(second.dictionary()).collect();
    let distinct = texts.len();
    let codes: BTreeMap<&String, u32> = texts.into_iter().zip(0..).collect();
    let recoded = |column: &Column| -> Vec<u32> {
        let new: Vec<u32> =
            column.dictionary().iter().filter_map(|text| codes.get(text).copied()).collect();
        let code = |old: &u32| new.get(usize::try_from(*old).ok()?).copied();
        column.codes().iter().filter_map(code).collect()
    };
    Ok(([recoded(first), recoded(second)].concat(), distinct))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Reason as _;

    /// Tables of one column with one row for each letter; `-` is missing.
    fn risk(sample: &str, population: &str) -> Result<Option<PopulationRisk>, MeasureError> {
        let table = |letters: &str| {
            let cell = |letter: char| letter.to_string().replace('-', "");
            let cells: Vec<String> = letters.chars().map(cell).collect();
            Table::new(vec![Column::encode("x", &cells).unwrap()]).unwrap()
        };
        PopulationRisk::of(&table(sample), &table(population), &["x".to_owned()])
    }

    #[test]
    fn a_class_is_looked_for_in_the_population() {
        // f = (2, 1) and F = (4, 1); the population's c has nobody in the sample.
        let found = risk("aab", "aaaabccc").unwrap().unwrap();
        assert_eq!((found.rows, found.journalist_max), (8, Ratio::new(1, 1).unwrap()));
        assert!((found.marketer - (2.0 / 4.0 + 1.0) / 3.0).abs() < 1e-15);
        assert_eq!(found.uniques, Ratio::new(1, 3).unwrap());
        assert!((found.journalist_average - 0.5).abs() < 1e-15, "above 2 classes / 5 rows");
    }

    #[test]
    fn the_average_is_by_class_where_that_is_more() {
        // f = (10, 1), F = (10, 2): (10/10 + 1/2) / 11 = 0.136 by row, 2/12 by class.
        let many = "a".repeat(10);
        let many = many.as_str();
        let found = risk(&[many, "b"].concat(), &[many, "bb"].concat()).unwrap().unwrap();
        assert!((found.marketer - 1.5 / 11.0).abs() < 1e-15, "{found:?}");
        assert!((found.journalist_average - 2.0 / 12.0).abs() < 1e-15, "{found:?}");
    }

    #[test]
    fn a_missing_value_is_a_value() {
        let found = risk("a-", "aa--").unwrap().unwrap();
        assert_eq!(found.journalist_max, Ratio::new(1, 2).unwrap());
        assert_eq!(risk("a-", "aaa").unwrap_err(), MeasureError::NotInPopulation);
    }

    #[test]
    fn what_is_no_sample_is_refused() {
        assert_eq!(risk("ab", "aa").unwrap_err().reason(), "measure.not-in-population");
        assert_eq!(risk("aab", "ab").unwrap_err().reason(), "measure.more-than-population");
        assert_eq!(risk("", "ab").unwrap(), None);
        let table = |name| Table::new(vec![Column::encode(name, &[]).unwrap()]).unwrap();
        let missing = PopulationRisk::of(&table("x"), &table("y"), &["x".to_owned()]);
        assert_eq!(missing.unwrap_err().reason(), "table.no-column");
    }
}
