//! Any lines as a hierarchy, any words as a builder of one, any lines as the column that it is for.
#![no_main]

use disclosure::{Column, Hierarchy};
use disclosure_fuzz::hierarchies::{assert_nests_and_covers, builder};
use disclosure_fuzz::parts;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [spec, rows, cells] = parts::<3>(data).map(String::from_utf8_lossy);
    let written: Vec<Vec<String>> =
        rows.lines().map(|row| row.split(';').map(str::to_owned).collect()).collect();
    match Hierarchy::new(&written) {
        Ok(hierarchy) => {
            let values: Vec<String> = written.iter().flat_map(|row| row.first().cloned()).collect();
            let column = Column::encode("x", &values).expect("a column");
            assert_nests_and_covers(&hierarchy, &column);
            assert!(hierarchy.loss(&column, 0, &vec![false; values.len()]).is_ok());
        }
        Err(error) => {
            assert!(error.row().is_none_or(|row| row >= 1 && row <= written.len() as u64))
        }
    }
    let cells: Vec<String> = cells.lines().map(str::to_owned).collect();
    let Ok(column) = Column::encode("x", &cells) else { return };
    let Some(hierarchy) = builder(&spec).and_then(|builder| builder.build(&column).ok()) else {
        return;
    };
    assert_nests_and_covers(&hierarchy, &column);
});
