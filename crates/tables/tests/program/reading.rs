//! Whatever the bytes, reading ends in a table or a reason, and a table is what another reader
//! finds in them.

use proptest::prelude::*;
use tables::{Dialect, read_csv};

/// All rows as the `csv` crate reads them.
fn other_reader(text: &str) -> Option<Vec<Vec<String>>> {
    let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(text.as_bytes());
    let cells = |record: csv::StringRecord| record.iter().map(str::to_owned).collect();
    reader.records().map(|record| record.ok().map(cells)).collect()
}

/// Texts of the characters that CSV is about.
fn body() -> impl Strategy<Value = String> {
    let cell = prop_oneof!["[a ;é]{0,3}", "\"([a,\n\r;é]|\"\"){0,4}\"", "[a\",\r\n]{0,3}",];
    let row = prop::collection::vec(cell, 1..4).prop_map(|cells| cells.join(","));
    let end = prop_oneof![Just("\n"), Just("\r\n"), Just("\n\n")];
    prop::collection::vec((row, end), 0..6)
        .prop_map(|rows| rows.into_iter().map(|(row, end)| row + end).collect())
}

proptest! {
    #[test]
    fn a_table_is_what_another_reader_finds(body in body()) {
        let text = format!("x,y\n{body}");
        if let Ok(table) = read_csv(text.as_bytes(), &Dialect::default(), &["x", "y"]) {
            let cell = |row, at: usize| table.columns()[at].cell(row).unwrap().to_owned();
            let rows: Vec<_> =
                (0..table.rows()).map(|row| vec![cell(row, 0), cell(row, 1)]).collect();
            prop_assert_eq!(Some(rows), other_reader(&text));
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..80), separator in any::<u8>()) {
        let dialect = Dialect { separator, ..Dialect::default() };
        let _ = read_csv(&bytes, &dialect, &["x"]);
        let _ = read_csv(&[b"x\n", bytes.as_slice()].concat(), &dialect, &["x"]);
    }
}
