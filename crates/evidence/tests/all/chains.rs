//! Signatures, roots and revocation lists.

use domain::Reason as _;
use domain::claims::SigningKey;
use evidence::EvidenceError;
use evidence::snp::{Crl, Profile, Report, Roots, SnpEvidence, inspect, read_evidence, verify};

use crate::emulated::{
    CAPTURED, expected, expected_of, launch, processor, reason, reason_at, report_data, roots,
};
use crate::support::{authority, endorsement, now, other_authority, time, vector};

/// A real report shows all that is expected of it, under AMD's roots; no revocation list of AMD
/// was collected, so that is where the decision ends. Another root does not know it.
#[test]
fn a_captured_report_needs_a_revocation_list_and_its_own_root() {
    let Some(captured) = vector(CAPTURED) else { return };
    let certificate = vector(&CAPTURED.replace("live-report-v5-genoa.bin", "live-vcek-genoa.der"));
    let evidence = read_evidence(&captured, &[&certificate.unwrap()]).unwrap();
    let expected = expected_of(&Report::parse(&captured).unwrap());
    assert_eq!(reason_at(&evidence, &expected, &Roots::amd(), now()), "evidence.crl-missing");
    let emulated = roots(&processor(|_| ()));
    assert_eq!(reason_at(&evidence, &expected, &emulated, now()), "evidence.unknown-root");
}

#[test]
fn signatures_bind_report_certificate_and_root() {
    let (one, two) = (processor(|_| ()), processor(|_| ()));
    let roots = roots(&one);
    let right = one.evidence(&launch(), report_data(), 0).unwrap();
    let swapped = two.accompany(right.report.clone());
    assert_eq!(reason(&swapped, &roots), "evidence.signature");
    let mut touched = right.clone();
    touched.report[0x150] ^= 1; // report ID: signed, and otherwise not looked at
    assert_eq!(reason(&touched, &roots), "evidence.signature");
    let mut unsigned = right.clone();
    unsigned.report[0x2a0..].fill(0);
    assert_eq!(reason(&unsigned, &roots), "evidence.signature");
    for certificate in [SnpEvidence::vek_mut, SnpEvidence::ask_mut] {
        let mut touched = right.clone();
        *certificate(&mut touched).last_mut().unwrap() ^= 1;
        assert_eq!(reason(&touched, &roots), "evidence.chain");
    }
    // The root in place of the intermediate, and the leaf in place of its issuer.
    let root_as_issuer = SnpEvidence { ask: one.ark_der().to_vec(), ..right.clone() };
    assert_eq!(reason(&root_as_issuer, &roots), "evidence.chain");
    let leaf_as_issuer = SnpEvidence { ask: one.vcek_der().to_vec(), ..right };
    assert_eq!(reason(&leaf_as_issuer, &roots), "evidence.emulated-platform");
}

trait Certificates {
    fn vek_mut(&mut self) -> &mut Vec<u8>;
    fn ask_mut(&mut self) -> &mut Vec<u8>;
}

impl Certificates for SnpEvidence {
    fn vek_mut(&mut self) -> &mut Vec<u8> {
        &mut self.vek
    }

    fn ask_mut(&mut self) -> &mut Vec<u8> {
        &mut self.ask
    }
}

#[test]
fn only_given_roots_count() {
    let processor = processor(|_| ());
    let evidence = processor.evidence(&launch(), report_data(), 0).unwrap();
    assert_eq!(reason(&evidence, &Roots::amd()), "evidence.emulated-platform");
    let other = other_authority();
    let other = other.processor(&endorsement()).unwrap();
    assert_eq!(reason(&evidence, &roots(&other)), "evidence.emulated-platform");
    // Neither an intermediate nor a leaf is a root.
    for der in [processor.ask_der(), processor.vcek_der()] {
        assert_eq!(Roots::emulated(der).unwrap_err().reason(), "evidence.malformed");
    }
}

#[test]
fn revocation_lists_are_the_roots_and_current() {
    let processor = processor(|_| ());
    let evidence = processor.evidence(&launch(), report_data(), 0).unwrap();
    let roots = roots(&processor);
    let (earlier, later) = (time("2026-12-01T00:00:00Z"), time("2027-02-01T00:00:00Z"));
    let list = |revoked, from, to| authority().revocation_list(revoked, from, to).unwrap();
    let reason = |list: &[u8], at| {
        verify(&evidence, &expected(), &roots, Crl::Given(list), at)
            .map(|_| "verified")
            .unwrap_or_else(|error| error.reason())
    };
    let right = list(None, earlier, later);
    assert_eq!(reason(&right, now()), "verified");
    assert_eq!(reason(&list(Some(SigningKey::Vcek), earlier, later), now()), "evidence.revoked");
    assert_eq!(reason(&right, later.plus_seconds(1)), "evidence.crl-stale");
    assert_eq!(reason(&right, earlier.plus_seconds(-1)), "evidence.crl-stale");
    let mut forged = right.clone();
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(reason(&forged, now()), "evidence.crl");
    assert_eq!(reason(&right[1..], now()), "evidence.crl");
    let other = other_authority();
    let other = other.revocation_list(None, earlier, later).unwrap();
    assert_eq!(reason(&other, now()), "evidence.crl");
    // To look at, an outdated list is a warning; to rely on, it is none.
    let inspect = |profile| {
        let at = later.plus_seconds(1);
        inspect(&evidence, &expected().floors, profile, &roots, &[&right], at)
            .map(|inspected| inspected.warnings().to_vec())
    };
    assert_eq!(inspect(Profile::Archive), Ok(vec![EvidenceError::CrlStale]));
    assert_eq!(inspect(Profile::Production), Err(EvidenceError::CrlStale));
}
