//! Any bytes as a leaf of the ledger: it has one spelling, and both ways to read it agree.
#![no_main]

use domain::Reason as _;
use domain::event::Entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let slowly = domain::canonical::from_slice::<Entry>(data);
    assert_eq!(Entry::from_leaf(data).ok(), slowly.ok());
    match Entry::from_leaf(data) {
        Ok(entry) => assert_eq!(entry.to_leaf().expect("what was read"), data),
        Err(error) => {
            assert!(["format.not-json", "format.not-canonical"].contains(&error.reason()));
        }
    }
});
