//! Generalisation hierarchies from CSV files, as ARX and ANJANA write them: no header, a value and
//! what stands for it on each level.

use disclosure::{Column, Hierarchy};

use crate::config::SourceError;
use crate::read::{BLANKS, BYTE_ORDER_MARK};

/// How a hierarchy's file is written.
#[derive(Clone, Copy, Debug)]
pub struct Layout<'a> {
    /// Its name.
    pub file: &'a str,
    /// Its separator, if that is stated.
    pub stated: Option<u8>,
    /// The table's separator.
    pub separator: u8,
    /// Whether blanks around cells are left off.
    pub trim: bool,
}

/// Reads the hierarchy of `column` in `bytes`. If the separator is not stated, it is the one of the
/// table's, semicolon, comma and tab that finds most values of the column: labels like `[20, 30)`
/// make a file look regular with a wrong one, too.
///
/// # Errors
/// A [`SourceError`] that names the line where it can.
pub fn read_hierarchy(
    layout: &Layout<'_>,
    bytes: &[u8],
    column: &Column,
) -> Result<Hierarchy, SourceError> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let read = |separator: u8| rows(layout, bytes, separator);
    let mut best = read(layout.stated.unwrap_or(layout.separator));
    if layout.stated.is_none() {
        for other in [b';', b',', b'\t'].map(read) {
            if found(&other, column) > found(&best, column) {
                best = other;
            }
        }
    }
    let rows = best?;
    let paths: Vec<Vec<String>> = rows.iter().map(|row| row.path.clone()).collect();
    Hierarchy::new(&paths).map_err(|error| SourceError::NoHierarchy {
        file: layout.file.to_owned(),
        line: error.row().and_then(|at| {
            let row = rows.get(usize::try_from(at).ok()?.checked_sub(1)?)?;
            line(bytes, row.start)
        }),
        error,
    })
}

/// A record, and where it starts in the file.
struct Row {
    path: Vec<String>,
    start: u64,
}

fn rows(layout: &Layout<'_>, bytes: &[u8], separator: u8) -> Result<Vec<Row>, SourceError> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .from_reader(bytes);
    let text = |cell: &str| if layout.trim { cell.trim_matches(BLANKS) } else { cell }.to_owned();
    let unreadable = |error| SourceError::Csv { file: layout.file.to_owned(), error };
    reader
        .records()
        .map(|record| {
            let record = record.map_err(unreadable)?;
            let start = record.position().map_or(0, csv::Position::byte);
            Ok(Row { path: record.iter().map(text).collect(), start })
        })
        .collect()
}

/// How many rows are of values that the column has.
fn found(rows: &Result<Vec<Row>, SourceError>, column: &Column) -> usize {
    let is_value = |row: &&Row| {
        row.path.first().is_some_and(|value| column.dictionary().binary_search(value).is_ok())
    };
    rows.as_ref().map_or(0, |rows| rows.iter().filter(is_value).count())
}

/// The line of the record that starts at `start`, or behind empty lines there.
fn line(bytes: &[u8], start: u64) -> Option<u64> {
    let (before, from) = bytes.split_at_checked(usize::try_from(start).ok()?)?;
    let skipped = from.iter().take_while(|byte| matches!(byte, b'\n' | b'\r'));
    Some(1 + before.iter().chain(skipped).filter(|&&byte| byte == b'\n').map(|_| 1).sum::<u64>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Reason as _;

    fn read(text: &str, separator: u8, cells: &[&str]) -> Result<Vec<String>, SourceError> {
        let cells: Vec<String> = cells.iter().map(|&cell| cell.to_owned()).collect();
        let column = Column::encode("x", &cells).unwrap();
        let layout = Layout { file: "x.csv", stated: None, separator, trim: false };
        let hierarchy = read_hierarchy(&layout, text.as_bytes(), &column)?;
        Ok(hierarchy.rows().map(|row| row.join("|")).collect())
    }

    #[test]
    fn the_separator_is_the_one_that_finds_the_values() {
        // ARX's `test2_hierarchy_Age.csv`, which commas split into two even columns.
        let arx = "29;[20,30[;*\r\n22;[20,30[;*\r\n";
        // ANJANA's `age.csv`.
        let anjana = "22,\"[20, 25[\",*\n29,\"[25, 30[\",*\n";
        for separator in *b",;|" {
            let found = read(arx, separator, &["22", "29"]).unwrap();
            assert_eq!(found, ["22|[20,30[|*", "29|[20,30[|*"]);
            let found = read(anjana, separator, &["22", "29"]).unwrap();
            assert_eq!(found, ["22|[20, 25[|*", "29|[25, 30[|*"]);
        }
        assert_eq!(read("\u{feff}a\t*\n", b',', &["a"]).unwrap(), ["a|*"]);
        // What the table separates is preferred where others find no more.
        assert_eq!(read("a|b;c\n", b'|', &["a"]).unwrap(), ["a|b;c"]);
    }

    #[test]
    fn faults_are_named_by_line() {
        for (text, expected, reason) in [
            ("a;x;*\n\n\nb;x\n", 4, "hierarchy.ragged"),
            ("a;\"x\ny\";1\nb;\"x\ny\";2", 3, "hierarchy.splits"),
            ("a;x;*\na;y;*\n", 2, "hierarchy.splits"),
            ("a;x;*\na;x;*\n", 2, "hierarchy.value-twice"),
        ] {
            match read(text, b';', &["a", "b"]).unwrap_err() {
                SourceError::NoHierarchy { line, error, .. } => {
                    assert_eq!((line, error.reason()), (Some(expected), reason));
                }
                other => panic!("{other:?}"),
            }
        }
    }
}
