//! Every check of a report, a certificate or an expected value has a row that breaks only that
//! check.

use std::collections::BTreeSet;

use domain::Reason as _;
use domain::claims::{
    ChipId, Generation, HostData, KeyDigest, Measurement, ReportData, SigningKey, Tcb,
};
use evidence::snp::{
    Abi, Chips, Expected, HostFeature, Keys, Measurements, Permission, PlatformRules, Report,
};
use testkit::emulated::{Endorsement, SecurityProcessor};
use x509_cert::der::asn1::ObjectIdentifier;

use crate::emulated::{
    CAPTURED, captured_by, expected, expected_of, launch, processor, reason, reason_at, report,
    report_data, roots,
};
use crate::support::{TCB, authority, created, now, time, vector};

/// Position, new bytes (AMD 56860 §7.3) and the one reason.
const CHANGED_FIELDS: [(usize, &[u8], &str); 20] = [
    (0x00, &[3], "verified"),
    (0x00, &[4], "verified"),
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
    (0x182, &[1], "evidence.malformed"), // reserved in REPORTED_TCB
    (0x188, &[0x19, 0x01], "evidence.product"),
    (0x188, &[0x17], "evidence.product"),
    (0x18a, &[0x09], "evidence.tcb-floor"), // a stepping without a floor
    (0x1a0, &[0; 64], "evidence.chip-id-masked"),
    (0x1a0, &[8], "evidence.chip-id"),
];

/// `right` with one field changed before it is signed again.
fn refuse_changed_fields(right: &[u8], processor: &SecurityProcessor, expected: &Expected) {
    let roots = roots(processor);
    for (position, bytes, reason) in CHANGED_FIELDS {
        let mut report = right.to_vec();
        report[0x1f8..0x208].fill(0); // reserved before version 5
        report[position..position + bytes.len()].copy_from_slice(bytes);
        let evidence = processor.accompany(processor.sign(&report).unwrap());
        assert_eq!(reason_at(&evidence, expected, &roots, now()), reason, "{position:#x}");
    }
}

#[test]
fn a_signed_report_is_refused_for_its_content() {
    let processor = processor(|_| ());
    refuse_changed_fields(&report(&processor), &processor, &expected());
}

/// The same for a report that a real machine made, signed again by the emulated processor.
#[test]
fn a_captured_report_is_refused_for_its_content() {
    let Some(captured) = vector(CAPTURED) else { return };
    let report = Report::parse(&captured).unwrap();
    let processor = captured_by(&report);
    refuse_changed_fields(&captured, &processor, &expected_of(&report));
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

/// Extensions (AMD 57230 §3.1) that should not be there, or should.
#[test]
fn a_certificate_is_refused_for_its_extensions() {
    const ZERO: [u8; 3] = [2, 1, 0];
    let amd = |arc: &str| ObjectIdentifier::new(&format!("1.3.6.1.4.1.3704.1.{arc}")).unwrap();
    let more = |oid: ObjectIdentifier, critical, value: &[u8], reason| {
        (vec![(oid, critical, value.to_vec())], None, reason)
    };
    let mut rows = vec![
        more(UNKNOWN, true, &[5, 0], "evidence.chain"),
        more(UNKNOWN, false, &[5, 0], "verified"),
        more(amd("2"), false, b"\x16\x05Genoa", "evidence.malformed"), // twice
        more(amd("3.8"), false, &[2, 1, 0x58], "evidence.malformed"),  // twice
        more(amd("3.9"), false, &ZERO, "evidence.tcb-mismatch"), // Turin's, in Genoa's certificate
        (Vec::new(), Some(amd("2")), "evidence.malformed"),
        (Vec::new(), Some(amd("4")), "evidence.malformed"),
    ];
    for arc in ["3.4", "3.5", "3.6", "3.7"] {
        rows.push(more(amd(arc), false, &ZERO, "verified"));
        rows.push(more(amd(arc), false, &[2, 1, 1], "evidence.tcb-mismatch"));
        rows.push(more(amd(arc), false, &[2, 2, 1, 0], "evidence.malformed"));
    }
    for arc in ["3.1", "3.2", "3.3", "3.8"] {
        rows.push((Vec::new(), Some(amd(arc)), "evidence.tcb-mismatch"));
    }
    for (index, (more, left_out, expected)) in rows.into_iter().enumerate() {
        let processor = processor(|e| (e.more, e.left_out) = (more, left_out));
        let evidence = processor.accompany(report(&processor));
        assert_eq!(reason(&evidence, &roots(&processor)), expected, "row {index}");
    }
}

/// The intermediate certificate, issued again for the same key.
#[test]
fn an_intermediate_certificate_is_refused_for_its_content() {
    let always = (created(), time("2036-01-01T00:00:00Z"));
    let rows = [
        (true, None, always, "verified"),
        (false, None, always, "evidence.chain"),
        (true, Some(UNKNOWN), always, "evidence.chain"),
        (true, None, (created(), time("2026-12-31T23:59:59Z")), "evidence.expired"),
        (true, None, (time("2027-01-01T00:00:01Z"), always.1), "evidence.not-yet-valid"),
    ];
    let processor = processor(|_| ());
    for (index, (may_issue, critical, validity, expected)) in rows.into_iter().enumerate() {
        let mut evidence = processor.accompany(report(&processor));
        evidence.ask = authority().intermediate(may_issue, critical, validity).unwrap();
        assert_eq!(reason(&evidence, &roots(&processor)), expected, "row {index}");
    }
}

const UNKNOWN: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.3.4");

#[test]
fn expected_values_are_compared_one_by_one() {
    let processor = processor(|_| ());
    let evidence = processor.evidence(&launch(), report_data(), 0).unwrap();
    let other = Measurements::new([Measurement::from_bytes([9; 48])]).unwrap();
    let chips = Chips::Listed(BTreeSet::from([ChipId::from_bytes([9; 64])]));
    assert_eq!(Measurements::new([]).unwrap_err().reason(), "evidence.no-measurements");
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

/// One rule each; the report is right, but for one of its fields where a row says so.
#[test]
fn rules_are_compared_one_by_one() {
    type Change = fn(&mut PlatformRules);
    type Row = (Change, Option<(usize, &'static [u8])>, &'static str);
    const SINGLE: &[u8] = &0x13_0000_u64.to_le_bytes();
    const ABI: &[u8] = &0x3_0137_u64.to_le_bytes();
    const VECTORS: &[u8] = &[3, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0];
    let rows: [Row; 27] = [
        (|r| r.guest.abi_minimum.minor = 1, None, "evidence.policy-abi"),
        (|r| r.guest.abi_minimum.major = 1, None, "evidence.policy-abi"),
        (|r| r.guest.abi_minimum = Abi { major: 1, minor: 0x37 }, Some((0x08, ABI)), "verified"),
        (
            |r| r.guest.abi_minimum = Abi { major: 1, minor: 0x38 },
            Some((0x08, ABI)),
            "evidence.policy-abi",
        ),
        (|r| r.guest.smt = Permission::Forbidden, None, "evidence.smt-allowed"),
        (
            |r| r.guest.smt = Permission::Forbidden,
            Some((0x08, &[0, 0, 2, 0, 0, 0, 0, 0])),
            "verified",
        ),
        (|r| r.guest.several_sockets = Permission::Forbidden, None, "evidence.sockets-allowed"),
        (|r| r.guest.several_sockets = Permission::Forbidden, Some((0x08, SINGLE)), "verified"),
        (|r| r.guest.guest_svn_minimum = 1, None, "evidence.guest-svn"),
        (|r| r.guest.guest_svn_minimum = 1, Some((0x04, &[1])), "verified"),
        (|r| r.guest.id_keys = one_key(), None, "evidence.id-key"),
        (|r| r.guest.id_keys = zero_key(), None, "verified"),
        (|r| r.guest.id_keys = one_key(), Some((0xe0, &[1; 48])), "verified"),
        (|r| r.guest.author_keys = one_key(), None, "evidence.author-key"),
        (|r| r.guest.author_keys = one_key(), Some((0x110, &[1; 48])), "verified"),
        (|r| require(r, HostFeature::Ecc), None, "verified"),
        (|r| require(r, HostFeature::Ecc), Some((0x40, &[0x21])), "evidence.platform-info"),
        (|r| require(r, HostFeature::Tsme), None, "evidence.platform-info"),
        (|r| require(r, HostFeature::RaplDisabled), None, "evidence.platform-info"),
        (|r| require(r, HostFeature::CiphertextHiding), None, "evidence.platform-info"),
        (|r| require(r, HostFeature::SmtDisabled), None, "evidence.platform-info"),
        (|r| require(r, HostFeature::SmtDisabled), Some((0x40, &[0x24])), "verified"),
        (|r| r.host.mitigations = 2, Some((0x1f8, VECTORS)), "verified"),
        (|r| r.host.mitigations = 1, Some((0x1f8, VECTORS)), "evidence.mitigation"),
        (|r| r.host.mitigations = 1, Some((0x00, &[4])), "evidence.mitigation"),
        (
            |r| r.switched_off.generations = BTreeSet::from([Generation::Genoa]),
            None,
            "evidence.switched-off",
        ),
        (
            |r| r.switched_off.chips = BTreeSet::from([ChipId::from_bytes([7; 64])]),
            None,
            "evidence.switched-off",
        ),
    ];
    let processor = processor(|_| ());
    for (index, (change, field, reason)) in rows.into_iter().enumerate() {
        let mut expected = expected();
        change(&mut expected.rules);
        let mut report = report(&processor);
        if let Some((position, bytes)) = field {
            report[position..position + bytes.len()].copy_from_slice(bytes);
        }
        let evidence = processor.accompany(processor.sign(&report).unwrap());
        let found = reason_at(&evidence, &expected, &roots(&processor), now());
        assert_eq!(found, reason, "row {index}");
    }
}

fn zero_key() -> Keys {
    Keys::Listed(BTreeSet::from([KeyDigest::from_bytes([0; 48])]))
}

fn one_key() -> Keys {
    Keys::Listed(BTreeSet::from([KeyDigest::from_bytes([1; 48])]))
}

fn require(rules: &mut PlatformRules, feature: HostFeature) {
    rules.host.required.insert(feature);
}
