//! The emulated platform: what it signs verifies, in each form that evidence travels in.

use std::collections::BTreeSet;

use domain::claims::{Generation, GuestPolicy, HostData, Measurement, Platform, ReportData, Trust};
use domain::{Reason as _, Timestamp};
use evidence::snp::{
    Chips, Crl, Expected, Measurements, PlatformRules, Profile, Report, Roots, SnpEvidence,
    TcbFloors, inspect, read_evidence, verify,
};
use testkit::emulated::{Endorsement, Launch, SecurityProcessor};

use crate::support::{TCB, authority, chip_id, created, endorsement, now};

pub(crate) fn launch() -> Launch {
    Launch {
        measurement: Measurement::from_bytes([1; 48]),
        host_data: HostData::from_bytes([2; 32]),
        policy: GuestPolicy::new(0x3_0000),
    }
}

pub(crate) fn report_data() -> ReportData {
    ReportData::from_bytes([3; 64])
}

pub(crate) fn report(processor: &SecurityProcessor) -> Vec<u8> {
    processor.report(&launch(), report_data(), 0).unwrap()
}

pub(crate) fn processor(change: impl FnOnce(&mut Endorsement)) -> SecurityProcessor {
    let mut endorsement = endorsement();
    change(&mut endorsement);
    authority().processor(&endorsement).unwrap()
}

pub(crate) fn expected() -> Expected {
    Expected {
        measurements: Measurements::new([launch().measurement]).unwrap(),
        host_data: launch().host_data,
        report_data: report_data(),
        floors: TcbFloors::published().unwrap(),
        chips: Chips::Listed(BTreeSet::from([chip_id()])),
        rules: PlatformRules::none(),
    }
}

pub(crate) fn roots(processor: &SecurityProcessor) -> Roots {
    Roots::emulated(processor.ark_der()).unwrap()
}

pub(crate) fn reason(evidence: &SnpEvidence, roots: &Roots) -> &'static str {
    reason_at(evidence, &expected(), roots, now())
}

pub(crate) fn reason_at(
    evidence: &SnpEvidence,
    expected: &Expected,
    roots: &Roots,
    at: Timestamp,
) -> &'static str {
    match verify(evidence, expected, roots, Crl::EmulatedNone, at) {
        Ok(_) => "verified",
        Err(error) => error.reason(),
    }
}

#[test]
fn evidence_of_the_emulated_platform_verifies_under_its_root_and_says_so() {
    let processor = processor(|_| ());
    let evidence = processor.evidence(&launch(), report_data(), 0).unwrap();
    let verified =
        verify(&evidence, &expected(), &roots(&processor), Crl::EmulatedNone, now()).unwrap();
    let claims = verified.get();
    assert_eq!(
        claims.platform,
        Platform::SevSnp { generation: Generation::Genoa, trust: Trust::Emulated }
    );
    assert_eq!(claims.platform.trust(), Trust::Emulated);
    assert_eq!(claims.measurement, launch().measurement);
    assert_eq!(claims.tcb.reported, TCB);
    let json = serde_json::to_string(claims).unwrap();
    assert_eq!(&serde_json::from_str::<domain::claims::Claims>(&json).unwrap(), claims);
    let inspected =
        inspect(&evidence, &expected().floors, Profile::Production, &roots(&processor), &[], now())
            .unwrap();
    assert_eq!(inspected.claims(), claims);
    assert_eq!(inspected.warnings(), []);
}

#[test]
fn every_generation_verifies() {
    for generation in [Generation::Milan, Generation::Turin] {
        let processor = SecurityProcessor::create(generation, created()).unwrap();
        let evidence = processor.evidence(&launch(), report_data(), 0).unwrap();
        let expected = Expected { chips: Chips::Any, ..expected() };
        assert_eq!(reason_at(&evidence, &expected, &roots(&processor), now()), "verified");
    }
}

#[test]
fn a_kept_processor_is_the_same_processor() {
    let processor = processor(|_| ());
    let pem = processor.to_pem().unwrap();
    let kept = SecurityProcessor::from_pem(&pem).unwrap();
    assert_eq!(kept.to_pem().unwrap(), pem);
    let evidence = kept.evidence(&launch(), report_data(), 0).unwrap();
    assert_eq!(reason(&evidence, &roots(&processor)), "verified");
    let (cut, _) = pem.split_once("-----BEGIN PRIVATE KEY").unwrap();
    for broken in ["", cut] {
        let error = SecurityProcessor::from_pem(broken).unwrap_err();
        assert_eq!(error.reason(), "emulated.malformed");
    }
}

pub(crate) fn expected_of(report: &Report) -> Expected {
    Expected {
        measurements: Measurements::new([report.measurement]).unwrap(),
        host_data: report.host_data,
        report_data: report.report_data,
        floors: TcbFloors::published().unwrap(),
        chips: Chips::Any,
        rules: PlatformRules::none(),
    }
}

/// An emulated processor with chip and firmware of a captured report, to sign it again.
pub(crate) fn captured_by(report: &Report) -> SecurityProcessor {
    processor(|endorsement| {
        let tcb = report.reported_tcb.components(Generation::Genoa).unwrap();
        *endorsement = Endorsement::new(Generation::Genoa, report.chip_id, tcb, created());
    })
}

pub(crate) const CAPTURED: &str = "confidential-dot-ai+attestation-rs/crates/attestation/test_data/snp/\
                        live-report-v5-genoa.bin";
pub(crate) const TRUSTEE: &str = "confidential-containers+trustee/deps/verifier/test_data/snp";

#[test]
fn a_certificate_table_gives_the_same_evidence() {
    let processor = processor(|_| ());
    let evidence = processor.evidence(&launch(), report_data(), 0).unwrap();
    let table = processor.certificate_table();
    let read = |table: &[u8]| {
        SnpEvidence::from_certificate_table(evidence.report.clone(), table)
            .map_err(|error| error.reason())
    };
    assert_eq!(read(&table), Ok(evidence.clone()));
    for broken in [&table[..0], &table[..100], &table[..table.len() - 1], &[0; 48]] {
        assert_eq!(read(broken), Err("evidence.malformed"));
    }
}

#[test]
fn evidence_has_one_json_form() {
    let processor = processor(|_| ());
    let evidence = processor.evidence(&launch(), report_data(), 0).unwrap();
    let json = serde_json::to_value(&evidence).unwrap();
    let mut keys: Vec<_> = json.as_object().unwrap().keys().collect();
    keys.sort();
    assert_eq!(keys, ["ask", "report", "vek"]);
    let text = serde_json::to_vec(&evidence).unwrap();
    assert_eq!(read_evidence(&text, &[]).unwrap(), evidence);
}

#[test]
fn evidence_is_put_together_from_files_in_any_order() {
    let processor = processor(|_| ());
    let right = processor.evidence(&launch(), report_data(), 0).unwrap();
    let (vek, ask, ark) = (processor.vcek_der(), processor.ask_der(), processor.ark_der());
    let pem = processor.to_pem().unwrap();
    let (certificates, _) = pem.split_once("-----BEGIN PRIVATE").unwrap();
    let (_, certificates) = certificates.split_once("PROCESSOR-----\n-----BEGIN").unwrap();
    let certificates = format!("-----BEGIN{certificates}");
    let hex = hex::encode(&right.report);
    let json = serde_json::to_vec(&right).unwrap();
    let read =
        |input: &[u8], files: &[&[u8]]| read_evidence(input, files).map_err(|error| error.reason());
    assert_eq!(read(&right.report, &[ark, ask, vek]), Ok(right.clone()));
    assert_eq!(read(hex.as_bytes(), &[vek, ask]), Ok(right.clone()));
    assert_eq!(read(&right.report, &[certificates.as_bytes()]), Ok(right.clone()));
    assert_eq!(read(&json, &[ark]), Ok(right.clone()));
    let malformed = Err("evidence.malformed");
    assert_eq!(read(&right.report, &[]), malformed);
    assert_eq!(read(&right.report, &[ask, ark]), malformed);
    assert_eq!(read(&right.report, &[vek]), malformed);
    assert_eq!(read(&right.report, &[vek, ask, b"-----BEGIN CERTIFICATE-----"]), malformed);
    assert_eq!(read(b"no report", &[vek, ask]), malformed);
}
