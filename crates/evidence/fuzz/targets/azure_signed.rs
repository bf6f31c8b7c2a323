//! Azure's evidence with changes to claims, HCL's report and quote, signed again.
#![no_main]

use evidence::azure::snp_vtpm::{inspect, read_evidence};
use evidence::snp::{Profile, TcbFloors};
use evidence_fuzz::azure::snp_json_with;
use evidence_fuzz::snp::{PROCESSOR, ROOTS};
use evidence_fuzz::{now, parts};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let certificates = [PROCESSOR.vcek_der(), PROCESSOR.ask_der()];
    let json = snp_json_with(parts(data));
    let Ok(evidence) = read_evidence(&json, &certificates, &[]) else { return };
    let floors = TcbFloors::published().expect("floors");
    let _ = inspect(&evidence, &floors, Profile::Archive, &ROOTS, &[], now());
});
