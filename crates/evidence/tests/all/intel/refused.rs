//! Every check has a row that breaks only that check: one field of otherwise right evidence is
//! changed before everything is signed again. The names of dcap-qvl's synthetic cases are in
//! brackets.

use evidence::intel::{Profile, Tee};
use serde_json::json;
use testkit::intel::{Certification, Evidence, Fake};
use x509_cert::der::asn1::ObjectIdentifier;

use super::support::{captured, created, expected, inspected, now, reason_at};
use crate::support::time;

/// What is changed before signing, and the one reason.
type Row = (&'static str, fn(&mut Fake), &'static str);

const BODY: usize = 48;
const TD_ATTRIBUTES: usize = BODY + 120;

#[rustfmt::skip] // one row, one line
fn quote_rows() -> Vec<Row> {
    vec![
        ("[valid_tdx_v4]", |_| (), "verified"),
        ("[unsupported_version_N]", |f| f.signed[0] = 2, "evidence.quote-version"),
        ("[unsupported_version_N]", |f| f.signed[0] = 6, "evidence.quote-version"),
        ("[unsupported_key_type_N]", |f| f.signed[2] = 3, "evidence.signature-algorithm"),
        ("TEE type unknown", |f| f.signed[4] = 0x82, "evidence.malformed"),
        ("[invalid_sgx_v4]", |f| f.signed[4] = 0, "evidence.quote-version"),
        ("vendor of the quoting enclave", |f| f.signed[12] ^= 1, "evidence.malformed"),
        ("[invalid_quote_v5]", unknown_body, "evidence.quote-version"),
        ("[tdx_debug_enabled]", |f| f.signed[TD_ATTRIBUTES] |= 1, "evidence.debug-enabled"),
        ("profiling", |f| f.signed[TD_ATTRIBUTES] |= 0x20, "evidence.td-profiling"),
        ("[tdx_reserved_bits_set]", |f| f.signed[TD_ATTRIBUTES] |= 2, "evidence.td-attributes-reserved"),
        ("reserved bit 40", |f| f.signed[TD_ATTRIBUTES + 5] |= 1, "evidence.td-attributes-reserved"),
        ("[tdx_sept_ve_disabled]", |f| f.signed[TD_ATTRIBUTES + 3] &= !0x10, "evidence.td-sept-ve-disable"),
        ("migratable", |f| f.signed[TD_ATTRIBUTES + 3] |= 0x20, "evidence.td-migratable"),
        ("service guests", |f| f.signed[TD_ATTRIBUTES + 2] |= 2, "evidence.td-service"),
        ("[tdx_pks_enabled]", |f| f.signed[TD_ATTRIBUTES + 3] |= 0x40, "verified"),
        ("[tdx_kl_enabled]", |f| f.signed[TD_ATTRIBUTES + 3] |= 0x80, "verified"),
        ("perfmon", |f| f.signed[TD_ATTRIBUTES + 7] |= 0x80, "verified"),
        ("MRSIGNERSEAM", |f| f.signed[BODY + 64] = 1, "evidence.tdx-module"),
        ("SEAMATTRIBUTES", |f| f.signed[BODY + 112] = 1, "evidence.tdx-module"),
        ("SEAMATTRIBUTES outside the mask", seam_attributes_outside_mask, "evidence.tdx-module"),
        ("module of unknown version", |f| f.signed[BODY + 1] = 9, "evidence.tcb-level"),
        ("[cert_type_3_with_pck_chain]", |f| f.certification = Certification::EncryptedPpid, "verified"),
        ("[cert_type_3_without_pck_chain]", |f| f.certification = Certification::Nowhere, "evidence.collateral-missing"),
    ]
}

/// A quote of version 5 with a body of a kind that no version has.
fn unknown_body(fake: &mut Fake) {
    fake.signed[0] = 5;
    fake.signed[BODY..BODY + 6].fill(0);
    fake.signed[BODY] = 9;
}

fn seam_attributes_outside_mask(fake: &mut Fake) {
    fake.signed[BODY + 112] = 1;
    for module in modules(fake) {
        module["attributesMask"] = json!("FEFFFFFFFFFFFFFF");
    }
}

fn modules(fake: &mut Fake) -> &mut Vec<serde_json::Value> {
    fake.tcb_info["tdxModuleIdentities"].as_array_mut().unwrap()
}

#[rustfmt::skip] // one row, one line
fn quoting_enclave_rows() -> Vec<Row> {
    vec![
        ("[qe_debug_enabled]", |f| f.qe_report[48] |= 2, "evidence.qe-debug-enabled"),
        ("[qe_mrsigner_mismatch]", |f| f.qe_report[128] ^= 1, "evidence.qe-signer"),
        ("[qe_isvprodid_mismatch]", |f| f.qe_report[256] ^= 4, "evidence.qe-product"),
        ("[qe_miscselect_mismatch]", |f| f.qe_report[16] = 1, "evidence.qe-miscselect"),
        ("[qe_attributes_mismatch]", |f| f.qe_report[48] |= 8, "evidence.qe-attributes"),
        ("attribute outside the mask", |f| f.qe_report[48] |= 4, "verified"),
        ("reserved field", |f| f.qe_report[100] = 1, "evidence.malformed"),
        ("ISVSVN below every level", |f| f.qe_report[258] = 0, "evidence.tcb-level"),
        ("authentication data of another length", |f| f.authentication_data.push(1), "verified"),
        ("[revoked_qe_tcb]", |f| f.qe_identity["tcbLevels"][0]["tcbStatus"] = json!("Revoked"), "evidence.tcb-revoked"),
        ("enclave out of date", |f| f.qe_identity["tcbLevels"][0]["tcbStatus"] = json!("OutOfDate"), "evidence.tcb-out-of-date"),
        ("[tdx_qe_identity_id_mismatch]", |f| f.qe_identity["id"] = json!("QE"), "evidence.collateral-mismatch"),
        ("identity of the verification enclave", |f| f.qe_identity["id"] = json!("QVE"), "evidence.collateral-mismatch"),
        ("[qe_identity_expired]", |f| f.qe_identity["nextUpdate"] = json!("2026-01-01T23:59:59Z"), "evidence.collateral-stale"),
        ("[qe_identity_issue_date_future]", |f| f.qe_identity["issueDate"] = json!("2026-01-02T00:00:01Z"), "evidence.collateral-not-yet-valid"),
        ("[invalid_qe_identity_json]", |f| f.qe_identity = json!({"id": "TD_QE"}), "evidence.collateral-malformed"),
        ("identity with an unknown field", |f| f.qe_identity["more"] = json!(1), "evidence.collateral-malformed"),
        ("identity of another version", |f| f.qe_identity["version"] = json!(3), "evidence.collateral-malformed"),
        ("identity without levels", |f| f.qe_identity["tcbLevels"] = json!([]), "evidence.collateral-malformed"),
        ("identity of an old evaluation", |f| f.qe_identity["tcbEvaluationDataNumber"] = json!(16), "evidence.tcb-evaluation"),
        ("[ca_used_as_end_entity_qe]", |f| f.qe_signer.authority = true, "evidence.chain"),
        ("signer of another name", |f| f.qe_signer.common_name = "Intel SGX PCK Certificate".to_owned(), "evidence.chain"),
        ("signer expired", |f| f.qe_signer.validity.1 = created(), "evidence.expired"),
        ("signer revoked", |f| f.root_list.serials.push(5), "evidence.revoked"),
    ]
}

#[rustfmt::skip] // one row, one line
fn tcb_rows() -> Vec<Row> {
    vec![
        ("[tcb_expired]", |f| f.tcb_info["nextUpdate"] = json!("2026-01-01T23:59:59Z"), "evidence.collateral-stale"),
        ("[tcb_issue_date_future]", |f| f.tcb_info["issueDate"] = json!("2026-01-02T00:00:01Z"), "evidence.collateral-not-yet-valid"),
        ("[sgx_tcb_id_mismatch]", tcb_info_of_sgx, "evidence.collateral-mismatch"),
        ("[fmspc_mismatch]", |f| f.tcb_info["fmspc"] = json!("000000000000"), "evidence.collateral-mismatch"),
        ("FMSPC of the certificate", |f| f.pck.fmspc[5] ^= 1, "evidence.collateral-mismatch"),
        ("PCEID", |f| f.tcb_info["pceId"] = json!("0001"), "evidence.collateral-mismatch"),
        ("[invalid_tcb_json]", |f| f.tcb_info = json!({"id": "TDX"}), "evidence.collateral-malformed"),
        ("unknown field", |f| f.tcb_info["more"] = json!(1), "evidence.collateral-malformed"),
        ("unknown field in a level", |f| f.tcb_info["tcbLevels"][1]["more"] = json!(1), "evidence.collateral-malformed"),
        ("unknown field in a component", |f| f.tcb_info["tcbLevels"][1]["tcb"]["sgxtcbcomponents"][3]["more"] = json!(1), "evidence.collateral-malformed"),
        ("[tdx_missing_components]", |f| { f.tcb_info["tcbLevels"][0]["tcb"]["tdxtcbcomponents"] = json!([]); }, "evidence.collateral-malformed"),
        ("another version", |f| f.tcb_info["version"] = json!(4), "evidence.collateral-malformed"),
        ("another kind of TCB", |f| f.tcb_info["tcbType"] = json!(1), "evidence.collateral-malformed"),
        ("no levels", |f| f.tcb_info["tcbLevels"] = json!([]), "evidence.collateral-malformed"),
        ("repeated level", |f| f.tcb_info["tcbLevels"][1] = f.tcb_info["tcbLevels"][0].clone(), "evidence.collateral-malformed"),
        ("[unknown_tcb_status]", |f| status(f, "Splendid"), "evidence.collateral-malformed"),
        ("a status that only verifiers give", |f| status(f, "TDRelaunchAdvised"), "evidence.collateral-malformed"),
        ("[sgx_component_svn_mismatch]", |f| { f.pck.components = [0; 16]; f.pck.cpu_svn = [0; 16]; }, "evidence.tcb-level"),
        ("[tdx_component_svn_mismatch]", |f| f.signed[BODY + 2] = 0, "evidence.tcb-level"),
        ("PCESVN below every level", |f| f.pck.pce_svn = 1, "evidence.tcb-level"),
        ("[component_svn_all_higher]", |f| { f.pck.components = [255; 16]; f.pck.cpu_svn = [255; 16]; f.pck.pce_svn = 999; }, "verified"),
        ("module ISVSVN below every level", |f| f.signed[BODY] = 0, "evidence.tcb-level"),
        ("[revoked_platform_tcb]", |f| status(f, "Revoked"), "evidence.tcb-revoked"),
        ("OutOfDate", |f| status(f, "OutOfDate"), "evidence.tcb-out-of-date"),
        ("OutOfDateConfigurationNeeded", |f| status(f, "OutOfDateConfigurationNeeded"), "evidence.tcb-out-of-date-configuration-needed"),
        ("ConfigurationNeeded", |f| status(f, "ConfigurationNeeded"), "evidence.tcb-configuration-needed"),
        ("ConfigurationAndSWHardeningNeeded", |f| status(f, "ConfigurationAndSWHardeningNeeded"), "evidence.tcb-configuration-and-sw-hardening-needed"),
        ("SWHardeningNeeded without advisories", |f| hardening(f, &[]), "evidence.tcb-sw-hardening-needed"),
        ("SWHardeningNeeded, tolerated", |f| hardening(f, &["INTEL-SA-00289"]), "verified"),
        ("SWHardeningNeeded, one not tolerated", |f| hardening(f, &["INTEL-SA-00289", "INTEL-SA-00615"]), "evidence.advisory-not-tolerated"),
        ("module out of date", |f| module_status(f, "OutOfDate"), "evidence.tcb-out-of-date"),
        ("module revoked", |f| module_status(f, "Revoked"), "evidence.tcb-revoked"),
        ("an old evaluation", |f| f.tcb_info["tcbEvaluationDataNumber"] = json!(16), "evidence.tcb-evaluation"),
        ("[ca_used_as_end_entity_tcb]", |f| f.tcb_signer.authority = true, "evidence.chain"),
        ("signer of another name", |f| f.tcb_signer.common_name = "Intel SGX Root CA".to_owned(), "evidence.chain"),
        ("signer not yet valid", |f| f.tcb_signer.validity.0 = time("2026-01-02T00:00:01Z"), "evidence.not-yet-valid"),
        ("signer revoked", |f| f.root_list.serials.push(4), "evidence.revoked"),
    ]
}

#[rustfmt::skip] // one row, one line
fn chain_rows() -> Vec<Row> {
    vec![
        ("leaf of another name", |f| f.leaf.common_name = "Intel SGX TCB Signing".to_owned(), "evidence.chain"),
        ("leaf that may issue", |f| f.leaf.authority = true, "evidence.chain"),
        ("leaf with an unknown critical extension", |f| f.leaf.critical_extension = Some(UNKNOWN), "evidence.chain"),
        ("leaf expired", |f| f.leaf.validity.1 = created(), "evidence.expired"),
        ("leaf not yet valid", |f| f.leaf.validity.0 = time("2026-01-02T00:00:01Z"), "evidence.not-yet-valid"),
        ("leaf revoked", |f| f.pck_list.serials.push(3), "evidence.revoked"),
        ("leaf's components contradict each other", |f| f.pck.cpu_svn[0] ^= 1, "evidence.malformed"),
        ("processor authority", |f| f.authority.common_name = "Intel SGX PCK Processor CA".to_owned(), "verified"),
        ("authority of another name", |f| f.authority.common_name = "Intel SGX PCK CA".to_owned(), "evidence.chain"),
        ("authority that may not issue", |f| f.authority.authority = false, "evidence.chain"),
        ("authority with an unknown critical extension", |f| f.authority.critical_extension = Some(UNKNOWN), "evidence.chain"),
        ("authority expired", |f| f.authority.validity.1 = created(), "evidence.expired"),
        ("authority revoked", |f| f.root_list.serials.push(2), "evidence.revoked"),
        ("root expired", |f| f.root.validity.1 = created(), "evidence.expired"),
        ("root's list stale", |f| f.root_list.next_update = created(), "evidence.crl-stale"),
        ("root's list from the future", |f| f.root_list.this_update = time("2026-01-02T00:00:01Z"), "evidence.crl-stale"),
        ("authority's list stale", |f| f.pck_list.next_update = created(), "evidence.crl-stale"),
        ("serial 3 in the root's list is another certificate", |f| f.root_list.serials.push(3), "verified"),
    ]
}

const UNKNOWN: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.3.4");

fn status(fake: &mut Fake, status: &str) {
    fake.tcb_info["tcbLevels"][0]["tcbStatus"] = json!(status);
}

fn hardening(fake: &mut Fake, advisories: &[&str]) {
    status(fake, "SWHardeningNeeded");
    fake.tcb_info["tcbLevels"][0]["advisoryIDs"] = json!(advisories);
}

fn module_status(fake: &mut Fake, status: &str) {
    for module in modules(fake) {
        module["tcbLevels"][0]["tcbStatus"] = json!(status);
    }
}

fn tcb_info_of_sgx(fake: &mut Fake) {
    fake.tcb_info["id"] = json!("SGX");
    let info = fake.tcb_info.as_object_mut().unwrap();
    info.remove("tdxModule");
    info.remove("tdxModuleIdentities");
    for level in info["tcbLevels"].as_array_mut().unwrap() {
        level["tcb"].as_object_mut().unwrap().remove("tdxtcbcomponents");
    }
}

fn check(right: &Fake, rows: Vec<Row>) {
    let expectation = expected(right);
    for (name, change, reason) in rows {
        let mut fake = right.clone();
        change(&mut fake);
        let evidence = fake.sign().unwrap();
        // The guest's attributes are the only expected value that these rows change.
        let mut expectation = expectation.clone();
        if let Some(attributes) = fake.signed.get(TD_ATTRIBUTES..TD_ATTRIBUTES + 8) {
            let attributes = u64::from_le_bytes(attributes.try_into().unwrap());
            expectation.guest.td_attributes = domain::claims::TdAttributes::new(attributes);
        }
        assert_eq!(reason_at(&evidence, &expectation, now()), reason, "{name}");
    }
}

#[test]
fn a_quote_is_refused_for_its_content() {
    check(&Fake::tdx(4, created()), quote_rows());
}

#[test]
fn a_quoting_enclave_is_refused_for_its_content() {
    check(&Fake::tdx(4, created()), quoting_enclave_rows());
}

#[test]
fn a_tcb_is_refused_for_its_content() {
    check(&Fake::tdx(4, created()), tcb_rows());
}

#[test]
fn a_chain_is_refused_for_its_content() {
    check(&Fake::tdx(4, created()), chain_rows());
}

/// The same rows over a quote and collateral of a real machine, signed again.
#[test]
fn captured_evidence_is_refused_for_its_content() {
    let Some(fake) = captured() else { return };
    let rows = [quote_rows(), quoting_enclave_rows(), tcb_rows(), chain_rows()];
    for rows in rows {
        check(&fake, rows);
    }
}

/// What is broken after everything was signed.
#[test]
#[rustfmt::skip] // one row, one line
fn signatures_are_refused_one_by_one() {
    type Change = fn(&mut Evidence);
    // 636 = 48 + 584 + 4: signature, key; at 134 in them the quoting enclave's report.
    let rows: [(&str, Change, &str); 14] = [
        ("[invalid_quote_signature]", |e| e.quote[636] ^= 1, "evidence.signature"),
        ("body", |e| e.quote[600] ^= 1, "evidence.signature"),
        ("attestation key [qe_report_hash_mismatch]", |e| e.quote[636 + 64] ^= 1, "evidence.qe-report-data"),
        ("authentication data [qe_report_hash_mismatch]", |e| e.quote[636 + 134 + 450] ^= 1, "evidence.qe-report-data"),
        ("report of the quoting enclave", |e| e.quote[636 + 134] ^= 1, "evidence.qe-signature"),
        ("[invalid_qe_report_signature]", |e| e.quote[636 + 134 + 384] ^= 1, "evidence.qe-signature"),
        ("[truncated_quote]", |e| { e.quote.pop(); }, "evidence.malformed"),
        ("[invalid_quote_format]", |e| e.quote.truncate(20), "evidence.malformed"),
        ("padding", |e| e.quote.extend([0; 70]), "verified"),
        ("other bytes after the quote", |e| e.quote.extend([0, 1]), "evidence.trailing-bytes"),
        ("[invalid_tcb_signature]", |e| replace_first(&mut e.collateral.tcb_info_signature), "evidence.collateral-signature"),
        ("[invalid_qe_identity_signature]", |e| replace_first(&mut e.collateral.qe_identity_signature), "evidence.collateral-signature"),
        ("TCB info, one space more", |e| e.collateral.tcb_info.push(' '), "evidence.collateral-signature"),
        ("QE identity, one space more", |e| e.collateral.qe_identity.push(' '), "evidence.collateral-signature"),
    ];
    let fake = Fake::tdx(4, created());
    let (expectation, right) = (expected(&fake), fake.sign().unwrap());
    for (name, change, reason) in rows {
        let mut evidence = right.clone();
        change(&mut evidence);
        assert_eq!(reason_at(&evidence, &expectation, now()), reason, "{name}");
    }
}

fn replace_first(signature: &mut String) {
    let first = if signature.starts_with('0') { "1" } else { "0" };
    signature.replace_range(0..1, first);
}

/// Evidence of one platform with the root, a chain or a list of another.
#[test]
#[rustfmt::skip] // one row, one line
fn parts_of_other_evidence_are_refused() {
    type Change = fn(&mut Evidence, Evidence);
    let rows: [(&str, Change, &str); 9] = [
        ("root", |e, other| e.root = other.root, "evidence.chain"),
        ("[short_tcb_chain]", |e, _| e.collateral.tcb_info_issuer_chain = root_only(&e.collateral.tcb_info_issuer_chain), "evidence.chain"),
        ("[short_qe_identity_chain]", |e, _| e.collateral.qe_identity_issuer_chain = root_only(&e.collateral.qe_identity_issuer_chain), "evidence.chain"),
        ("[short_tcb_chain] empty", |e, _| e.collateral.tcb_info_issuer_chain.clear(), "evidence.malformed"),
        ("[invalid_cert_format]", |e, _| e.collateral.tcb_info_issuer_chain = "certificate".to_owned(), "evidence.malformed"),
        ("signer of TCB info", |e, other| e.collateral.tcb_info_issuer_chain = other.collateral.tcb_info_issuer_chain, "evidence.chain"),
        ("root's list", |e, other| e.collateral.root_ca_crl = other.collateral.root_ca_crl, "evidence.crl"),
        ("authority's list", |e, other| e.collateral.pck_crl = other.collateral.pck_crl, "evidence.crl"),
        ("authority's list twice", |e, _| e.collateral.root_ca_crl.clone_from(&e.collateral.pck_crl), "evidence.crl-missing"),
    ];
    let fake = Fake::tdx(4, created());
    let (expectation, right) = (expected(&fake), fake.sign().unwrap());
    for (name, change, reason) in rows {
        let mut evidence = right.clone();
        change(&mut evidence, fake.sign().unwrap());
        assert_eq!(reason_at(&evidence, &expectation, now()), reason, "{name}");
    }
}

fn root_only(chain: &str) -> String {
    let end = "-----END CERTIFICATE-----\n";
    chain.split_once(end).unwrap().1.to_owned()
}

#[test]
#[rustfmt::skip] // one row, one line
fn quotes_of_tdx_1_5_are_judged_by_both_versions() {
    let update = 48 + 6 + 584;
    type Change = fn(&mut Fake, usize);
    let rows: [(&str, Change, &str); 7] = [
        ("up to date", |_, _| (), "verified"),
        ("launched on an old module of a platform to be configured", |f, _| { f.signed[54] = 2; status(f, "ConfigurationNeeded"); }, "evidence.tcb-td-relaunch-advised-configuration-needed"),
        ("launched on an old module, updated since", |f, _| f.signed[54] = 2, "evidence.tcb-td-relaunch-advised"),
        ("now on an old module", |f, at| f.signed[at] = 2, "evidence.tcb-out-of-date"),
        ("both old", |f, at| { f.signed[54] = 2; f.signed[at] = 2; }, "evidence.tcb-out-of-date"),
        ("now on an unknown module", |f, at| f.signed[at + 1] = 7, "evidence.tcb-level"),
        ("bound to a service guest", |f, at| f.signed[at + 16] = 1, "evidence.td-service"),
    ];
    let right = Fake::tdx(5, created());
    let expectation = expected(&right);
    for (name, change, reason) in rows {
        let mut fake = right.clone();
        change(&mut fake, update);
        assert_eq!(reason_at(&fake.sign().unwrap(), &expectation, now()), reason, "{name}");
    }
    let mut extended = right.clone();
    extended.signed[48] = 4;
    assert_eq!(
        reason_at(&extended.sign().unwrap(), &expectation, now()),
        "evidence.quote-version"
    );
}

#[test]
fn enclaves_are_inspected_and_never_verified_as_guests() {
    let fake = Fake::sgx(created());
    let evidence = fake.sign().unwrap();
    let inspection = inspected(&evidence, Tee::Sgx, Profile::Production).unwrap();
    assert_eq!(inspection.warnings(), []);
    let reason = |evidence: &Evidence, tee, profile| {
        use domain::Reason as _;
        inspected(evidence, tee, profile).unwrap_err().reason()
    };
    assert_eq!(reason(&evidence, Tee::Tdx, Profile::Archive), "evidence.tee-type");
    let guest = expected(&Fake::tdx(4, created()));
    assert_eq!(reason_at(&evidence, &guest, now()), "evidence.tee-type");
    // [valid_sgx_v3] above, [debug_sgx_v3]:
    let mut debug = fake.clone();
    debug.signed[48 + 48] |= 2;
    let debug = debug.sign().unwrap();
    assert_eq!(reason(&debug, Tee::Sgx, Profile::Production), "evidence.debug-enabled");
    let archived = inspected(&debug, Tee::Sgx, Profile::Archive).unwrap();
    assert_eq!(archived.warnings(), [evidence::EvidenceError::DebugEnabled]);
}
