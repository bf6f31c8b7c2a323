//! CSV into the table that `disclosure` measures.

use std::collections::BTreeSet;
use std::thread;

use disclosure::{Column, Table};
use memchr::memchr;

use crate::CsvError;
use crate::encode::{Cells, column, csv_meaning};
use crate::shape::{Rows, Shape};
use crate::source::{Source, Window};

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
    read_source(Source::Bytes(bytes), dialect, columns)
}

/// The names of the columns in the first line of the CSV text `bytes`.
///
/// # Errors
/// [`CsvError`].
pub fn header(bytes: &[u8], dialect: &Dialect) -> Result<Vec<String>, CsvError> {
    source_header(Source::Bytes(bytes), dialect)
}

/// [`read_csv`] of a source of which only a piece is in memory at a time.
pub(crate) fn read_source(
    source: Source<'_>,
    dialect: &Dialect,
    columns: &[&str],
) -> Result<Table, CsvError> {
    let head = Head::of(source)?;
    let names = names(&head.text, dialect)?;
    let positions = columns.iter().map(|name| position(name, &names));
    let positions = positions.collect::<Result<Vec<usize>, _>>()?;
    let line = 2 + lines(&head.text);
    let rows = Rows { separator: dialect.separator, width: names.len(), line };
    let layout = Layout { source, rows, body: head.body, positions: &positions };
    let mut parts = layout.read()?;
    let mut cells_of = Vec::with_capacity(columns.len());
    for &name in columns.iter().rev() {
        let cells: Vec<Cells> = parts.iter_mut().filter_map(Vec::pop).collect();
        cells_of.push((name, cells));
    }
    cells_of.reverse();
    Ok(Table::new(encoded(cells_of, dialect)?)?)
}

/// [`header`] of any source.
pub(crate) fn source_header(
    source: Source<'_>,
    dialect: &Dialect,
) -> Result<Vec<String>, CsvError> {
    names(&Head::of(source)?.text, dialect)
}

/// About how many rows a source has, by the length of the first ones.
pub(crate) fn about_rows(source: Source<'_>) -> Result<u64, CsvError> {
    let mut window = Window::new(source, 0);
    window.grow().map_err(CsvError::Unreadable)?;
    let (length, first) = (source.length().map_err(CsvError::Unreadable)?, window.bytes());
    let bytes = u64::try_from(first.len()).unwrap_or(u64::MAX);
    Ok(length.saturating_mul(lines(first)) / bytes.max(1))
}

/// The first record without its line end, and where in the source what follows begins.
struct Head {
    text: Vec<u8>,
    body: u64,
}

impl Head {
    fn of(source: Source<'_>) -> Result<Self, CsvError> {
        let mut window = Window::new(source, 0);
        let mut is_whole = false;
        loop {
            let bytes = window.bytes();
            let end = record_end(bytes);
            if end.is_some() || is_whole {
                let (text, length) = match end {
                    Some(end) => (bytes.get(..end).unwrap_or_default(), end + 1),
                    None => (bytes, bytes.len()),
                };
                let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
                let text = text.strip_suffix(b"\r").unwrap_or(text).to_vec();
                return Ok(Self { text, body: u64::try_from(length).unwrap_or(u64::MAX) });
            }
            is_whole = !window.grow().map_err(CsvError::Unreadable)?;
        }
    }
}

/// The first line feed that is not quoted.
fn record_end(bytes: &[u8]) -> Option<usize> {
    let mut quoted = false;
    bytes.iter().position(|&byte| {
        quoted ^= byte == b'"';
        byte == b'\n' && !quoted
    })
}

fn lines(text: &[u8]) -> u64 {
    text.iter().filter(|&&byte| byte == b'\n').map(|_| 1).sum()
}

fn names(header: &[u8], dialect: &Dialect) -> Result<Vec<String>, CsvError> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .delimiter(dialect.separator)
        .from_reader(header);
    let record = reader.records().next().ok_or(CsvError::Empty)?;
    let record = record.map_err(|_| CsvError::Header("it is not UTF-8"))?;
    // Where another reader sees the end of a quotation that this one does not, rows would be lost.
    let rows = Rows { separator: dialect.separator, width: record.len(), line: 1 };
    let shape = rows.of(Source::Bytes(header), (0, u64::MAX), |_, _| ());
    if !shape.is_ok_and(|(shape, _)| shape.rows == 1) {
        return Err(CsvError::Header("it has a stray quotation mark or carriage return"));
    }
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

/// What is known of the rows before they are read.
#[derive(Clone, Copy)]
struct Layout<'p> {
    source: Source<'p>,
    rows: Rows,
    /// Where in the source the first row begins.
    body: u64,
    /// The columns that are wanted.
    positions: &'p [usize],
}

impl Layout<'_> {
    /// For each part of the source the cells of each column; large ones are read in two parts at once.
    fn read(self) -> Result<Vec<Vec<Cells>>, CsvError> {
        if let Some(middle) = self.middle()? {
            let (first, second) = thread::scope(|scope| {
                let first = scope.spawn(|| self.read_part(self.body, middle));
                let second = self.read_part(middle, u64::MAX);
                (first.join(), second)
            });
            if let (Ok(Ok((first, shape, end))), Ok((second, ..))) = (first, second)
                && end == middle
                && !shape.ends_blank
            {
                return Ok(vec![first, second]);
            }
            // Malformed, with empty lines between the halves, or with a quoted line end there: read
            // again from the start, for an error that names row and line.
        }
        Ok(vec![self.read_part(self.body, u64::MAX)?.0])
    }

    /// Where in a large source a row begins that is about in the middle, unless the line end before it
    /// is within a quoted cell.
    fn middle(&self) -> Result<Option<u64>, CsvError> {
        let length = self.source.length().map_err(CsvError::Unreadable)?;
        let body = length.saturating_sub(self.body);
        if body < LARGE {
            return Ok(None);
        }
        let mut window = Window::new(self.source, self.body + body / 2);
        while window.grow().map_err(CsvError::Unreadable)? {
            if let Some(end) = memchr(b'\n', window.bytes()) {
                window.pass(end + 1);
                return Ok(Some(window.position()));
            }
        }
        Ok(None)
    }

    /// The cells of rows that begin at `from` or later and before `until`; where the next begins.
    fn read_part(self, from: u64, until: u64) -> Result<(Vec<Cells>, Shape, u64), CsvError> {
        let mut cells: Vec<Cells> = self.positions.iter().map(|_| Cells::default()).collect();
        let (shape, end) = self.rows.of(self.source, (from, until), |text, ends| {
            for (cells, &position) in cells.iter_mut().zip(self.positions) {
                let before = position.checked_sub(1).and_then(|before| ends.get(before));
                let start = before.map_or(0, |end| end + 1);
                let end = ends.get(position).copied().unwrap_or(start);
                cells.push(text, start, end);
            }
        })?;
        Ok((cells, shape, end))
    }
}

/// The columns in their order, half of them at a time.
fn encoded(
    mut cells_of: Vec<(&str, Vec<Cells>)>,
    dialect: &Dialect,
) -> Result<Vec<Column>, CsvError> {
    let all = |cells_of: Vec<(&str, Vec<Cells>)>| -> Result<Vec<Column>, CsvError> {
        cells_of
            .into_iter()
            .map(|(name, cells)| Ok(column(name, cells, |cell| csv_meaning(cell, dialect))?))
            .collect()
    };
    let second = cells_of.split_off(cells_of.len() / 2);
    thread::scope(|scope| {
        let second = scope.spawn(|| all(second));
        let mut columns = all(cells_of)?;
        columns.extend(second.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        Ok(columns)
    })
}

/// What `trim` takes away.
pub(crate) const BLANKS: [char; 2] = [' ', '\t'];
/// Smaller ones are read before a thread would have begun.
const LARGE: u64 = 1 << 20;
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
            ("a\",b\n1,2\n\"3\",4\n", "csv.header"),
            ("a\",b\"\n1,2\n", "csv.header"),
            ("a,\"b\n1,2\n", "csv.header"),
            ("a\r,b\n1,2\n", "csv.header"),
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
        let rows: String = (0..120_000).map(|row| format!("{row},\"a\nb\",\n")).collect();
        let text = format!("x,y,z\n{rows}");
        assert!(u64::try_from(text.len()).unwrap() > LARGE);
        let table = read_csv(text.as_bytes(), &Dialect::default(), &["z", "x"]).unwrap();
        assert_eq!((table.rows(), table.columns()[1].dictionary().len()), (120_000, 120_000));
        assert_eq!(table.columns()[1].cell(119_999), Some("119999"));
        assert_eq!(table.columns()[0].dictionary(), [""]);
        for (more, row) in [("119,\n", 120_001), ("1,\"a\"b,\n", 120_001)] {
            let error = read_csv((text.clone() + more).as_bytes(), &Dialect::default(), &["x"]);
            let row_of = |error| match error {
                CsvError::Ragged { row, line, .. } | CsvError::Quotes { row, line } => (row, line),
                other => panic!("{other:?}"),
            };
            assert_eq!(row_of(error.unwrap_err()), (row, 240_002), "{more:?}");
        }
        let not_utf8 = [text.as_bytes(), b"1,\xf6,\n"].concat();
        let error = read_csv(&not_utf8, &Dialect::default(), &["y"]).unwrap_err();
        assert!(matches!(error, CsvError::NotUtf8 { row: 120_001 }), "{error:?}");
    }

    #[test]
    fn a_row_may_be_longer_than_what_is_read_at_once() {
        let long = "a\r\n\"\"b;".repeat(90_000);
        for end in ["\n", "\r\n"] {
            let row = |start: &str| format!("{start};\"{long}\";{start}{end}");
            let text = format!("x;y;z{end}{}{}{}", row("1"), "2;;2\n".repeat(90_000), row("3"));
            let dialect = Dialect { separator: b';', ..Dialect::default() };
            let table = read_csv(text.as_bytes(), &dialect, &["z", "y"]).unwrap();
            assert_eq!((table.rows(), table.columns()[0].dictionary().len()), (90_002, 3));
            let cell = table.columns()[1].cell(90_001).unwrap();
            assert_eq!(cell, long.replace("\"\"", "\""));
            let file = tempfile::tempfile().unwrap();
            std::io::Write::write_all(&mut &file, text.as_bytes()).unwrap();
            let same = read_source(Source::File(&file), &dialect, &["z", "y"]).unwrap();
            assert_eq!(same, table);
        }
    }
}
