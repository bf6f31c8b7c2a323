//! Any bytes as Azure's evidence with SEV-SNP, and as a TPM quote beside it.
#![no_main]

use evidence::azure::snp_vtpm::{inspect, read_evidence};
use evidence::snp::{Profile, TcbFloors};
use evidence_fuzz::snp::{PROCESSOR, ROOTS};
use evidence_fuzz::{now, parts};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [quote, input] = parts(data);
    let certificates = [PROCESSOR.vcek_der(), PROCESSOR.ask_der()];
    let quotes: &[&[u8]] = if quote.is_empty() { &[] } else { &[quote] };
    let Ok(evidence) = read_evidence(input, &certificates, quotes) else { return };
    let floors = TcbFloors::published().expect("floors");
    let _ = inspect(&evidence, &floors, Profile::Archive, &ROOTS, &[], now());
});
