//! Any bytes as Azure's evidence with TDX, and as a file beside it.
#![no_main]

use evidence::azure::tdx_vtpm::{inspect, read_evidence};
use evidence::intel::{Collateral, Profile};
use evidence_fuzz::intel::{SIGNED, policy, root};
use evidence_fuzz::{now, parts};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [quote, file, input] = parts(data);
    let Ok((evidence, _)) = read_evidence(input, &[quote, file]) else { return };
    let (collateral, root) = (Collateral::default(), root(&SIGNED));
    let _ = inspect(&evidence, &collateral, &policy(), Profile::Archive, &root, now());
});
