//! Any bytes as a hierarchy's file, any lines as the column that it is for.
#![no_main]

use disclosure::Column;
use domain::Reason as _;
use tables::{Layout, read_hierarchy};
use tables_fuzz::parts;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [choice, file, cells] = parts::<3>(data);
    let cells: Vec<String> = String::from_utf8_lossy(cells).lines().map(str::to_owned).collect();
    let Ok(column) = Column::encode("x", &cells) else { return };
    let stated = choice.first().copied().filter(|byte| byte.is_ascii_punctuation());
    let layout = Layout {
        file: "x.csv",
        stated,
        separator: choice.get(1).copied().unwrap_or(b','),
        trim: choice.get(2).is_some_and(|byte| byte % 2 == 1),
    };
    match read_hierarchy(&layout, file, &column) {
        Ok(hierarchy) => {
            let levels = hierarchy.levels();
            assert!(hierarchy.rows().all(|row| row.len() == levels));
        }
        Err(error) => assert!(!error.reason().is_empty() && !error.to_string().is_empty()),
    }
});
