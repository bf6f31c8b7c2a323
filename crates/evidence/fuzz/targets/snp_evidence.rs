//! Any bytes as evidence (raw, hexadecimal, JSON of two kinds) or as a host's certificate table.
#![no_main]

use evidence::snp::{Profile, Roots, SnpEvidence, TcbFloors, inspect, read_evidence};
use evidence_fuzz::{now, parts};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [input, certificates, table] = parts(data);
    let report = input.to_vec();
    let _ = SnpEvidence::from_certificate_table(report, table);
    if let Ok(evidence) = read_evidence(input, &[certificates]) {
        let floors = TcbFloors::published().expect("floors");
        let roots = Roots::amd();
        assert!(inspect(&evidence, &floors, Profile::Archive, &roots, &[], now()).is_err());
    }
});
