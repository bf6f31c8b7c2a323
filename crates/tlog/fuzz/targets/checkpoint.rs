//! Any text as a checkpoint, also signed: it has one spelling.
#![no_main]

use domain::Reason as _;
use tlog::{Checkpoint, SignedCheckpoint};
use tlog_fuzz::{key, signed};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let parsed = text.parse::<Checkpoint>();
    match &parsed {
        Ok(checkpoint) => assert_eq!(checkpoint.to_string(), text),
        Err(error) => assert_eq!(error.reason(), "log.malformed"),
    }
    match SignedCheckpoint::verify(&signed(&text), &key()) {
        Ok(verified) => assert_eq!(verified.checkpoint(), &parsed.expect("what was signed")),
        Err(error) => {
            let reason = error.reason();
            assert!(["log.malformed", "log.origin", "log.signature"].contains(&reason));
            let ours = parsed.is_ok_and(|checkpoint| checkpoint.origin == key().origin());
            assert!(!ours, "a checkpoint of this log is refused: {reason}");
        }
    }
});
