//! Any bytes as GPU evidence and a certificate file: SPDM, opaque fields, JSON of three kinds.
#![no_main]

use evidence::nvidia::{Profile, inspect_all, read_evidence};
use evidence_fuzz::nvidia::ROOTS;
use evidence_fuzz::{now, parts};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [certificates, input] = parts(data);
    let certificates: &[&[u8]] = if certificates.is_empty() { &[] } else { &[certificates] };
    let Ok(evidence) = read_evidence(input, certificates) else { return };
    let _ = inspect_all(&evidence, &[], Profile::Archive, &ROOTS, now());
});
