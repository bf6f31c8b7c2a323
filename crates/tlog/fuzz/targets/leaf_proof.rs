//! Any text as the proof of an entry: it has one spelling, and proves only what is there.
#![no_main]

use domain::Reason as _;
use tlog::{LeafProof, verify_inclusion};
use tlog_fuzz::{inclusion, key, leaves, parts};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [entry, text] = parts::<2>(data);
    let text = String::from_utf8_lossy(text);
    let proof = match text.parse::<LeafProof>() {
        Ok(proof) => proof,
        Err(error) => return assert_eq!(error.reason(), "log.malformed"),
    };
    assert_eq!(proof.to_string(), text);
    if let Ok(included) = verify_inclusion(entry, &proof, &key()) {
        // Seeds alone are signed, by this log.
        let size = u8::try_from(included.checkpoint().size).expect("a small log");
        let index = u8::try_from(included.index()).expect("in it");
        assert_eq!(entry, [index]);
        assert_eq!(proof.hashes, inclusion(index.into(), &leaves(size)));
    }
});
