//! CSV into the table that `disclosure` measures.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::sync::Arc;

use disclosure::{Column, Table};
use polars::prelude::{CsvReadOptions, DataFrame, DataType, Field, Schema, SerReader as _};

use crate::CsvError;
use crate::encode::encode;
use crate::shape::shape;

/// How a file writes its cells. Quotation marks are `"`, doubled inside a quoted cell (RFC 4180).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// The byte between two cells.
    pub separator: u8,
    /// Whether spaces and tabs around names and cells are left off. Without it they are part of the
    /// text: ` Bachelors` is not `Bachelors`.
    pub trim: bool,
    /// Texts that stand for a missing value, besides the empty cell.
    pub null_texts: BTreeSet<String>,
}

impl Default for Dialect {
    /// Commas, nothing trimmed, empty cells missing.
    fn default() -> Self {
        Self { separator: b',', trim: false, null_texts: BTreeSet::new() }
    }
}

/// Reads the columns named, in that order, out of the CSV text `bytes`; every cell is a text.
///
/// # Errors
/// A [`CsvError`] for a column that is not there, and for all that a lenient reader would repair:
/// ragged and empty rows, stray quotation marks, names used twice, bytes that are not UTF-8.
pub fn read_csv(bytes: &[u8], dialect: &Dialect, columns: &[&str]) -> Result<Table, CsvError> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let (header, body) = split_header(bytes);
    let names = names(header, dialect)?;
    let positions = columns.iter().map(|name| position(name, &names));
    let positions = positions.collect::<Result<Vec<usize>, _>>()?;
    let line = 1 + lines(header) + 1;
    let shape = shape(body, dialect.separator, names.len(), line)?;
    let expected = usize::try_from(shape.rows).map_err(|_| disclosure::TableError::TooLong)?;
    let frame = if expected == 0 || columns.is_empty() {
        DataFrame::empty()
    } else {
        read_rows(shape.body, dialect, &names, &positions)?
    };
    let encoded = columns
        .iter()
        .zip(&positions)
        .map(|(name, &position)| encode_column(&frame, name, position, dialect, expected));
    Ok(Table::new(encoded.collect::<Result<_, _>>()?)?)
}

/// The names of the columns in the first line of the CSV text `bytes`.
///
/// # Errors
/// [`CsvError`].
pub fn header(bytes: &[u8], dialect: &Dialect) -> Result<Vec<String>, CsvError> {
    let (header, _) = split_header(bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes));
    names(header, dialect)
}

/// The first record without its line end, and what follows.
fn split_header(bytes: &[u8]) -> (&[u8], &[u8]) {
    let mut quoted = false;
    let end = bytes.iter().position(|&byte| {
        quoted ^= byte == b'"';
        byte == b'\n' && !quoted
    });
    let (header, rest) = end.and_then(|end| bytes.split_at_checked(end)).unwrap_or((bytes, b""));
    (header.strip_suffix(b"\r").unwrap_or(header), rest.strip_prefix(b"\n").unwrap_or(rest))
}

fn lines(header: &[u8]) -> u64 {
    header.iter().filter(|&&byte| byte == b'\n').map(|_| 1).sum()
}

fn names(header: &[u8], dialect: &Dialect) -> Result<Vec<String>, CsvError> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .delimiter(dialect.separator)
        .from_reader(header);
    let record = reader.records().next().ok_or(CsvError::Empty)?.map_err(CsvError::Header)?;
    let trimmed =
        |name: &str| if dialect.trim { name.trim_matches(BLANKS) } else { name }.to_owned();
    let names: Vec<String> = record.iter().map(trimmed).collect();
    let mut seen = BTreeSet::new();
    match names.iter().find(|name| !seen.insert(*name)) {
        Some(twice) => Err(CsvError::ColumnTwice(twice.clone())),
        None => Ok(names),
    }
}

fn position(name: &str, names: &[String]) -> Result<usize, CsvError> {
    names
        .iter()
        .position(|other| other == name)
        .ok_or_else(|| CsvError::UnknownColumn { name: name.to_owned(), available: names.to_vec() })
}

/// The rows as polars reads them: nothing inferred, every cell a text, empty ones included.
fn read_rows(
    body: &[u8],
    dialect: &Dialect,
    names: &[String],
    positions: &[usize],
) -> Result<DataFrame, CsvError> {
    let mut projection = positions.to_vec();
    projection.sort_unstable();
    projection.dedup();
    let field = |at: usize| Field::new(label(at).into(), DataType::String);
    let schema: Schema = (0..names.len()).map(field).collect();
    let options = CsvReadOptions::default()
        .with_has_header(false)
        .with_schema(Some(Arc::new(schema)))
        .with_projection(Some(Arc::new(projection)))
        .map_parse_options(|options| {
            options.with_separator(dialect.separator).with_missing_is_null(false)
        });
    options.into_reader_with_file_handle(Cursor::new(body)).finish().map_err(|error| {
        first_invalid_row(body).map_or(CsvError::Polars(error), |row| CsvError::NotUtf8 { row })
    })
}

/// The row of the first bytes that are not UTF-8, by lines.
fn first_invalid_row(body: &[u8]) -> Option<u64> {
    let invalid = std::str::from_utf8(body).err()?;
    Some(1 + lines(body.get(..invalid.valid_up_to())?))
}

fn encode_column(
    frame: &DataFrame,
    name: &str,
    position: usize,
    dialect: &Dialect,
    expected: usize,
) -> Result<Column, CsvError> {
    if expected == 0 {
        return Ok(Column::encode(name, &[])?);
    }
    let cells = frame.column(&label(position))?.as_materialized_series().str()?;
    let differs = || CsvError::Rows { found: cells.len() - cells.null_count(), expected };
    if cells.len() != expected {
        return Err(differs());
    }
    encode(name, cells, dialect).unwrap_or_else(|| Err(differs()))
}

/// A name that cannot clash, whatever the header says.
fn label(position: usize) -> String {
    position.to_string()
}

/// What `trim` takes away.
pub(crate) const BLANKS: [char; 2] = [' ', '\t'];
pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Reason as _;

    fn read(text: &str, dialect: &Dialect, column: &str) -> Result<Vec<String>, &'static str> {
        let table = read_csv(text.as_bytes(), dialect, &[column]).map_err(|e| e.reason())?;
        Ok((0..table.rows()).map(|row| table.columns()[0].cell(row).unwrap().to_owned()).collect())
    }

    #[test]
    fn cells_are_texts_as_they_stand() {
        let text = "a,\"b,\"\"c\"\n1.0,\"x,\"\"y\"\"\n z\"\r\n\"\", w \n,NA\n01,\"\"\n";
        let plain = Dialect::default();
        assert_eq!(read(text, &plain, "a").unwrap(), ["1.0", "", "", "01"]);
        assert_eq!(read(text, &plain, "b,\"c").unwrap(), ["x,\"y\"\n z", " w ", "NA", ""]);
        let trimmed = Dialect { trim: true, null_texts: ["NA".into()].into(), ..plain };
        assert_eq!(read(text, &trimmed, "b,\"c").unwrap(), ["x,\"y\"\n z", "w", "", ""]);
    }

    #[test]
    fn separators_of_two_characters_are_one_and_blanks() {
        let text = "\u{feff}age, sex\n39, Male\n50, Female\n";
        let plain = Dialect::default();
        assert_eq!(read(text, &plain, " sex").unwrap(), [" Male", " Female"]);
        let trimmed = Dialect { trim: true, ..plain };
        assert_eq!(read(text, &trimmed, "sex").unwrap(), ["Male", "Female"]);
        assert_eq!(read(text, &trimmed, "age").unwrap(), ["39", "50"]);
    }

    #[test]
    fn names_are_the_headers_own() {
        let plain = Dialect::default();
        for (text, reason) in [
            ("", "csv.empty"),
            ("\na\n", "csv.empty"),
            ("a,b,a\n1,2,3\n", "csv.column-twice"),
            ("b,c\n1,2\n", "csv.unknown-column"),
            ("a,b\n1\n", "csv.ragged"),
        ] {
            assert_eq!(read(text, &plain, "a"), Err(reason), "{text:?}");
        }
        assert_eq!(read("a,b\n", &plain, "a"), Ok(vec![]));
        assert_eq!(read("1,0\nx,y\n", &plain, "0"), Ok(vec!["y".into()]));
        let unknown = read_csv(b"b,c\n", &plain, &["a"]).unwrap_err();
        assert_eq!(unknown.to_string(), "there is no column `a`; the file has `b`, `c`");
    }

    #[test]
    fn other_encodings_are_refused_by_row() {
        let error = read_csv(b"a\nx\nG\xf6teborg\n", &Dialect::default(), &["a"]).unwrap_err();
        assert!(matches!(error, CsvError::NotUtf8 { row: 2 }), "{error:?}");
    }

    #[test]
    fn rows_are_read_whole_however_many_threads_read_them() {
        let rows: String = (0..50_000).map(|row| format!("{row},\"a\nb\",\n")).collect();
        let table = read_csv(format!("x,y,z\n{rows}").as_bytes(), &Dialect::default(), &["z", "x"]);
        let table = table.unwrap();
        assert_eq!((table.rows(), table.columns()[1].dictionary().len()), (50_000, 50_000));
        assert_eq!(table.columns()[1].cell(49_999), Some("49999"));
        assert_eq!(table.columns()[0].dictionary(), [""]);
    }
}
