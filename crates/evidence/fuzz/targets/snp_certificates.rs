//! Certificates and revocation lists with changes, under a report that is right: X.509 in DER and
//! PEM, and RFC 5280 lists.
#![no_main]

use evidence::snp::{Crl, SnpEvidence, read_evidence, verify};
use evidence_fuzz::snp::{EVIDENCE, EXPECTED, ROOTS};
use evidence_fuzz::{edited, now, parts};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [vek, ask, list, file] = parts(data);
    let (vek, ask) = (edited(&EVIDENCE.vek, vek), edited(&EVIDENCE.ask, ask));
    let evidence = SnpEvidence { report: EVIDENCE.report.clone(), vek, ask };
    if verify(&evidence, &EXPECTED, &ROOTS, Crl::EmulatedNone, now()).is_ok() {
        assert_eq!(evidence, *EVIDENCE);
    }
    assert!(verify(&EVIDENCE, &EXPECTED, &ROOTS, Crl::Given(list), now()).is_err());
    let _ = read_evidence(&EVIDENCE.report, &[file]);
});
