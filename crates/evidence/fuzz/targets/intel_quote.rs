//! Any bytes as a quote of TDX or SGX.
#![no_main]

use evidence::intel::{Collateral, Profile, Tee, inspect, read_quote};
use evidence_fuzz::intel::{SIGNED, policy, root};
use evidence_fuzz::now;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(quote) = read_quote(data) else { return };
    let (collateral, root) = (Collateral::default(), root(&SIGNED));
    for tee in [Tee::Tdx, Tee::Sgx] {
        let _ = inspect(&quote, tee, &collateral, &policy(), Profile::Archive, &root, now());
    }
});
