//! Collateral in Intel's own files, in any order, incomplete, and of several platforms.

use domain::Reason as _;
use evidence::EvidenceError;
use evidence::intel::{Collateral, Profile, Quote, Root, Tee, inspect, verify};
use serde_json::json;
use testkit::intel::{Evidence, Fake};

use super::support::{created, expected, inspected, now, policy, reason_at};
use crate::support::time;

/// Warnings of an inspection in production, or the reason why it refused.
fn warnings(evidence: &Evidence, files: &[Vec<u8>]) -> Vec<&'static str> {
    let root = Root::emulated(&evidence.root).unwrap();
    let quote = Quote::parse(&evidence.quote).unwrap();
    let collateral = Collateral::read(files.iter().map(Vec::as_slice)).unwrap();
    match inspect(&quote, Tee::Tdx, &collateral, &policy(), Profile::Production, &root, now()) {
        Ok(inspected) => inspected.warnings().iter().map(|warning| warning.reason()).collect(),
        Err(error) => vec![error.reason()],
    }
}

fn verified(evidence: &Evidence, fake: &Fake, files: &[Vec<u8>]) -> &'static str {
    let root = Root::emulated(&evidence.root).unwrap();
    let quote = Quote::parse(&evidence.quote).unwrap();
    let collateral = Collateral::read(files.iter().map(Vec::as_slice)).unwrap();
    let answer = verify(&quote, &collateral, &expected(fake), &root, now());
    answer.map_or_else(|error| error.reason(), |_| "verified")
}

#[test]
fn files_are_read_in_any_order() {
    let fake = Fake::tdx(4, created());
    let evidence = fake.sign().unwrap();
    let mut files = evidence.collateral.to_files();
    for _ in 0..files.len() {
        files.rotate_left(1);
        assert_eq!(verified(&evidence, &fake, &files), "verified");
    }
    files.push(evidence.collateral.to_json());
    assert_eq!(verified(&evidence, &fake, &files), "verified");
}

/// A release needs each part; an inspection says what is missing.
#[test]
fn missing_parts_are_refused_by_a_release() {
    let fake = Fake::tdx(4, created());
    let evidence = fake.sign().unwrap();
    let files = evidence.collateral.to_files();
    let rows = [
        (0, "evidence.collateral-missing"), // TCB info
        (1, "evidence.collateral-missing"), // QE identity
        (4, "evidence.crl-missing"),        // the root's list
        (5, "evidence.crl-missing"),        // the authority's list
    ];
    for (index, reason) in rows {
        let mut files = files.clone();
        files.remove(index);
        assert_eq!(verified(&evidence, &fake, &files), reason, "{index}");
        assert_eq!(warnings(&evidence, &files), [""; 0], "{index}");
    }
    assert_eq!(verified(&evidence, &fake, &[]), "evidence.collateral-missing");
    // Nobody publishes a signing chain of an emulated platform.
    let (documents, lists) = (&files[..2], &files[4..]);
    let files = [documents, lists].concat();
    assert_eq!(verified(&evidence, &fake, &files), "evidence.unknown-root");
}

/// Without collateral nobody says which enclave makes quotes. Intel's are known.
#[test]
fn without_collateral_the_quoting_enclave_is_still_intels() {
    type Change = fn(&mut Fake);
    let rows: [(Change, &str); 4] = [
        (|f| f.qe_report[128] ^= 1, "evidence.qe-signer"),
        (|f| f.qe_report[256] ^= 4, "evidence.qe-product"),
        (|f| f.qe_report[48] |= 2, "evidence.qe-debug-enabled"),
        (|f| f.signed[48 + 64] = 1, "evidence.tdx-module"),
    ];
    for (change, reason) in rows {
        let mut fake = Fake::tdx(4, created());
        change(&mut fake);
        assert_eq!(warnings(&fake.sign().unwrap(), &[]), [reason]);
    }
    assert_eq!(warnings(&Fake::tdx(4, created()).sign().unwrap(), &[]), [""; 0]);
}

/// Of several the one for the platform, and of those the one that is valid.
#[test]
fn the_fitting_tcb_info_is_taken() {
    let fake = Fake::tdx(4, created());
    let right = fake.sign().unwrap();
    let document = |change: fn(&mut Fake)| {
        let mut fake = fake.clone();
        change(&mut fake);
        fake.sign().unwrap().collateral.to_files().swap_remove(0)
    };
    let others = [
        document(|fake| fake.tcb_info["fmspc"] = json!("000000000000")),
        document(|fake| {
            fake.tcb_info["issueDate"] = json!("2025-11-01T00:00:00Z");
            fake.tcb_info["nextUpdate"] = json!("2025-12-01T00:00:00Z");
        }),
    ];
    let files = [right.collateral.to_files(), others.to_vec()].concat();
    assert_eq!(verified(&right, &fake, &files), "verified");
    assert_eq!(
        verified(&right, &fake, &files[1..]),
        "evidence.collateral-signature",
        "the old one is by another authority"
    );
}

/// A list past its date still revokes. A release refuses it; an inspection, which passes without
/// any, says so.
#[test]
fn stale_lists_are_warnings_of_an_inspection() {
    let mut fake = Fake::tdx(4, created());
    fake.pck_list.next_update = time("2026-01-01T12:00:00Z");
    let evidence = fake.sign().unwrap();
    assert_eq!(reason_at(&evidence, &expected(&fake), now()), "evidence.crl-stale");
    let inspection = inspected(&evidence, Tee::Tdx, Profile::Production).unwrap();
    assert!(inspection.tcb().is_some());
    fake.pck_list.serials.push(3);
    let error = inspected(&fake.sign().unwrap(), Tee::Tdx, Profile::Archive).unwrap_err();
    assert_eq!(error, EvidenceError::Revoked);
}

/// What an archive lets pass with a warning, and what it never does.
#[test]
fn an_archive_warns_of_what_became_of_evidence_only() {
    type Change = fn(&mut Fake);
    let warned: [(Change, &str); 5] = [
        (|f| f.tcb_info["nextUpdate"] = json!("2026-01-01T23:59:59Z"), "evidence.collateral-stale"),
        (|f| f.leaf.validity.1 = created(), "evidence.expired"),
        (|f| f.signed[48 + 120] |= 1, "evidence.debug-enabled"),
        (|f| f.signed[48 + 2] = 2, "evidence.tcb-out-of-date"),
        (|f| f.signed[48 + 2] = 0, "evidence.tcb-level"),
    ];
    for (change, reason) in warned {
        let mut fake = Fake::tdx(4, created());
        change(&mut fake);
        let evidence = fake.sign().unwrap();
        let refused = inspected(&evidence, Tee::Tdx, Profile::Production).unwrap_err();
        assert_eq!(refused.reason(), reason);
        let archived = inspected(&evidence, Tee::Tdx, Profile::Archive).unwrap();
        assert_eq!(archived.warnings(), [refused]);
    }
    let never: [(Change, &str); 4] = [
        (|f| f.qe_report[128] ^= 1, "evidence.qe-signer"),
        (|f| f.signed[48 + 64] = 1, "evidence.tdx-module"),
        (|f| f.pck_list.serials.push(3), "evidence.revoked"),
        (|f| f.tcb_info["tcbLevels"][0]["tcbStatus"] = json!("Revoked"), "evidence.tcb-revoked"),
    ];
    for (change, reason) in never {
        let mut fake = Fake::tdx(4, created());
        change(&mut fake);
        let refused = inspected(&fake.sign().unwrap(), Tee::Tdx, Profile::Archive).unwrap_err();
        assert_eq!(refused.reason(), reason);
    }
}
