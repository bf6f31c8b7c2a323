//! Any bytes as a CSV file, a column of it asked for: a table is what another reader finds in it, and
//! what is refused has a reason.
#![no_main]

use domain::Reason as _;
use tables::{Dialect, header, read_csv};
use tables_fuzz::parts;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [choice, text] = parts::<2>(data);
    let separator = choice.first().copied().unwrap_or(b',');
    let trim = choice.get(1).is_some_and(|byte| byte % 2 == 1);
    let null_texts = [String::from_utf8_lossy(choice.get(2..).unwrap_or_default()).into()].into();
    let dialect = Dialect { separator, trim, null_texts };
    let names = match header(text, &dialect) {
        Ok(names) => names,
        Err(error) => return assert!(error.reason().starts_with("csv.")),
    };
    let columns: Vec<&str> = names.iter().rev().map(String::as_str).collect();
    let table = match read_csv(text, &dialect, &columns) {
        Ok(table) => table,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    assert_eq!(table.columns().len(), columns.len());
    let plain = dialect == Dialect { separator, ..Dialect::default() };
    if separator == b',' && (plain || !trim) {
        assert_as_other_reader(text, &dialect, &table);
    }
});

fn assert_as_other_reader(text: &[u8], dialect: &Dialect, table: &disclosure::Table) {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().from_reader(text);
    for (row, record) in reader.records().enumerate() {
        let record = record.expect("a row that another reader can read");
        for (column, cell) in table.columns().iter().rev().zip(&record) {
            let expected = if dialect.null_texts.contains(cell) { "" } else { cell };
            assert_eq!(column.cell(row), Some(expected), "row {row}");
        }
    }
}
