//! Any text as a configuration of `table anonymise`, beside any names of columns. Its hierarchies are not
//! read: their files are any files.
#![no_main]

use domain::Reason as _;
use tables::Config;
use tables_fuzz::parts;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [text, names] = parts::<2>(data).map(String::from_utf8_lossy);
    let config = match Config::parse(&text) {
        Ok(config) => config,
        Err(error) => return assert!(!error.reason().is_empty()),
    };
    let names: Vec<String> = names.lines().map(str::to_owned).collect();
    let (_, _) = (config.dialect().is_ok(), config.output_separator().is_ok());
    match config.columns(&names) {
        Ok(columns) => assert!(columns.iter().all(|column| names.iter().any(|n| n == column))),
        Err(error) => assert!(!error.reason().is_empty()),
    }
});
