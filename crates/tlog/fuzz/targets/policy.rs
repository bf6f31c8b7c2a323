//! Any text as a trust policy, beside the fuzzed log's own lines: what it asks of a checkpoint is what it
//! says that it asks.
#![no_main]

use domain::Reason as _;
use tlog::{Policy, VerifierKey, WitnessKey};
use tlog_fuzz::{cosigned, key, signed, witness};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let head = format!("log {}\nwitness w {}\n", key(), witness().0);
    for text in [text.to_string(), head + &text] {
        let policy = match text.parse::<Policy>() {
            Ok(policy) => policy,
            Err(error) => {
                assert_eq!(error.reason(), "log.policy");
                continue;
            }
        };
        assert_eq!(format!("# a comment\n\n{text}").parse::<Policy>().expect("the same"), policy);
        for log in policy.logs() {
            assert_eq!(log.key.to_string().parse::<VerifierKey>().expect("a key"), log.key);
        }
        for witness in policy.witnesses() {
            assert_eq!(witness.key.to_string().parse::<WitnessKey>().expect("a key"), witness.key);
        }
        judge(&policy);
    }
});

fn judge(policy: &Policy) {
    let ours = policy.logs().iter().any(|log| log.key == key());
    let bare = signed(&tlog_fuzz::checkpoint(5).to_string());
    match policy.verify(&bare) {
        Ok(witnessed) => {
            assert!(ours && !policy.needs_witnesses() && witnessed.cosigned().is_empty());
        }
        Err(error) if error.reason() == "log.quorum" => assert!(ours && policy.needs_witnesses()),
        Err(error) => assert!(!ours, "{}", error.reason()),
    }
    let known = policy.witnesses().iter().any(|line| line.key == witness().0);
    if let Ok(witnessed) = policy.verify(&cosigned(5)) {
        assert_eq!(witnessed.cosigned().len(), usize::from(known));
    }
}
