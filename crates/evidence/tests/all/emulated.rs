//! Every check has a row that breaks only that check.

use std::collections::BTreeSet;

use domain::claims::{
    ChipId, Generation, GuestPolicy, HostData, Measurement, Platform, ReportData, SigningKey, Tcb,
    Trust,
};
use domain::{Reason as _, Timestamp};
use evidence::snp::{
    Chips, Crl, Expected, Measurements, Profile, Roots, SnpEvidence, TcbFloors, inspect, verify,
};
use testkit::emulated::{Authority, Endorsement, Launch, SecurityProcessor};

use crate::support::{TCB, authority, chip_id, created, endorsement, now, time};

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
    }
}

pub(crate) fn roots(processor: &SecurityProcessor) -> Roots {
    Roots::emulated(processor.ark_der()).unwrap()
}

pub(crate) fn reason(evidence: &SnpEvidence, roots: &Roots) -> &'static str {
    reason_at(evidence, &expected(), roots, now())
}

fn reason_at(
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
}

/// One field of an otherwise right report, changed before it is signed.
#[test]
fn a_signed_report_is_refused_for_its_content() {
    let processor = processor(|_| ());
    let roots = roots(&processor);
    // Position, new bytes (AMD 56860 §7.3) and the one reason.
    let rows: [(usize, &[u8], &str); 17] = [
        (0x08, &0xb_0000_u64.to_le_bytes(), "evidence.debug-enabled"),
        (0x08, &0x7_0000_u64.to_le_bytes(), "evidence.migration-agent"),
        (0x30, &[1], "evidence.vmpl"),
        (0x30, &[0xff; 4], "evidence.vmpl"),
        (0x34, &[2], "evidence.signature-algorithm"),
        (0x40, &[0x05], "evidence.alias-check"),
        (0x48, &[1 << 2], "evidence.signing-key"),
        (0x48, &[7 << 2], "evidence.signing-key"),
        (0x48, &[1 << 1], "evidence.signing-key"),
        (0x50, &[4], "evidence.report-data"),
        (0x90, &[4], "evidence.measurement"),
        (0xc0, &[4], "evidence.host-data"),
        (0x188, &[0x19, 0x01], "evidence.product"),
        (0x188, &[0x17], "evidence.product"),
        (0x18a, &[0x09], "evidence.tcb-floor"), // a stepping without a floor
        (0x1a0, &[0; 64], "evidence.chip-id-masked"),
        (0x1a0, &[8], "evidence.chip-id"),
    ];
    for (position, bytes, expected) in rows {
        let mut report = report(&processor);
        report[position..position + bytes.len()].copy_from_slice(bytes);
        let evidence = processor.accompany(processor.sign(&report).unwrap());
        assert_eq!(reason(&evidence, &roots), expected, "{position:#x}");
    }
}

#[test]
fn an_old_report_version_is_refused() {
    let processor = processor(|_| ());
    let mut report = report(&processor);
    report[0] = 2;
    report[0x188..0x18b].copy_from_slice(&[0; 3]);
    let evidence = processor.accompany(processor.sign(&report).unwrap());
    assert_eq!(reason(&evidence, &roots(&processor)), "evidence.report-version");
}

/// Offsets of REPORTED_TCB, COMMITTED_TCB, CURRENT_TCB and LAUNCH_TCB; in them the SNP version is
/// byte 6 and the microcode version byte 7.
#[test]
fn firmware_versions_are_refused_in_every_wrong_order() {
    let processor = processor(|_| ());
    let roots = roots(&processor);
    let rows = [
        (0x180, 0x1a, "evidence.tcb-mismatch"),
        (0x1e0, 0x1a, "evidence.rollback"), // committed below reported
        (0x38, 0x1a, "evidence.rollback"),  // current below committed
        (0x1e0, 0x1c, "evidence.rollback"), // committed above current
        (0x1f0, 0x16, "evidence.tcb-floor"),
        (0x1f0, 0x1a, "verified"),
    ];
    for (position, snp, expected) in rows {
        let mut report = report(&processor);
        report[position + 6] = snp;
        let evidence = processor.accompany(processor.sign(&report).unwrap());
        assert_eq!(reason(&evidence, &roots), expected, "{position:#x}");
    }
}

#[test]
fn firmware_below_the_floor_is_refused_whatever_the_component() {
    for tcb in [Tcb { snp: 0x16, ..TCB }, Tcb { microcode: 0x53, ..TCB }] {
        let processor = processor(|endorsement| endorsement.tcb = tcb);
        let evidence = processor.accompany(report(&processor));
        assert_eq!(reason(&evidence, &roots(&processor)), "evidence.tcb-floor", "{tcb:?}");
    }
}

/// One field of an otherwise right certificate; the report is right.
#[test]
fn a_certificate_is_refused_for_its_content() {
    type Change = fn(&mut Endorsement);
    let rows: [(Change, &str); 9] = [
        (|e| e.product = "Milan-B0".to_owned(), "evidence.product"),
        (|e| e.product = "Genoa-B1".to_owned(), "verified"),
        (|e| e.hardware_id = None, "evidence.malformed"),
        (|e| e.hardware_id = Some(vec![8; 64]), "evidence.chip-id"),
        (|e| e.hardware_id = Some([&[4, 64], [7; 64].as_slice()].concat()), "verified"),
        (|e| e.hardware_id = Some(vec![7; 63]), "evidence.malformed"),
        (|e| e.signing_key = SigningKey::Vlek, "evidence.chain"),
        (|e| e.validity.1 = time("2026-12-31T23:59:59Z"), "evidence.expired"),
        (|e| e.validity.0 = time("2027-01-01T00:00:01Z"), "evidence.not-yet-valid"),
    ];
    for (index, (change, expected)) in rows.into_iter().enumerate() {
        let processor = processor(change);
        let evidence = processor.accompany(report(&processor));
        assert_eq!(reason(&evidence, &roots(&processor)), expected, "row {index}");
    }
    // Every firmware version in the certificate, against a report that says otherwise.
    let other = [
        Tcb { bootloader: 11, ..TCB },
        Tcb { tee: 2, ..TCB },
        Tcb { snp: 0x1c, ..TCB },
        Tcb { microcode: 0x59, ..TCB },
        Tcb { fmc: Some(0), ..TCB },
    ];
    let right = report(&processor(|_| ()));
    for tcb in other {
        let processor = processor(|endorsement| endorsement.tcb = tcb);
        let evidence = processor.accompany(processor.sign(&right).unwrap());
        assert_eq!(reason(&evidence, &roots(&processor)), "evidence.tcb-mismatch", "{tcb:?}");
    }
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
    let other = Authority::create(Generation::Genoa, created()).unwrap();
    let other = other.processor(&endorsement()).unwrap();
    assert_eq!(reason(&evidence, &roots(&other)), "evidence.emulated-platform");
    // Neither an intermediate nor a leaf is a root.
    for der in [processor.ask_der(), processor.vcek_der()] {
        assert_eq!(Roots::emulated(der).unwrap_err().reason(), "evidence.malformed");
    }
}

#[test]
fn expected_values_are_compared_one_by_one() {
    let processor = processor(|_| ());
    let evidence = processor.evidence(&launch(), report_data(), 0).unwrap();
    let other = Measurements::new([Measurement::from_bytes([9; 48])]).unwrap();
    let chips = Chips::Listed(BTreeSet::from([ChipId::from_bytes([9; 64])]));
    let host_data = HostData::from_bytes([9; 32]);
    let report_data = ReportData::from_bytes([9; 64]);
    let rows = [
        (Expected { measurements: other, ..expected() }, "evidence.measurement"),
        (Expected { host_data, ..expected() }, "evidence.host-data"),
        (Expected { report_data, ..expected() }, "evidence.report-data"),
        (Expected { chips, ..expected() }, "evidence.chip-not-allowed"),
        (
            Expected { chips: Chips::Listed(BTreeSet::new()), ..expected() },
            "evidence.chip-not-allowed",
        ),
        (Expected { chips: Chips::Any, ..expected() }, "verified"),
    ];
    for (expected, reason) in rows {
        assert_eq!(reason_at(&evidence, &expected, &roots(&processor), now()), reason);
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
    let right = list(false, earlier, later);
    assert_eq!(reason(&right, now()), "verified");
    assert_eq!(reason(&list(true, earlier, later), now()), "evidence.revoked");
    assert_eq!(reason(&right, later.plus_seconds(1)), "evidence.crl-stale");
    assert_eq!(reason(&right, earlier.plus_seconds(-1)), "evidence.crl-stale");
    let mut forged = right.clone();
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(reason(&forged, now()), "evidence.crl");
    assert_eq!(reason(&right[1..], now()), "evidence.crl");
    let other = Authority::create(Generation::Genoa, created()).unwrap();
    let other = other.revocation_list(false, earlier, later).unwrap();
    assert_eq!(reason(&other, now()), "evidence.crl");
}

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
    assert_eq!(evidence::snp::read_evidence(&text, &[]).unwrap(), evidence);
}
