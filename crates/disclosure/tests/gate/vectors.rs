//! k against an independent computation over real tables (shared vectors, `anonymity`).

use std::path::Path;

use disclosure::{Classes, Column, Table};

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/anonymity");

/// A published table; a cell is trimmed, as the computation compared with did it.
fn read(path: &Path) -> Table {
    let mut csv = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(path).unwrap();
    let header = csv.headers().unwrap().clone();
    let records: Vec<csv::StringRecord> = csv.records().map(Result::unwrap).collect();
    let column = |(at, name)| {
        let cells: Vec<String> = records.iter().map(|record| record[at].to_owned()).collect();
        Column::encode(name, &cells).unwrap()
    };
    Table::new(header.iter().enumerate().map(column).collect()).unwrap()
}

#[test]
fn k_agrees_with_the_definition_on_every_record() {
    let oracle = Path::new(VECTORS).join("oracles/pycanon_measures.json");
    let Ok(bytes) = std::fs::read(&oracle) else {
        println!("skipped 1 oracle: the shared vectors are not here");
        return;
    };
    let oracle: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
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
