//! Keys that AMD lends to cloud providers (VLEK): what is checked instead of the chip, and that
//! they count only where the rules name the provider.

use std::collections::BTreeSet;

use domain::claims::{ChipId, CspId, SigningKey};
use evidence::snp::{Chips, Crl, Expected, PlatformRules, Report, Roots, read_evidence, verify};
use testkit::emulated::{Endorsement, SecurityProcessor};

use crate::emulated::{
    TRUSTEE, expected, expected_of, processor, reason_at, report, report_data, roots,
};
use crate::support::{chip_id, created, now, time, vector};

const PROVIDER: &str = "CN=cc-us-east-2.amazonaws.com";

/// A provider's processor that hides which chip it is.
pub(crate) fn lent(change: impl FnOnce(&mut Endorsement)) -> SecurityProcessor {
    processor(|endorsement| {
        endorsement.signing_key = SigningKey::Vlek;
        endorsement.issuer = SigningKey::Vlek;
        endorsement.csp_id = Some(PROVIDER.to_owned());
        endorsement.hardware_id = None;
        endorsement.chip_id = ChipId::from_bytes([0; 64]);
        change(endorsement);
    })
}

pub(crate) fn named() -> PlatformRules {
    let provider: CspId = PROVIDER.parse().unwrap();
    PlatformRules { provider_keys: BTreeSet::from([provider]), ..PlatformRules::none() }
}

/// What accepts the key: the provider by name, and chips that nobody can tell apart.
fn accepting() -> Expected {
    Expected { rules: named(), chips: Chips::Any, ..expected() }
}

fn verdict(processor: &SecurityProcessor, expected: &Expected) -> &'static str {
    let evidence = processor.accompany(report(processor));
    reason_at(&evidence, expected, &roots(processor), now())
}

#[test]
fn a_named_providers_key_verifies_and_is_told_apart() {
    let processor = lent(|_| ());
    let evidence = processor.accompany(report(&processor));
    let (expected, roots) = (accepting(), roots(&processor));
    let verified = verify(&evidence, &expected, &roots, Crl::EmulatedNone, now()).unwrap();
    let claims = verified.get();
    assert_eq!(claims.signing_key, SigningKey::Vlek);
    assert_eq!(claims.csp_id.as_ref().map(ToString::to_string).as_deref(), Some(PROVIDER));
    assert_eq!(claims.report_data, report_data());
}

#[test]
fn a_providers_certificate_is_refused_for_its_content() {
    type Change = fn(&mut Endorsement);
    let rows: [(Change, &str); 9] = [
        (|_| (), "verified"),
        (
            |e| e.csp_id = Some("CN=cc-us-east-1.amazonaws.com".into()),
            "evidence.provider-not-allowed",
        ),
        (|e| e.csp_id = None, "evidence.malformed"),
        (|e| e.csp_id = Some(String::new()), "evidence.malformed"),
        (|e| e.hardware_id = Some(vec![7; 64]), "evidence.signing-key"),
        (|e| e.issuer = SigningKey::Vcek, "evidence.chain"),
        (|e| e.signing_key = SigningKey::Vcek, "evidence.chain"),
        (|e| e.validity.1 = time("2026-12-31T23:59:59Z"), "evidence.expired"),
        (|e| e.tcb.snp = 0x16, "evidence.tcb-floor"),
    ];
    for (index, (change, expected)) in rows.into_iter().enumerate() {
        assert_eq!(verdict(&lent(change), &accepting()), expected, "row {index}");
    }
}

/// Field, certificate name, issuer and the identity inside say the same or nothing counts.
#[test]
fn a_chips_key_and_a_providers_key_do_not_stand_in_for_each_other() {
    let chips_own = processor(|e| e.csp_id = Some(PROVIDER.to_owned()));
    assert_eq!(verdict(&chips_own, &accepting()), "evidence.signing-key");
    let masked = ChipId::from_bytes([0; 64]);
    let nameless = processor(|e| (e.chip_id, e.hardware_id) = (masked, None));
    assert_eq!(verdict(&nameless, &accepting()), "evidence.malformed");
    let masked = processor(|e| e.chip_id = masked);
    assert_eq!(verdict(&masked, &accepting()), "evidence.chip-id-masked");
    let lent = lent(|_| ());
    let mut claimed = report(&lent);
    claimed[0x48] = 0; // SIGNING_KEY: VCEK
    let evidence = lent.accompany(lent.sign(&claimed).unwrap());
    let reason = reason_at(&evidence, &accepting(), &roots(&lent), now());
    assert_eq!(reason, "evidence.signing-key");
}

/// A provider may say which chip it is; whoever lists chips needs that.
#[test]
fn a_masked_chip_is_on_no_list_and_may_be_any_that_was_switched_off() {
    let (masked, told) = (lent(|_| ()), lent(|e| e.chip_id = chip_id()));
    let listed = |chips: [u8; 2]| {
        let chips = chips.map(|byte| ChipId::from_bytes([byte; 64])).into();
        Expected { chips: Chips::Listed(chips), ..accepting() }
    };
    assert_eq!(verdict(&masked, &listed([7, 0])), "evidence.chip-not-allowed");
    assert_eq!(verdict(&told, &listed([7, 0])), "verified");
    assert_eq!(verdict(&told, &listed([8, 9])), "evidence.chip-not-allowed");
    let mut off = accepting();
    off.rules.switched_off.chips = BTreeSet::from([ChipId::from_bytes([9; 64])]);
    assert_eq!(verdict(&masked, &off), "evidence.switched-off");
    assert_eq!(verdict(&told, &off), "verified");
}

/// The captured report's guest asked from VMPL 1: whoever names the provider still refuses that.
#[test]
fn the_captured_report_of_a_provider_is_refused_for_its_level() {
    let Some(bytes) = vector(&format!("{TRUSTEE}/test-vlek-report.bin")) else { return };
    let vlek = vector(&format!("{TRUSTEE}/test-vlek.der")).unwrap();
    let evidence = read_evidence(&bytes, &[&vlek]).unwrap();
    let right = expected_of(&Report::parse(&bytes).unwrap());
    let expected = Expected { rules: named(), chips: Chips::Any, ..right };
    let at = time("2025-06-01T00:00:00Z");
    assert_eq!(reason_at(&evidence, &expected, &Roots::amd(), at), "evidence.vmpl");
}

#[test]
fn a_revoked_issuer_of_providers_keys_is_refused() {
    let processor = lent(|_| ());
    let evidence = processor.accompany(report(&processor));
    let (from, to) = (created(), time("2028-01-01T00:00:00Z"));
    for (revoked, expected) in
        [(SigningKey::Vcek, "verified"), (SigningKey::Vlek, "evidence.revoked")]
    {
        let list = crate::support::authority().revocation_list(Some(revoked), from, to).unwrap();
        let answer = verify(&evidence, &accepting(), &roots(&processor), Crl::Given(&list), now());
        let reason = answer.map_or_else(|error| domain::Reason::reason(&error), |_| "verified");
        assert_eq!(reason, expected);
    }
}
