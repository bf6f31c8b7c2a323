//! Any bytes as a signed note; any text and signature lines around a right signature. What is opened is the
//! text that was signed.
#![no_main]

use domain::Reason as _;
use tlog_fuzz::{checkpoint, key, parts, signed, witness};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [text, lines, choice] = parts::<3>(data).map(String::from_utf8_lossy);
    let note = if choice.is_empty() { text.to_string() } else { signed(&text) + &lines };
    let known = (0..=255).map(|size| checkpoint(size).to_string());
    let seeded = |text: &str| text.len() < 100 && known.clone().any(|known| known == text);
    match key().open(&note) {
        Ok(opened) => {
            assert!(note.starts_with(opened) && opened.ends_with('\n'));
            // The target signs the text, and the seeds are signed checkpoints.
            assert!(opened == text && !choice.is_empty() || seeded(opened));
        }
        Err(error) => assert!(["log.malformed", "log.signature"].contains(&error.reason())),
    }
    match witness().0.time_of(&note) {
        Ok(None) => {}
        Ok(Some(time)) => {
            assert_eq!(time.unix_seconds(), 1_800_000_000);
            assert!(note.split_once("\n\n").is_some_and(|(text, _)| seeded(&format!("{text}\n"))));
        }
        Err(error) => assert!(["log.malformed", "log.cosignature"].contains(&error.reason())),
    }
});
