//! What signatures are known changes no verdict: neither the reason nor a warning nor a claim.

use std::fmt::Debug;

use domain::Timestamp;
use domain::claims::SigningKey;
use evidence::snp::{Crl, Profile, Roots, SnpEvidence, TcbFloors, read_evidence};
use evidence::{EvidenceError, KnownSignatures, snp};

use crate::emulated::{expected, launch, processor, report_data, roots};
use crate::mutations::Random;
use crate::support::{authority, created, endorsement, now, time, vector};

/// Asks with nothing known, with what was `known` before, and with no room to know anything.
pub(crate) fn same<T: Debug>(
    known: &mut KnownSignatures,
    verdict: impl Fn(&mut KnownSignatures) -> Result<T, EvidenceError>,
) -> String {
    let cold = format!("{:?}", verdict(&mut KnownSignatures::default()));
    for _ in 0..2 {
        assert_eq!(format!("{:?}", verdict(known)), cold);
    }
    assert_eq!(format!("{:?}", verdict(&mut KnownSignatures::new(0))), cold);
    cold
}

/// Before anything is valid, while it is, when lists and collateral are stale, after the last date.
pub(crate) fn times(created: Timestamp) -> [Timestamp; 5] {
    const DAY_S: i64 = 24 * 60 * 60;
    [-1, 0, DAY_S, 31 * DAY_S, 20 * 365 * DAY_S].map(|seconds| created.plus_seconds(seconds))
}

#[test]
fn verdicts_on_reports_are_the_same() {
    let right = processor(|_| ()).evidence(&launch(), report_data(), 0).unwrap();
    let other = authority().processor(&endorsement()).unwrap();
    let other = other.evidence(&launch(), report_data(), 0).unwrap();
    let all = [
        right.clone(),
        // The report of one chip with the certificate of another, and the other way around.
        SnpEvidence { vek: other.vek.clone(), ..right.clone() },
        SnpEvidence { report: other.report.clone(), ..right.clone() },
        SnpEvidence { ask: right.vek.clone(), ..right.clone() },
        other,
    ];
    let lists = [None, Some(SigningKey::Vcek)].map(|revoked| {
        authority().revocation_list(revoked, created(), created().plus_seconds(60)).unwrap()
    });
    let under = [roots(&processor(|_| ())), other_roots(), Roots::amd()];
    let mut known = KnownSignatures::new(16);
    let mut verdicts = std::collections::BTreeSet::new();
    for at in times(created()) {
        for (evidence, roots) in all.iter().flat_map(|one| under.iter().map(move |r| (one, r))) {
            for crl in [Crl::EmulatedNone, Crl::Given(&lists[0]), Crl::Given(&lists[1])] {
                let verdict = same(&mut known, |known| {
                    snp::verify_knowing(known, evidence, &expected(), roots, crl, at)
                });
                verdicts.insert(verdict.chars().take(30).collect::<String>());
            }
        }
    }
    for reason in [
        "Err(NotYetValid)",
        "Err(Expired)",
        "Err(CrlStale)",
        "Err(Revoked)",
        "Err(EmulatedPlatform)",
        "Err(Signature)",
    ] {
        assert!(verdicts.contains(reason), "{verdicts:?}");
    }
    assert!(verdicts.iter().any(|verdict| verdict.starts_with("Ok(")), "{verdicts:?}");
}

/// Of the same name as the first, with another key.
fn other_roots() -> Roots {
    let processor = crate::support::other_authority().processor(&endorsement()).unwrap();
    Roots::emulated(processor.ark_der()).unwrap()
}

#[test]
fn mutated_certificates_get_the_same_verdict() {
    let right = processor(|_| ()).evidence(&launch(), report_data(), 0).unwrap();
    let list = authority().revocation_list(None, created(), now()).unwrap();
    let (expected, roots) = (expected(), roots(&processor(|_| ())));
    let mut known = KnownSignatures::new(16);
    let crl = Crl::Given(&list);
    same(&mut known, |known| snp::verify_knowing(known, &right, &expected, &roots, crl, now()));
    let mut random = Random(0x0bad_cafe_dead_beef);
    for _ in 0..1500 {
        let (mut changed, mut list) = (right.clone(), list.clone());
        match random.below(3) {
            0 => random.mutate(&mut changed.vek),
            1 => random.mutate(&mut changed.ask),
            _ => random.mutate(&mut list),
        }
        let crl = Crl::Given(&list);
        same(&mut known, |known| {
            snp::verify_knowing(known, &changed, &expected, &roots, crl, now())
        });
    }
    // What was changed did not verify, so that nothing was remembered of it.
    assert_eq!(known.len(), 3);
}

#[test]
fn published_reports_get_the_same_verdict() {
    const RS: &str = "confidential-dot-ai+attestation-rs/crates/attestation/test_data/snp";
    const TRUSTEE: &str = "confidential-containers+trustee/deps/verifier/test_data/snp";
    let pairs = [
        (format!("{RS}/live-report-v5-genoa.bin"), format!("{RS}/live-vcek-genoa.der")),
        (format!("{TRUSTEE}/test-report.bin"), format!("{TRUSTEE}/test-vcek.der")),
        (format!("{TRUSTEE}/test-report.bin"), format!("{TRUSTEE}/test-vcek-invalid-new.der")),
        (format!("{TRUSTEE}/test-vlek-report.bin"), format!("{TRUSTEE}/test-vlek.der")),
    ];
    let (floors, roots) = (TcbFloors::published().unwrap(), Roots::amd());
    let mut known = KnownSignatures::new(16);
    for (report, certificate) in pairs {
        let Some(report) = vector(&report) else { return };
        let evidence = read_evidence(&report, &[&vector(&certificate).unwrap()]).unwrap();
        for at in ["2022-01-01T00:00:00Z", "2024-01-01T00:00:00Z", "2026-06-01T00:00:00Z"] {
            for profile in [Profile::Production, Profile::Archive] {
                same(&mut known, |known| {
                    snp::inspect_knowing(known, &evidence, &floors, profile, &roots, &[], time(at))
                });
            }
        }
    }
}
