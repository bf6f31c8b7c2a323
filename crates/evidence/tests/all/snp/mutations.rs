//! Every byte of what a report says about guest and firmware counts, and wrappers of reports that
//! are changed at random never say something else.

use std::collections::BTreeMap;
use std::ops::Range;

use domain::Reason as _;
use domain::claims::{GuestPolicy, Tcb};
use evidence::snp::{
    Abi, Chips, Crl, Expected, Permission, Profile, Report, Roots, SnpEvidence, TcbFloors, inspect,
    read_evidence, verify,
};
use testkit::emulated::{Launch, SecurityProcessor};

use super::files::published;
use crate::emulated::{
    CAPTURED, captured_by, expected, expected_of, launch, processor, reason_at, report_data, roots,
};
use crate::mutations::Random;
use crate::support::{TCB, now, time, vector};

const REPORTED_TCB: Range<usize> = 0x180..0x188;

/// Fields that are compared with an expected value.
const COMPARED: [(Range<usize>, &str); 3] = [
    (0x50..0x90, "evidence.report-data"),
    (0x90..0xc0, "evidence.measurement"),
    (0xc0..0xe0, "evidence.host-data"),
];

/// Changed before it is signed, each byte is another guest; changed after, nobody signed it.
fn refuse_every_byte(right: &[u8], processor: &SecurityProcessor, expected: &Expected) -> u32 {
    let roots = roots(processor);
    let mut tried = 0;
    for (field, reason) in COMPARED {
        for position in field {
            let mut report = right.to_vec();
            report[position] ^= 0x10;
            let signed = processor.accompany(processor.sign(&report).unwrap());
            assert_eq!(reason_at(&signed, expected, &roots, now()), reason, "{position:#x}");
            let unsigned = processor.accompany(report);
            let answer = reason_at(&unsigned, expected, &roots, now());
            assert_eq!(answer, "evidence.signature", "{position:#x}");
            tried += 2;
        }
    }
    tried
}

#[test]
fn every_compared_byte_counts() {
    let processor = processor(|_| ());
    let right = processor.evidence(&launch(), report_data(), 0).unwrap();
    let tried = refuse_every_byte(&right.report, &processor, &expected());
    println!("{tried} changed bytes");
}

#[test]
fn every_compared_byte_of_a_captured_report_counts() {
    let Some(captured) = vector(CAPTURED) else { return };
    let report = Report::parse(&captured).unwrap();
    let processor = captured_by(&report);
    let signed = processor.sign(&captured).unwrap();
    let tried = refuse_every_byte(&signed, &processor, &expected_of(&report));
    println!("{tried} changed bytes");
}

/// SMT off, one socket, ABI 1.31: rules that one changed bit can break.
const POLICY: u64 = 0x12_011f;

/// AMD 56860 §4.3. Bits 21 to 25 ask for more of the host, or (CXL_ALLOW) let it have more: no rule
/// is about them.
fn reason_of_policy_bit(bit: u32) -> &'static str {
    match bit {
        0..16 if POLICY & (1 << bit) != 0 => "evidence.policy-abi", // lower than before
        16 => "evidence.smt-allowed",
        18 => "evidence.migration-agent",
        19 => "evidence.debug-enabled",
        20 => "evidence.sockets-allowed",
        0..16 | 21..26 => "verified",
        _ => "evidence.malformed",
    }
}

#[test]
fn every_bit_of_the_policy_counts() {
    let processor = processor(|_| ());
    let roots = roots(&processor);
    let launch = Launch { policy: GuestPolicy::new(POLICY), ..launch() };
    let right = processor.report(&launch, report_data(), 0).unwrap();
    let mut expected = expected();
    expected.rules.guest.abi_minimum = Abi { major: 1, minor: 0x1f };
    expected.rules.guest.smt = Permission::Forbidden;
    expected.rules.guest.several_sockets = Permission::Forbidden;
    for bit in 0..64 {
        let mut report = right.clone();
        report[0x08..0x10].copy_from_slice(&(POLICY ^ (1 << bit)).to_le_bytes());
        let signed = processor.accompany(processor.sign(&report).unwrap());
        let reason = reason_of_policy_bit(bit);
        assert_eq!(reason_at(&signed, &expected, &roots, now()), reason, "bit {bit}");
        let answer = reason_at(&processor.accompany(report), &expected, &roots, now());
        let reserved = reason == "evidence.malformed";
        let unsigned = if reserved { reason } else { "evidence.signature" };
        assert_eq!(answer, unsigned, "bit {bit}");
    }
}

/// What follows if a byte of a TCB version (Milan's and Genoa's layout) is one lower or one higher.
fn reasons_of_tcb_byte(field: usize, byte: usize) -> [&'static str; 2] {
    if (2..6).contains(&byte) {
        return ["evidence.malformed"; 2]; // reserved: zero becomes 255 or 1
    }
    match field {
        0x180 => ["evidence.tcb-mismatch"; 2],
        0x1e0 => ["evidence.rollback"; 2], // committed: below reported, or above current
        0x038 => ["evidence.rollback", "verified"], // current: below committed
        // Launch: what the guest started on, which only has a floor.
        _ if byte >= 6 => ["evidence.tcb-floor", "verified"],
        _ => ["verified"; 2],
    }
}

#[test]
fn every_byte_of_the_firmware_versions_counts() {
    // SNP and microcode on their floors.
    let tcb = Tcb { snp: 0x17, microcode: 0x54, ..TCB };
    let processor = processor(|endorsement| endorsement.tcb = tcb);
    let roots = roots(&processor);
    let right = processor.report(&launch(), report_data(), 0).unwrap();
    for field in [REPORTED_TCB.start, 0x1e0, 0x38, 0x1f0] {
        for byte in 0..8 {
            for (change, reason) in [u8::MAX, 1].into_iter().zip(reasons_of_tcb_byte(field, byte)) {
                let mut report = right.clone();
                report[field + byte] = report[field + byte].wrapping_add(change);
                let signed = processor.accompany(processor.sign(&report).unwrap());
                let answer = reason_at(&signed, &expected(), &roots, now());
                assert_eq!(answer, reason, "{field:#x} {byte} {change}");
                // The certificate is compared with what is reported before the signature is.
                let answer = reason_at(&processor.accompany(report), &expected(), &roots, now());
                let reported = field == REPORTED_TCB.start;
                let unsigned = if reported { reason } else { "evidence.signature" };
                assert_eq!(answer, unsigned, "{field:#x} {byte} {change}");
            }
        }
    }
}

const MUTATIONS: u32 = 10_000;

/// The JSON of a release: what reads as other evidence is refused.
#[test]
fn no_mutated_json_is_accepted() {
    let processor = processor(|_| ());
    let right = processor.evidence(&launch(), report_data(), 0).unwrap();
    let json = serde_json::to_vec(&right).unwrap();
    let (expected, roots) = (Expected { chips: Chips::Any, ..expected() }, roots(&processor));
    let mut random = Random(0x5eed_0001_5eed_0001);
    mutate_wrapper(&json, &[], &right, &mut random, |evidence| {
        verify(evidence, &expected, &roots, Crl::EmulatedNone, now())
            .map_or_else(|error| error.reason(), |_| "verified")
    });
}

/// The JSON of confidential-containers guests, as one was published.
#[test]
fn no_mutated_json_of_other_guests_is_accepted() {
    let Some(json) = published("TRUSTEE-E2E/evidence.json") else { return };
    let right = read_evidence(&json, &[]).unwrap();
    let (floors, at) = (TcbFloors::published().unwrap(), time("2026-06-01T00:00:00Z"));
    let roots = Roots::amd();
    let mut random = Random(0x5eed_0002_5eed_0002);
    mutate_wrapper(&json, &[], &right, &mut random, |evidence| {
        inspect(evidence, &floors, Profile::Archive, &roots, &[], at)
            .map_or_else(|error| error.reason(), |_| "verified")
    });
}

fn mutate_wrapper(
    file: &[u8],
    certificates: &[&[u8]],
    right: &SnpEvidence,
    random: &mut Random,
    decide: impl Fn(&SnpEvidence) -> &'static str,
) {
    assert_eq!(decide(right), "verified");
    let mut reasons = BTreeMap::new();
    for _ in 0..MUTATIONS {
        let mut changed = file.to_vec();
        for _ in 0..=random.below(3) {
            random.mutate(&mut changed);
        }
        let reason = match read_evidence(&changed, certificates) {
            Ok(evidence) if evidence == *right => "the same",
            Ok(evidence) => decide(&evidence),
            Err(error) => error.reason(),
        };
        assert_ne!(reason, "verified", "{:?}", String::from_utf8(changed));
        *reasons.entry(reason).or_insert(0) += 1;
    }
    println!("{MUTATIONS} mutations: {reasons:?}");
}
