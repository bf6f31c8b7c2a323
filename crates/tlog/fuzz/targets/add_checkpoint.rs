//! Any text as a request to a witness, also with a checkpoint that the log signed: it has one spelling, and
//! what may be cosigned extends what was.
#![no_main]

use domain::Reason as _;
use tlog::witness::AddCheckpoint;
use tlog_fuzz::{checkpoint, consistency, key, leaves, parts, signed};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [choice, text] = parts::<2>(data);
    let sizes = [0, 1].map(|at| choice.get(at).copied().unwrap_or_default());
    let mut text = String::from_utf8_lossy(text).into_owned();
    if choice.len() > 2 {
        text += &format!("\n\n{}", signed(&checkpoint(sizes[1]).to_string()));
    }
    let request = match text.parse::<AddCheckpoint>() {
        Ok(request) => request,
        Err(refusal) => {
            return assert_eq!((refusal.status(), refusal.reason()), (400, "witness.malformed"));
        }
    };
    assert_eq!(request.to_string(), text);
    let latest = (sizes[0] > 0).then(|| checkpoint(sizes[0]));
    match request.judge(&key(), latest.as_ref()) {
        Ok(grown) => {
            let size = u8::try_from(grown.checkpoint().size).expect("a checkpoint of this log");
            assert_eq!(grown.checkpoint(), &checkpoint(size));
            assert_eq!(request.old_size, u64::from(sizes[0]));
            assert_eq!(request.proof, consistency(sizes[0].into(), &leaves(size)));
        }
        Err(refusal) => assert!([400, 403, 404, 409, 422].contains(&refusal.status())),
    }
});
