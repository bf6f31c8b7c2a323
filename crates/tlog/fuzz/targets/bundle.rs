//! Any bytes as a bundle or a tile: written again, what was read is the same.
#![no_main]

use domain::Reason as _;
use tlog::path::{parse_bundle, parse_hashes};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((width, bytes)) = data.split_first() else { return };
    let width = u16::from(*width) + 1;
    match parse_bundle(bytes, width) {
        Ok(entries) => {
            assert_eq!(entries.len(), usize::from(width));
            let mut again = Vec::new();
            for entry in entries {
                again.extend(u16::try_from(entry.len()).expect("16 bits").to_be_bytes());
                again.extend(entry);
            }
            assert_eq!(again, bytes);
        }
        Err(error) => assert_eq!(error.reason(), "log.malformed"),
    }
    match parse_hashes(bytes, width) {
        Ok(hashes) => {
            let again: Vec<u8> = hashes.iter().flat_map(|hash| *hash.as_bytes()).collect();
            assert_eq!((hashes.len(), again.as_slice()), (usize::from(width), bytes));
        }
        Err(error) => assert_eq!(error.reason(), "log.malformed"),
    }
});
