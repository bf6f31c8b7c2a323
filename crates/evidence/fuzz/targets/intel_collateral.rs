//! Any bytes as a file of collateral: Intel's documents, dcap-qvl's layout, certificates and lists in
//! DER and PEM; then judged with a quote that is right.
#![no_main]

use evidence::intel::{Collateral, Profile, Tee, inspect, read_quote};
use evidence_fuzz::intel::{SIGNED, policy, root};
use evidence_fuzz::now;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(collateral) = Collateral::read([data]) else { return };
    let quote = read_quote(&SIGNED.quote).expect("a quote");
    let root = root(&SIGNED);
    let _ = inspect(&quote, Tee::Tdx, &collateral, &policy(), Profile::Archive, &root, now());
});
