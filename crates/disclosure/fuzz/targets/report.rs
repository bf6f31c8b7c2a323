//! Any bytes as a report or a record of the checks: what is read has one spelling.
#![no_main]

use disclosure::{CheckRecord, CheckReport};
use disclosure_fuzz::gate::rules;
use domain::Digest;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(report) = CheckReport::parse(data) {
        assert_eq!(report.to_bytes(), data);
        assert_eq!(report.digest(), Digest::of(data));
        let _ = report.notice(rules(0));
        let record = CheckRecord::of(&report, Digest::of(data), "fuzz 0");
        let bytes = record.to_bytes().expect("a record");
        assert_eq!(CheckRecord::parse(&bytes).expect("a record"), record);
    }
    if let Ok(record) = CheckRecord::parse(data) {
        assert_eq!(record.to_bytes().expect("a record"), data);
        let _ = record.is_of(rules(0));
    }
});
