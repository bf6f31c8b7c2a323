//! Generalisation hierarchies: what each value of a column may be replaced by, level by level.

use std::collections::{BTreeMap, BTreeSet};

use domain::Reason;

use crate::table::Column;

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

    /// The levels for the values of `column`.
    pub(crate) fn over(&self, column: &Column) -> Result<Vec<Level>, HierarchyError> {
        let paths: Result<Vec<&Vec<String>>, _> =
            column.dictionary().iter().map(|value| self.path(column, value)).collect();
        let paths = paths?;
        Ok((0..self.levels).map(|level| self.level(&paths, level)).collect())
    }

    fn path(&self, column: &Column, value: &String) -> Result<&Vec<String>, HierarchyError> {
        self.paths.get(value).ok_or_else(|| {
            let row = (0_u64..)
                .zip(column.codes())
                .find(|(_, code)| dictionary(column, **code) == Some(value))
                .map_or(0, |(row, _)| row + 1);
            HierarchyError::NoValue { column: column.name().to_owned(), value: value.clone(), row }
        })
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

fn dictionary(column: &Column, code: u32) -> Option<&String> {
    column.dictionary().get(usize::try_from(code).ok()?)
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

/// Why rows are no hierarchy, or not one for a column.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HierarchyError {
    /// No rows, or rows without a value.
    #[error("the hierarchy is empty; each row has a value and what stands for it on each level")]
    Empty,
    /// A value of the column that the hierarchy does not have.
    #[error(
        "the hierarchy of column `{column}` has no row for `{value}`, which row {row} of the table \
         has; add one"
    )]
    NoValue {
        /// The column.
        column: String,
        /// The value; empty if it is missing.
        value: String,
        /// The first row of the table with it, counted from 1.
        row: u64,
    },
    /// A row that is longer or shorter than the first.
    #[error("row {row} of the hierarchy has {found} levels, the first has {expected}")]
    Ragged {
        /// The row.
        row: u64,
        /// Its levels.
        found: usize,
        /// Those of the first.
        expected: usize,
    },
    /// Two rows agree on a level and not on the next.
    #[error(
        "row {row} of the hierarchy: `{value}` on level {level} stands for something else on the \
         next level than in an earlier row"
    )]
    Splits {
        /// The later row.
        row: u64,
        /// The level on which they agree.
        level: usize,
        /// The text on it.
        value: String,
    },
    /// More levels than a lattice can number.
    #[error("the hierarchy has {levels} levels; at most 127 are possible")]
    TooDeep {
        /// Its levels.
        levels: usize,
    },
    /// A value with two rows.
    #[error("row {row} of the hierarchy: `{value}` has a row already")]
    ValueTwice {
        /// The later row.
        row: u64,
        /// The value.
        value: String,
    },
}

impl Reason for HierarchyError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Empty => "hierarchy.empty",
            Self::NoValue { .. } => "hierarchy.no-value",
            Self::Ragged { .. } => "hierarchy.ragged",
            Self::Splits { .. } => "hierarchy.splits",
            Self::TooDeep { .. } => "hierarchy.too-deep",
            Self::ValueTwice { .. } => "hierarchy.value-twice",
        }
    }
}

/// A level is numbered in seven bits.
const MAX_LEVELS: usize = 127;

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn every_value_of_the_column_needs_a_row() {
        let hierarchy = Hierarchy::new(&rows("1;*\n2;*")).unwrap();
        let column = Column::encode("x", &["1", "7"].map(str::to_owned)).unwrap();
        let error = hierarchy.over(&column).unwrap_err();
        let expected = HierarchyError::NoValue { column: "x".into(), value: "7".into(), row: 2 };
        assert_eq!(error, expected);
    }
}
