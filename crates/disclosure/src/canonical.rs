//! What leaves: the gate's own file, written from checked values.

use std::borrow::Cow;
use std::fmt;

use domain::Digest;

use crate::cell;
use crate::rounding;
use crate::rules::{Output, Rounding, Shape};
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
    /// Writes the table of `output`: without its evidence, its counts rounded as the rules say.
    pub(crate) fn write(output: &Output, table: &Table) -> Self {
        let bytes = csv(shown(output, table));
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
fn shown<'a>(output: &'a Output, table: &'a Table) -> Vec<(&'a str, Vec<Cow<'a, str>>)> {
    let rounding = match output.shape() {
        Shape::Table(table) => table.rounding,
        _ => Rounding::None,
    };
    let rounded = |text: &'a str| match cell::count(text) {
        Ok(count) => Cow::Owned(rounding::shown(count, rounding).to_string()),
        Err(_) => Cow::Borrowed(text),
    };
    let column = |name: &'a str| {
        let cells = table
            .column(name)
            .into_iter()
            .flat_map(|column| (0..table.rows()).filter_map(|row| column.cell(row)));
        let is_count = output.counts().iter().any(|count| count == name);
        let cells = cells.map(|text| if is_count { rounded(text) } else { Cow::Borrowed(text) });
        (name, cells.collect())
    };
    output.columns().map(column).collect()
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
