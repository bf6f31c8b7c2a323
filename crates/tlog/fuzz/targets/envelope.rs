//! Any JSON as a DSSE envelope: nothing verifies but what was signed.
#![no_main]

use domain::Reason as _;
use domain::dsse::Envelope;
use tlog_fuzz::{parts, secret};

const TYPE: &str = "application/vnd.example+json";

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [kind, payload, json] = parts::<3>(data);
    let kind = String::from_utf8_lossy(kind);
    let key = secret().public();
    if let Ok(envelope) = serde_json::from_slice::<Envelope>(json) {
        let again = serde_json::to_vec(&envelope).expect("JSON");
        assert_eq!(serde_json::from_slice::<Envelope>(&again).expect("the same"), envelope);
        let _ = envelope.payload_digest();
        match envelope.verify(TYPE, &key) {
            // The seeds' own, which nobody else can sign.
            Ok(payload) => assert_eq!(payload, b"a payload"),
            Err(error) => assert!(error.reason().starts_with("dsse.")),
        }
    }
    let envelope = Envelope::sign(&kind, payload, &secret());
    let json = serde_json::to_vec(&envelope).expect("JSON");
    let read: Envelope = serde_json::from_slice(&json).expect("what was written");
    assert_eq!(read.verify(&kind, &key).expect("what was signed"), payload);
    assert_eq!(read.unverified_payload().expect("base64"), payload);
});
