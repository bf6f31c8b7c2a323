//! Any bytes as rules, and any bytes as a file of each output that they declare.
#![no_main]

use std::collections::BTreeSet;

use disclosure::{Output, OutputEntry, Rules};
use disclosure_fuzz::gate::{file, judge};
use disclosure_fuzz::parts;
use domain::Digest;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [toml, rows] = parts(data);
    let Ok(rules) = Rules::parse(toml) else { return };
    assert_eq!(rules.digest(), Digest::of(toml));
    assert!(rules.threshold() >= 2 && rules.k() >= 2);
    let names: BTreeSet<&str> = rules.outputs().iter().map(Output::name).collect();
    assert_eq!(names.len(), rules.outputs().len());
    // Few rows of few columns, so that what is hidden is soon found.
    let rows = rows.get(..512).unwrap_or(rows);
    let few = rules.outputs().iter().filter(|output| output.counts().len() <= 2).take(4);
    let entries: Vec<OutputEntry> = few
        .map(|output| {
            let columns: Vec<&str> = output.columns().chain(output.evidence()).collect();
            let bytes = [columns.join(",").as_bytes(), b"\n", rows].concat();
            file(output.name().as_bytes(), &bytes)
        })
        .collect();
    judge(&entries, &rules);
});
