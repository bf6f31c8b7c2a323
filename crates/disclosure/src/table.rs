//! The gate's own table: columns of codes into sorted dictionaries, so that rows are compared and
//! counted as integers.

use std::collections::BTreeMap;

use domain::Reason;

/// A column of texts, each distinct text held once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    name: String,
    dictionary: Vec<String>,
    codes: Vec<u32>,
}

impl Column {
    /// Encodes `cells`; codes follow the order of the texts, whatever the order of the rows.
    ///
    /// # Errors
    /// [`TableError::TooLong`] if a code does not fit in 32 bits.
    pub fn encode(name: &str, cells: &[String]) -> Result<Self, TableError> {
        let mut ranks: BTreeMap<&str, u32> = cells.iter().map(|cell| (cell.as_str(), 0)).collect();
        for (rank, (_, code)) in ranks.iter_mut().enumerate() {
            *code = u32::try_from(rank).map_err(|_| TableError::TooLong)?;
        }
        let codes = cells.iter().filter_map(|cell| ranks.get(cell.as_str()).copied()).collect();
        let dictionary = ranks.into_keys().map(str::to_owned).collect();
        Ok(Self { name: name.to_owned(), dictionary, codes })
    }

    /// A column from texts that are each held once, in any order, and the place of each row's text
    /// among them: for a reader that has encoded the cells already. Texts of no row are dropped.
    ///
    /// # Errors
    /// [`TableError::Dictionary`] for a text held twice or a code beyond the texts,
    /// [`TableError::TooLong`] if a code does not fit in 32 bits.
    pub fn from_codes(
        name: &str,
        dictionary: Vec<String>,
        mut codes: Vec<u32>,
    ) -> Result<Self, TableError> {
        let no_code = || TableError::Dictionary(name.to_owned());
        let mut used = vec![false; dictionary.len()];
        for &code in &codes {
            *usize::try_from(code).ok().and_then(|at| used.get_mut(at)).ok_or_else(no_code)? = true;
        }
        let mut texts: Vec<(String, usize)> = dictionary
            .into_iter()
            .zip(0..)
            .filter(|(_, at)| used.get(*at) == Some(&true))
            .collect();
        texts.sort_unstable();
        if texts.windows(2).any(|pair| matches!(pair, [(a, _), (b, _)] if a == b)) {
            return Err(no_code());
        }
        let mut rank_of = vec![0; used.len()];
        for (rank, (_, at)) in texts.iter().enumerate() {
            let rank = u32::try_from(rank).map_err(|_| TableError::TooLong)?;
            *rank_of.get_mut(*at).ok_or_else(no_code)? = rank;
        }
        for code in &mut codes {
            let rank = usize::try_from(*code).ok().and_then(|at| rank_of.get(at));
            *code = *rank.ok_or_else(no_code)?;
        }
        let dictionary = texts.into_iter().map(|(text, _)| text).collect();
        Ok(Self { name: name.to_owned(), dictionary, codes })
    }

    /// The code of the missing value, which is the empty text; none if every cell has a value.
    #[must_use]
    pub fn null(&self) -> Option<u32> {
        // The empty text is the least of all.
        self.dictionary.first().is_some_and(String::is_empty).then_some(0)
    }

    /// The column's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The distinct texts, ascending; a code is an index into them.
    #[must_use]
    pub fn dictionary(&self) -> &[String] {
        &self.dictionary
    }

    /// The code of each row.
    #[must_use]
    pub fn codes(&self) -> &[u32] {
        &self.codes
    }

    /// The first row, counted from 1, in whose code there is something `of_interest`: its number, its
    /// text and that.
    pub(crate) fn first_row<T>(
        &self,
        of_interest: impl Fn(usize) -> Option<T>,
    ) -> Option<(u64, &String, T)> {
        let codes = self.codes.iter().filter_map(|&code| usize::try_from(code).ok());
        (1..)
            .zip(codes)
            .find_map(|(row, code)| Some((row, self.dictionary.get(code)?, of_interest(code)?)))
    }

    /// The text in `row`, counted from 0.
    #[must_use]
    pub fn cell(&self, row: usize) -> Option<&str> {
        let code = usize::try_from(*self.codes.get(row)?).ok()?;
        self.dictionary.get(code).map(String::as_str)
    }
}

/// Columns of one length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    columns: Vec<Column>,
    rows: usize,
}

impl Table {
    /// A table of `columns`, in their order.
    ///
    /// # Errors
    /// [`TableError::Ragged`] if the columns differ in length, [`TableError::TooLong`] if a row
    /// number does not fit in 32 bits.
    pub fn new(columns: Vec<Column>) -> Result<Self, TableError> {
        let rows = columns.first().map_or(0, |column| column.codes.len());
        if columns.iter().any(|column| column.codes.len() != rows) {
            return Err(TableError::Ragged);
        }
        u32::try_from(rows).map_err(|_| TableError::TooLong)?;
        Ok(Self { columns, rows })
    }

    /// The columns, in the order of the canonical form.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The number of rows.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// The column named `name`.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The rows that are `kept`, in their order.
    ///
    /// # Errors
    /// [`TableError`], never for a table that is one.
    pub fn filtered(&self, kept: &[bool]) -> Result<Self, TableError> {
        let columns = self.columns.iter().map(|column| {
            let codes = column.codes.iter().zip(kept).filter(|(_, kept)| **kept);
            let codes = codes.map(|(&code, _)| code).collect();
            Column::from_codes(&column.name, column.dictionary.clone(), codes)
        });
        Self::new(columns.collect::<Result<_, _>>()?)
    }

    /// Row numbers in the order of the rows' texts, column by column: the one order that says
    /// nothing about how the rows came in.
    #[must_use]
    pub fn sorted_rows(&self) -> Vec<usize> {
        let mut rows: Vec<usize> = (0..self.rows).collect();
        let key = |row: usize| self.columns.iter().map(move |column| column.codes.get(row));
        rows.sort_by(|&a, &b| key(a).cmp(key(b)));
        rows
    }
}

/// Why columns make no table, or a table has no such classes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// Codes and texts that do not belong together.
    #[error("codes of column `{0}` do not belong to its texts")]
    Dictionary(String),
    /// A column that the table does not have.
    #[error("table has no column `{0}`")]
    NoColumn(String),
    /// Columns of different lengths.
    #[error("columns differ in length")]
    Ragged,
    /// More rows or distinct values than 32 bits can number.
    #[error("table has more rows than 32 bits can number")]
    TooLong,
}

impl Reason for TableError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Dictionary(_) => "table.dictionary",
            Self::NoColumn(_) => "table.no-column",
            Self::Ragged => "table.ragged",
            Self::TooLong => "table.too-long",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, cells: &[&str]) -> Column {
        let cells: Vec<String> = cells.iter().map(|&cell| cell.to_owned()).collect();
        Column::encode(name, &cells).unwrap()
    }

    #[test]
    fn codes_follow_the_texts_and_not_the_rows() {
        let encoded = column("site", &["b", "", "b", "a"]);
        assert_eq!(encoded.dictionary(), ["", "a", "b"]);
        assert_eq!(encoded.codes(), [2, 0, 2, 1]);
        assert_eq!(encoded.cell(3), Some("a"));
        assert_eq!(encoded.cell(4), None);
    }

    #[test]
    fn codes_of_a_reader_are_put_in_order() {
        let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        let read = Column::from_codes("site", texts(&["b", "unused", "", "a"]), vec![0, 2, 0, 3]);
        assert_eq!(read.unwrap(), column("site", &["b", "", "b", "a"]));
        for (dictionary, codes) in [(&["a", "a"], vec![0, 1]), (&["a", "b"], vec![2])] {
            let error = Column::from_codes("site", texts(dictionary), codes).unwrap_err();
            assert_eq!(error.reason(), "table.dictionary");
        }
    }

    #[test]
    fn the_missing_value_is_the_empty_text() {
        assert_eq!(column("site", &["b", ""]).null(), Some(0));
        assert_eq!(column("site", &["b", " "]).null(), None);
    }

    #[test]
    fn rows_sort_by_column_then_by_the_next() {
        let table =
            Table::new(vec![column("x", &["b", "a", "b"]), column("y", &["1", "3", "0"])]).unwrap();
        assert_eq!(table.sorted_rows(), [1, 2, 0]);
        let ragged = Table::new(vec![column("x", &["a"]), column("y", &[])]);
        assert_eq!(ragged.unwrap_err().reason(), "table.ragged");
    }
}
