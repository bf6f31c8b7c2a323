//! Changes to a right bundle: what is believed says what the right one says.
#![no_main]

use bundle_fuzz::{ARTIFACT, RIGHT, edited, judged};
use domain::Reason as _;
use serde_json::Value;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((part, edits)) = data.split_first() else { return };
    let change = |of: &[u8]| edited(of, edits);
    let (mut bundle, mut artifact) = (RIGHT.bundle.clone().into_bytes(), ARTIFACT.to_vec());
    if part % 8 == 0 {
        artifact = change(&artifact);
    } else {
        bundle = change(&bundle);
    }
    let bundle = String::from_utf8_lossy(&bundle);
    match judged(&bundle, &artifact, &RIGHT.root) {
        Ok(_) => {
            assert_eq!(artifact, ARTIFACT);
            assert_eq!(content(&bundle), content(&RIGHT.bundle));
        }
        Err(error) => assert!(error.reason().starts_with("bundle.")),
    }
});

/// All but what nobody signed: the stamps' envelopes and the key's hint.
fn content(bundle: &str) -> Value {
    let mut bundle: Value = serde_json::from_str(bundle).expect("it was read");
    let material = &mut bundle["verificationMaterial"];
    material["timestampVerificationData"] = Value::Null;
    material["publicKey"] = Value::Null;
    bundle
}
