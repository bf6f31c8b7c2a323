//! Equivalence classes: the rows that some columns do not tell apart.

mod grouping;
mod ranks;

use crate::table::{Table, TableError};
pub(crate) use grouping::Grouping;
pub(crate) use ranks::{Bits, Codes, Digit, Ranks};

/// The partition of a table's rows by equal values in some columns. A missing value is a value
/// of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classes {
    of_row: Vec<u32>,
    sizes: Vec<u64>,
}

impl Classes {
    /// The classes of `table` over the columns named; over none, all rows are one class.
    ///
    /// # Errors
    /// [`TableError::NoColumn`] for a name that the table does not have, [`TableError::TooLong`]
    /// if there are more classes than 32 bits can number.
    pub fn over(table: &Table, columns: &[&str]) -> Result<Self, TableError> {
        let mut coded = Vec::with_capacity(columns.len());
        for &name in columns {
            let column = table.column(name).ok_or_else(|| TableError::NoColumn(name.to_owned()))?;
            coded.push((column.codes(), column.dictionary().len()));
        }
        let Grouping { of_row, sizes } = Grouping::of(table.rows(), &coded)?;
        Ok(Self { of_row, sizes })
    }

    /// The class of each row: an index into [`Self::sizes`].
    #[must_use]
    pub fn of_row(&self) -> &[u32] {
        &self.of_row
    }

    /// The number of rows in each class, numbered by first appearance; never 0.
    #[must_use]
    pub fn sizes(&self) -> &[u64] {
        &self.sizes
    }

    /// The size of the smallest class: the k of k-anonymity (Sweeney 2002). None without rows.
    #[must_use]
    pub fn smallest(&self) -> Option<u64> {
        self.sizes.iter().copied().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Column;
    use domain::Reason as _;

    fn table() -> Table {
        let cells = |text: &str| text.chars().map(String::from).collect::<Vec<_>>();
        let column = |name, text| Column::encode(name, &cells(text)).unwrap();
        Table::new(vec![column("x", "aabba"), column("y", "12112")]).unwrap()
    }

    #[test]
    fn rows_that_agree_share_a_class() {
        let classes = Classes::over(&table(), &["x", "y"]).unwrap();
        assert_eq!(classes.of_row(), [0, 1, 2, 2, 1]);
        assert_eq!(classes.sizes(), [1, 2, 2]);
        assert_eq!(classes.smallest(), Some(1));
        assert_eq!(Classes::over(&table(), &["x"]).unwrap().sizes(), [3, 2]);
        assert_eq!(Classes::over(&table(), &[]).unwrap().sizes(), [5]);
    }

    #[test]
    fn no_rows_have_no_smallest_class() {
        let empty = Table::new(vec![Column::encode("x", &[]).unwrap()]).unwrap();
        assert_eq!(Classes::over(&empty, &["x"]).unwrap().smallest(), None);
        let unknown = Classes::over(&empty, &["z"]).unwrap_err();
        assert_eq!(unknown.reason(), "table.no-column");
    }
}
