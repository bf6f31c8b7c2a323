//! Generalisation hierarchies from CSV files, as ARX and ANJANA write them: no header, a value and
//! what stands for it on each level.

use disclosure::Hierarchy;

use crate::config::ConfigError;
use crate::read::BLANKS;

/// Reads the hierarchy in `bytes`. Cells are separated by `separator`, or, if that leaves one cell in
/// every row, by the semicolon or comma that gives every row the same number of several.
pub(crate) fn read_hierarchy(
    file: &str,
    bytes: &[u8],
    separator: u8,
    trim: bool,
) -> Result<Hierarchy, ConfigError> {
    let first = rows(file, bytes, separator, trim)?;
    let is_split = |rows: &[Vec<String>]| rows.iter().any(|row| row.len() > 1);
    let rows = if is_split(&first) {
        first
    } else {
        let others = [b';', b','].into_iter().filter(|&other| other != separator);
        let split = others.filter_map(|other| rows(file, bytes, other, trim).ok()).find(|rows| {
            let even = rows.windows(2).all(|pair| matches!(pair, [a, b] if a.len() == b.len()));
            is_split(rows) && even
        });
        split.unwrap_or(first)
    };
    Hierarchy::new(&rows).map_err(|error| ConfigError::Hierarchy { file: file.to_owned(), error })
}

fn rows(
    file: &str,
    bytes: &[u8],
    separator: u8,
    trim: bool,
) -> Result<Vec<Vec<String>>, ConfigError> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .from_reader(bytes);
    let text = |cell: &str| if trim { cell.trim_matches(BLANKS) } else { cell }.to_owned();
    let unreadable = |error| ConfigError::HierarchyCsv { file: file.to_owned(), error };
    reader
        .records()
        .map(|record| Ok(record.map_err(unreadable)?.iter().map(text).collect()))
        .collect()
}
