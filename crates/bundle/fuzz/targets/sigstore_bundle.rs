//! Any bytes as a bundle, and any as a trusted root: nothing is believed that the key of this run did not sign, and what
//! is refused has a reason.
#![no_main]

use bundle::verify_pinned;
use bundle_fuzz::{ARTIFACT, RIGHT, judged, parts};
use domain::{Digest, Reason as _};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [bundle, root] = parts::<2>(data).map(String::from_utf8_lossy);
    let verdicts = [
        judged(&bundle, ARTIFACT, &RIGHT.root).map(drop),
        judged(&bundle, ARTIFACT, &root).map(drop),
        verify_pinned(&bundle, &Digest::of(ARTIFACT), &RIGHT.key).map(drop),
    ];
    for verdict in verdicts {
        // No input can hold a signature of a key of this run.
        assert!(verdict.expect_err("a refusal").reason().starts_with("bundle."));
    }
    if let Err(error) = judged(&RIGHT.bundle, ARTIFACT, &root) {
        assert!(error.reason().starts_with("bundle."));
    }
});
