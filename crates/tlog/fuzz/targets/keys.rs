//! Any text as a key of a log or of a witness: it has one spelling, and is not both.
#![no_main]

use tlog::{VerifierKey, WitnessKey};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let (log, witness) = (text.parse::<VerifierKey>(), text.parse::<WitnessKey>());
    assert!(log.is_err() || witness.is_err());
    if let Ok(key) = log {
        assert_eq!(key.to_string(), text);
        assert_eq!(VerifierKey::new(key.origin(), *key.public()).expect("its parts"), key);
    }
    if let Ok(key) = witness {
        assert_eq!(key.to_string(), text);
        assert!(text.starts_with(&format!("{}+", key.name())));
    }
});
