//! Any bytes as a leaf of the ledger: it has one spelling.
#![no_main]

use domain::Reason as _;
use domain::event::Entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    match Entry::from_leaf(data) {
        Ok(entry) => assert_eq!(entry.to_leaf().expect("what was read"), data),
        Err(error) => {
            assert!(["format.not-json", "format.not-canonical"].contains(&error.reason()));
        }
    }
});
