//! What leaves: the gate's own file, written from checked values.

use std::fmt;

use domain::Digest;

use crate::table::Table;

/// A file that passed, in the gate's own bytes: UTF-8 CSV, columns in the order of the rules,
/// rows sorted, LF, quotation marks only around a cell that holds a comma.
///
/// Only a check makes one, so what is not one of these was never released.
#[derive(Clone, PartialEq, Eq)]
pub struct CanonicalFile {
    name: String,
    bytes: Vec<u8>,
}

impl CanonicalFile {
    pub(crate) fn write(name: &str, table: &Table) -> Self {
        let mut text = String::new();
        write_row(&mut text, table.columns().iter().map(|column| column.name()));
        for row in table.sorted_rows() {
            write_row(&mut text, table.columns().iter().filter_map(|column| column.cell(row)));
        }
        Self { name: name.to_owned(), bytes: text.into_bytes() }
    }

    /// The name, as the rules declare it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The content.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The digest of the content.
    #[must_use]
    pub fn sha256(&self) -> Digest {
        Digest::of(&self.bytes)
    }
}

impl fmt::Debug for CanonicalFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CanonicalFile({}, {} bytes)", self.name, self.bytes.len())
    }
}

/// Cells hold no quotation mark and no line break (see `cell`), so a comma is all there is to
/// quote, and the missing value where it would make an empty line, which CSV readers skip.
fn write_row<'a>(text: &mut String, cells: impl Iterator<Item = &'a str>) {
    let start = text.len();
    for (cell, at) in cells.zip(0_u32..) {
        if at > 0 {
            text.push(',');
        }
        if cell.contains(',') {
            text.extend(["\"", cell, "\""]);
        } else {
            text.push_str(cell);
        }
    }
    if text.len() == start {
        text.push_str("\"\"");
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Column;

    fn written(columns: &[(&str, &[&str])]) -> String {
        let encode = |(name, cells): &(&str, &[&str])| {
            let cells: Vec<String> = cells.iter().map(|&cell| cell.to_owned()).collect();
            Column::encode(name, &cells).unwrap()
        };
        let table = Table::new(columns.iter().map(encode).collect()).unwrap();
        String::from_utf8(CanonicalFile::write("a.csv", &table).bytes).unwrap()
    }

    #[test]
    fn rows_are_sorted_and_quoted_only_where_needed() {
        let text = written(&[("x", &["b", "a, c", ""]), ("n", &["1", "2", "3"])]);
        assert_eq!(text, "x,n\n,3\n\"a, c\",2\nb,1\n");
        assert_eq!(written(&[("x", &["", "a"])]), "x\n\"\"\na\n");
    }
}
