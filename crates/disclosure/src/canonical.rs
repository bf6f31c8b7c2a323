//! What leaves: the gate's own file, written from checked values.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use domain::Digest;

use crate::cell;
use crate::rules::{Output, Shape};
use crate::table::Table;

/// A file that passed, in the gate's own bytes: UTF-8 CSV, columns in the order of the rules,
/// rows sorted, LF, quotation marks only around a cell that holds a comma; or a drawing or a text.
///
/// Only a check makes one, so what is not one of these was never released.
#[derive(Clone, PartialEq, Eq)]
pub struct CanonicalFile {
    name: String,
    bytes: Vec<u8>,
    checked: Option<Vec<u8>>,
}

impl CanonicalFile {
    /// Writes the table of `output`: without its evidence, the counts and numbers of the rows in
    /// `hidden` left empty, other counts rounded as the rules say.
    pub(crate) fn write(output: &Output, table: &Table, hidden: &BTreeSet<usize>) -> Self {
        let bytes = csv(shown(output, table, hidden));
        let all = table.columns().iter().map(|column| {
            (column.name(), (0..table.rows()).filter_map(|row| column.cell(row)).map(Cow::Borrowed))
        });
        let checked = csv(all.map(|(name, cells)| (name, cells.collect())).collect());
        let checked = (checked != bytes).then_some(checked);
        Self { name: output.name().to_owned(), bytes, checked }
    }

    /// A file that is no table, as the gate drew or wrote it.
    pub(crate) fn drawn(name: &str, bytes: Vec<u8>) -> Self {
        Self { name: name.to_owned(), bytes, checked: None }
    }

    /// What was checked, where more than what leaves was needed for it: evidence columns, and
    /// counts as they were before rounding. It is for those who check again, and never leaves.
    #[must_use]
    pub fn checked(&self) -> Option<&[u8]> {
        self.checked.as_deref()
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

/// The columns that leave, cell by cell.
fn shown<'a>(
    output: &'a Output,
    table: &'a Table,
    hidden: &BTreeSet<usize>,
) -> Vec<(&'a str, Vec<Cow<'a, str>>)> {
    let rounding = match output.shape() {
        Shape::Table(table) => table.rounding,
        _ => None,
    };
    let cell = |kind: Cell, row: usize, text: &'a str| match (kind, rounding, cell::count(text)) {
        (Cell::Count | Cell::Number, _, _) if hidden.contains(&row) => Cow::Borrowed(""),
        (Cell::Count, Some(rounding), Ok(count)) => {
            Cow::Owned(rounding.released(count).to_string())
        }
        _ => Cow::Borrowed(text),
    };
    let column = |name: &'a str| {
        let kind = match name {
            name if output.counts().iter().any(|count| count == name) => Cell::Count,
            name if output.numbers().iter().any(|number| number == name) => Cell::Number,
            _ => Cell::Category,
        };
        let rows = (0..table.rows()).filter_map(|row| Some((row, table.column(name)?.cell(row)?)));
        (name, rows.map(|(row, text)| cell(kind, row, text)).collect())
    };
    output.columns().map(column).collect()
}

#[derive(Clone, Copy)]
enum Cell {
    Category,
    Count,
    Number,
}

/// A header, and the rows in the order of their texts: the one order that says nothing about how
/// they came in.
fn csv(columns: Vec<(&str, Vec<Cow<'_, str>>)>) -> Vec<u8> {
    let rows = columns.first().map_or(0, |(_, cells)| cells.len());
    let mut rows: Vec<Vec<&str>> = (0..rows)
        .map(|row| columns.iter().filter_map(|(_, cells)| Some(cells.get(row)?.as_ref())).collect())
        .collect();
    rows.sort_unstable();
    let mut text = String::new();
    write_row(&mut text, columns.iter().map(|(name, _)| *name));
    for row in rows {
        write_row(&mut text, row.into_iter());
    }
    text.into_bytes()
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

    fn written(columns: &[(&'static str, &'static [&'static str])]) -> String {
        let column = |(name, cells): &(&'static str, &'static [&'static str])| {
            (*name, cells.iter().map(|cell| Cow::Borrowed(*cell)).collect())
        };
        String::from_utf8(csv(columns.iter().map(column).collect())).unwrap()
    }

    #[test]
    fn rows_are_sorted_and_quoted_only_where_needed() {
        let text = written(&[("x", &["b", "a, c", ""]), ("n", &["1", "2", "3"])]);
        assert_eq!(text, "x,n\n,3\n\"a, c\",2\nb,1\n");
        assert_eq!(written(&[("x", &["", "a"])]), "x\n\"\"\na\n");
    }
}
