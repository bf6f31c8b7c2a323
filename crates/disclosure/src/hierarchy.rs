//! Generalisation hierarchies: what each value of a column may be replaced by, level by level.
//!
//! A [`Hierarchy`] is written down row by row, or made by a [`Builder`].

mod builder;
mod dates;
mod decimal;
mod error;
mod groups;
mod intervals;
mod masking;
mod priority;

use std::collections::{BTreeMap, BTreeSet};

use crate::measures::Ratio;
use crate::table::Column;
pub use builder::Builder;
use builder::{check_values, per_value, with_ends};
pub use dates::{Dates, Period};
pub use decimal::Decimal;
pub use error::{BuilderError, HierarchyError, ValueFault};
pub use groups::Groups;
pub use intervals::Intervals;
pub use masking::{End, Masking};
pub use priority::Priority;

/// The values of a column and what stands for each on every level: level 0 is the value itself, and
/// what is one value on a level is one value on the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hierarchy {
    /// For each value its texts from level 0 upwards; all of one length, at least one.
    paths: BTreeMap<String, Vec<String>>,
    levels: usize,
}

impl Hierarchy {
    /// The hierarchy with these `rows`: a value, then what stands for it on level 1, 2 and so on.
    ///
    /// # Errors
    /// A [`HierarchyError`] that names the row, counted from 1, and the value.
    pub fn new(rows: &[Vec<String>]) -> Result<Self, HierarchyError> {
        let levels = rows.first().map_or(0, Vec::len);
        if levels == 0 {
            return Err(HierarchyError::Empty);
        }
        if levels > MAX_LEVELS {
            return Err(HierarchyError::TooDeep { levels });
        }
        let mut paths = BTreeMap::new();
        let mut parents: BTreeMap<(usize, &str), &str> = BTreeMap::new();
        for (path, row) in rows.iter().zip(1_u64..) {
            if path.len() != levels {
                return Err(HierarchyError::Ragged { row, found: path.len(), expected: levels });
            }
            for (pair, level) in path.windows(2).zip(0..) {
                let [below, above] = pair else { continue };
                if *parents.entry((level, below)).or_insert(above) != above {
                    return Err(HierarchyError::Splits { row, level, value: below.clone() });
                }
            }
            if let Some(value) = path.first()
                && paths.insert(value.clone(), path.clone()).is_some()
            {
                return Err(HierarchyError::ValueTwice { row, value: value.clone() });
            }
        }
        Ok(Self { paths, levels })
    }

    /// The hierarchy that generalises nothing: the values of `column` on one level.
    #[must_use]
    pub fn flat(column: &Column) -> Self {
        let path = |value: &String| (value.clone(), vec![value.clone()]);
        Self { paths: column.dictionary().iter().map(path).collect(), levels: 1 }
    }

    /// The number of levels, level 0 among them.
    #[must_use]
    pub const fn levels(&self) -> usize {
        self.levels
    }

    /// The values, ascending, each with its texts from level 0 upwards.
    pub fn rows(&self) -> impl Iterator<Item = &[String]> {
        self.paths.values().map(Vec::as_slice)
    }

    /// What `level` of this hierarchy loses of `column`: the mean over its cells of
    /// (leaves − 1) / (all values − 1), and 1 in rows that are `suppressed` (Iyengar, KDD 2002).
    ///
    /// # Errors
    /// [`HierarchyError::NoValue`] for a value of the column that this has no row for.
    pub fn loss(
        &self,
        column: &Column,
        level: usize,
        suppressed: &[bool],
    ) -> Result<Ratio, HierarchyError> {
        let levels = self.over(column)?;
        let Some(level) = levels.get(level) else { return Ok(Ratio::ZERO) };
        let most = level.domain.saturating_sub(1);
        let cost = |code: u32| -> Option<u64> {
            let on_level = level.codes.get(usize::try_from(code).ok()?)?;
            let leaves = level.leaves.get(usize::try_from(*on_level).ok()?)?;
            Some(leaves.saturating_sub(1))
        };
        let cells = column.codes().iter().zip(suppressed);
        let costs = cells.map(|(&code, &is_suppressed)| {
            u128::from(if is_suppressed { most } else { cost(code).unwrap_or(most) })
        });
        let (sum, rows) = costs.fold((0, 0), |(sum, rows), cost| (sum + cost, rows + 1));
        Ok(Ratio::new(sum, rows * u128::from(most)).unwrap_or(Ratio::ZERO))
    }

    /// The levels for the values of `column`.
    pub(crate) fn over(&self, column: &Column) -> Result<Vec<Level>, HierarchyError> {
        let paths: Vec<Option<&Vec<String>>> =
            column.dictionary().iter().map(|value| self.paths.get(value)).collect();
        let missing = |code: usize| paths.get(code)?.is_none().then_some(());
        if let Some((row, value, ())) = column.first_row(missing) {
            let (column, value) = (column.name().to_owned(), value.clone());
            return Err(HierarchyError::NoValue { column, value, row });
        }
        let paths: Vec<&Vec<String>> = paths.into_iter().flatten().collect();
        Ok((0..self.levels).map(|level| self.level(&paths, level)).collect())
    }

    fn level(&self, paths: &[&Vec<String>], level: usize) -> Level {
        let text = |path: &Vec<String>| path.get(level).cloned().unwrap_or_default();
        let mut leaves: BTreeMap<String, u64> = BTreeMap::new();
        for path in self.paths.values() {
            *leaves.entry(text(path)).or_default() += 1;
        }
        let used: BTreeSet<String> = paths.iter().map(|path| text(path)).collect();
        let code_of: BTreeMap<&String, u32> = used.iter().zip(0..).collect();
        Level {
            codes: paths.iter().filter_map(|path| code_of.get(&text(path)).copied()).collect(),
            leaves: used.iter().filter_map(|text| leaves.get(text).copied()).collect(),
            texts: used.into_iter().collect(),
            domain: u64::try_from(self.paths.len()).unwrap_or(u64::MAX),
        }
    }
}

/// One level of a hierarchy over the values of one column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Level {
    /// For each code of the column the code on this level.
    pub(crate) codes: Vec<u32>,
    /// The text of each code of this level.
    pub(crate) texts: Vec<String>,
    /// How many values of the hierarchy, in the column or not, each stands for.
    pub(crate) leaves: Vec<u64>,
    /// The number of values of the hierarchy.
    pub(crate) domain: u64,
}

/// What stands for every value.
const ANY: &str = "*";
/// A level is numbered in seven bits.
const MAX_LEVELS: usize = 127;

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Reason as _;

    /// A column `x`.
    pub(super) fn column(cells: &[&str]) -> Column {
        let cells: Vec<String> = cells.iter().map(|&cell| cell.to_owned()).collect();
        Column::encode("x", &cells).unwrap()
    }

    /// The rows built for a column of `cells`, by value.
    pub(super) fn built(builder: &Builder, cells: &[&str]) -> Vec<String> {
        let hierarchy = builder.build(&column(cells)).unwrap();
        hierarchy.rows().map(|row| row.join("|")).collect()
    }

    fn rows(text: &str) -> Vec<Vec<String>> {
        text.lines().map(|line| line.split(';').map(str::to_owned).collect()).collect()
    }

    fn refused(text: &str) -> &'static str {
        Hierarchy::new(&rows(text)).unwrap_err().reason()
    }

    #[test]
    fn levels_count_the_values_that_each_text_stands_for() {
        let hierarchy = Hierarchy::new(&rows("1;low;*\n2;low;*\n3;high;*\n9;high;*")).unwrap();
        let cells = ["3", "1", "3", "2"].map(str::to_owned);
        let levels = hierarchy.over(&Column::encode("x", &cells).unwrap()).unwrap();
        assert_eq!(levels.len(), 3);
        assert_eq!(levels[0].texts, ["1", "2", "3"]);
        assert_eq!(levels[1].texts, ["high", "low"]);
        assert_eq!(levels[1].codes, [1, 1, 0]);
        assert_eq!(levels[1].leaves, [2, 2]);
        assert_eq!((levels[2].leaves.as_slice(), levels[2].domain), ([4].as_slice(), 4));
    }

    #[test]
    fn loss_is_the_share_of_values_that_a_cell_may_be() {
        let hierarchy =
            Hierarchy::new(&rows("1;low;*\n2;low;*\n3;high;*\n9;high;*\n8;high;*")).unwrap();
        let loss = |level, suppressed: &[bool]| {
            hierarchy.loss(&column(&["1", "3", "3"]), level, suppressed).unwrap()
        };
        let ratio = |numerator, denominator| Ratio::new(numerator, denominator).unwrap();
        assert_eq!(loss(0, &[false; 3]), Ratio::ZERO);
        // Of four other values `low` may be one and `high` two.
        assert_eq!(loss(1, &[false; 3]), ratio(1 + 2 + 2, 3 * 4));
        assert_eq!(loss(1, &[false, true, false]), ratio(1 + 4 + 2, 3 * 4));
        assert_eq!(loss(2, &[false; 3]), ratio(1, 1));
        let flat = Hierarchy::flat(&column(&["7"]));
        assert_eq!(flat.loss(&column(&["7"]), 0, &[true]).unwrap(), Ratio::ZERO);
    }

    #[test]
    fn what_is_no_hierarchy_is_refused_by_row() {
        assert_eq!(refused(""), "hierarchy.empty");
        assert_eq!(refused("1;low;*\n2;low"), "hierarchy.ragged");
        assert_eq!(refused("1;low;a\n2;low;b"), "hierarchy.splits");
        assert_eq!(refused("1;low;*\n1;low;*"), "hierarchy.value-twice");
        assert_eq!(refused(&"x;".repeat(128)), "hierarchy.too-deep");
        let splits = Hierarchy::new(&rows("1;low;a\n2;low;b")).unwrap_err();
        let expected = HierarchyError::Splits { row: 2, level: 1, value: "low".into() };
        assert_eq!(splits, expected);
    }

    /// A text of a mebibyte has masks of half a tebibyte.
    #[test]
    fn builders_of_too_many_levels_write_none() {
        let long = "x".repeat(1 << 20);
        let mask = Masking { from: End::Right, mask: '*', pad: None };
        let error = Builder::Masking(mask).build(&column(&["a", &long])).unwrap_err();
        assert_eq!(error, HierarchyError::TooDeep { levels: (1 << 20) + 1 });
        let most = "x".repeat(126);
        assert_eq!(Builder::Masking(mask).build(&column(&[&most])).unwrap().levels(), 127);
        let order = vec!["a".to_owned(), "b".to_owned()];
        let groups = Builder::Groups(Groups::new(order, &[2; 126]).unwrap());
        let error = groups.build(&column(&["a"])).unwrap_err();
        assert_eq!(error, HierarchyError::TooDeep { levels: 128 });
    }

    #[test]
    fn every_value_of_the_column_needs_a_row() {
        let hierarchy = Hierarchy::new(&rows("1;*\n2;*")).unwrap();
        // The first row at fault, not the first value.
        let error = hierarchy.over(&column(&["1", "7", "3", "7"])).unwrap_err();
        let expected = HierarchyError::NoValue { column: "x".into(), value: "7".into(), row: 2 };
        assert_eq!(error, expected);
    }
}
