//! k against an independent computation over real tables (shared vectors, `anonymity`).

use std::path::Path;

use disclosure::{Classes, Column, Table};

pub(crate) const VECTORS: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/anonymity");

/// A published table; a cell is trimmed, as the computation compared with did it.
pub(crate) fn read(path: &Path) -> Table {
    let mut csv = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(path).unwrap();
    let header = csv.headers().unwrap().clone();
    let records: Vec<csv::StringRecord> = csv.records().map(Result::unwrap).collect();
    let column = |(at, name)| {
        let cells: Vec<String> = records.iter().map(|record| record[at].to_owned()).collect();
        Column::encode(name, &cells).unwrap()
    };
    Table::new(header.iter().enumerate().map(column).collect()).unwrap()
}

/// One of the oracles, or `None` after saying what is skipped.
pub(crate) fn oracle(name: &str) -> Option<serde_json::Value> {
    match std::fs::read(Path::new(VECTORS).join("oracles").join(name)) {
        Ok(bytes) => Some(serde_json::from_slice(&bytes).unwrap()),
        Err(_) => {
            println!("skipped 1 oracle, {name}: the shared vectors are not here");
            None
        }
    }
}

#[test]
fn k_agrees_with_the_definition_on_every_record() {
    let Some(oracle) = oracle("pycanon_measures.json") else { return };
    let records = oracle["records"].as_array().unwrap();
    for record in records {
        let name = record["dataset"].as_str().unwrap();
        let table = read(&Path::new(VECTORS).join(name));
        let columns = record["qi"].as_array().unwrap().iter().map(|qi| qi.as_str().unwrap());
        let classes = Classes::over(&table, &columns.collect::<Vec<_>>()).unwrap();
        let k = record["reference_definitions"]["k"].as_u64();
        assert_eq!(classes.smallest(), k, "{name} {}", record["qi"]);
        assert_eq!(Some(classes.of_row().len() as u64), record["rows"].as_u64(), "{name}");
    }
    assert_eq!(records.len(), 37);
}
