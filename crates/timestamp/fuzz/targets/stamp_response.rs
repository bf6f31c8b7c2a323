//! Any bytes as a response, beside any roots and certificates: nothing is believed without the right roots, and what is
//! refused has a reason.
#![no_main]

use domain::Reason as _;
use timestamp::{Authorities, Token};
use timestamp_fuzz::{FORGE, REQUEST, forged, parts, plan};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [response, roots, beside] = parts::<3>(data);
    let (token, bare) = (Token::from_response(response), Token::from_der(response));
    if let Err(error) = Authorities::from_pem(roots, beside) {
        assert!(error.reason().starts_with("timestamp."));
    }
    let authorities = Authorities::from_pem(forged(&plan()).root().as_bytes(), beside);
    let Ok(authorities) = authorities else { return };
    for token in [token, bare] {
        let verdict = token.and_then(|token| token.answers(&REQUEST, &authorities, FORGE.time()));
        // Its keys are of this run: no input can hold their signature.
        assert!(verdict.expect_err("a refusal").reason().starts_with("timestamp."));
    }
});
