//! A table as a CSV file.

use std::io::{self, Write};

use disclosure::Table;

/// Writes `table` with a last column `flag` that is 1 in the rows that are `flagged` and 0 in others.
/// A missing value is an empty cell.
///
/// # Errors
/// What the writer gives.
pub fn write_csv(
    out: impl Write,
    table: &Table,
    separator: u8,
    flag: &str,
    flagged: &[bool],
) -> io::Result<()> {
    let mut writer = csv::WriterBuilder::new().delimiter(separator).from_writer(out);
    let names = table.columns().iter().map(disclosure::Column::name);
    writer.write_record(names.chain([flag]))?;
    for (row, flagged) in flagged.iter().enumerate().take(table.rows()) {
        let cells = table.columns().iter().map(|column| column.cell(row).unwrap_or_default());
        writer.write_record(cells.chain([if *flagged { "1" } else { "0" }]))?;
    }
    writer.flush()
}
