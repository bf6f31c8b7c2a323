//! The verdicts of the crate `dcap-qvl` on the same evidence. Where it decides otherwise than this
//! verifier, the row says so and why.

use dcap_qvl::QuoteCollateralV3;
use dcap_qvl::verify::QuoteVerifier;
use domain::Reason as _;
use domain::Timestamp;
use evidence::intel::{Profile, read_quote};
use serde_json::Value;
use testkit::intel::{Evidence, Fake};

use super::support::{created, expected, now, reason_at};
use super::vectors::{Row, inspection, path, rows};
use crate::support::{time, vector};

/// Status and advisories, or the first line of the refusal.
fn opinion(
    root: Option<Vec<u8>>,
    quote: &[u8],
    collateral: &QuoteCollateralV3,
    at: Timestamp,
) -> Result<String, String> {
    let verifier = root.map_or_else(QuoteVerifier::new_prod, QuoteVerifier::new);
    let seconds = u64::try_from(at.unix_seconds()).unwrap();
    let report = verifier.verify(quote, collateral, seconds);
    report.map(|report| report.status).map_err(|error| format!("{error:#}"))
}

/// Collateral of a row in the layout that `dcap-qvl` reads; `None` if it is not complete.
fn collateral(row: &Row) -> Option<QuoteCollateralV3> {
    let files: Vec<_> = row.collateral.iter().map(|short| vector(&path(short)).unwrap()).collect();
    if let [file] = files.as_slice()
        && let Ok(collateral) = serde_json::from_slice(file)
    {
        return Some(collateral);
    }
    let fmspc = inspection(row, Profile::Archive).ok()?.platform().fmspc.to_string();
    let document = |name: &str, fits: &dyn Fn(&Value) -> bool| {
        files.iter().find_map(|file| {
            let text = std::str::from_utf8(file).ok()?;
            let json: Value = serde_json::from_str(text).ok()?;
            let signature = hex::decode(json.get("signature")?.as_str()?).ok()?;
            fits(json.get(name)?).then_some(())?;
            let body = text.trim().strip_prefix(&format!("{{\"{name}\":"))?;
            let (body, _) = body.rsplit_once(",\"signature\"")?;
            Some((body.to_owned(), signature))
        })
    };
    let of_family = |info: &Value| info["fmspc"].as_str().unwrap().eq_ignore_ascii_case(&fmspc);
    let (tcb_info, tcb_info_signature) = document("tcbInfo", &of_family)?;
    let (qe_identity, qe_identity_signature) = document("enclaveIdentity", &|_| true)?;
    let list = |name: &str| {
        row.collateral.iter().zip(&files).find(|(short, _)| short.contains(name)).map(|(_, f)| f)
    };
    let chain = signing_chain(time(row.at));
    Some(QuoteCollateralV3 {
        pck_crl_issuer_chain: String::new(),
        root_ca_crl: list("root")?.clone(),
        pck_crl: list("pck")?.clone(),
        tcb_info_issuer_chain: chain.clone(),
        tcb_info,
        tcb_info_signature,
        qe_identity_issuer_chain: chain,
        qe_identity,
        qe_identity_signature,
        pck_certificate_chain: None,
    })
}

/// The published signer that was valid at `at`, and the root.
fn signing_chain(at: Timestamp) -> String {
    let signers = include_str!("../../../../../attestation/roots/intel/tcb-signing.pem");
    let root = include_str!("../../../../../attestation/roots/intel/root.pem");
    let end = "-----END CERTIFICATE-----\n";
    let (newer, older) = signers.split_once(end).unwrap();
    let newer = format!("{newer}{end}");
    let signer = if at < time("2025-05-06T09:25:00Z") { older } else { newer.as_str() };
    format!("{signer}{root}")
}

#[test]
fn published_quotes_get_the_same_status_from_both() {
    if vector("MANIFEST.md").is_none() {
        return;
    }
    let mut compared = 0;
    let mut unexplained = 0;
    for row in rows() {
        if row.production == "evidence.tee-type" {
            continue; // it is not told which kind is asked for
        }
        let Some(collateral) = collateral(&row) else { continue };
        let bytes = vector(&path(row.quote)).unwrap();
        if read_quote(&bytes).is_err() || row.quote.ends_with(".json") {
            continue;
        }
        let raw = std::str::from_utf8(&bytes).ok().map(str::trim);
        let raw = raw.map(|text| hex::decode(text.strip_prefix("0x").unwrap_or(text)).unwrap());
        let theirs = opinion(None, &raw.unwrap_or(bytes), &collateral, time(row.at));
        let ours = match inspection(&row, Profile::Production) {
            Ok(inspected) => Ok(inspected.tcb().unwrap().status.name().to_owned()),
            Err(error) => Err(error.reason()),
        };
        compared += 1;
        let agree = match (&ours, &theirs) {
            (Ok(ours), Ok(theirs)) => ours == theirs,
            (Err(_), Err(_)) => true,
            // It reports a status and leaves the decision to a policy.
            (Err(reason), Ok(theirs)) => {
                reason.starts_with("evidence.tcb-") && row.status == theirs && theirs != "UpToDate"
            }
            // An inspection passes without any list, and warns of one that is not current.
            (Ok(_), Err(theirs)) => {
                theirs.contains("CrlExpired") && row.archive == ["evidence.crl-stale"]
            }
        };
        println!("{} at {}: {ours:?} {theirs:?} {agree}", row.quote, row.at);
        unexplained += u32::from(!agree);
    }
    println!("{compared} compared");
    assert_eq!(unexplained, 0);
}

/// Synthetic evidence, so that both judge more than what was published.
#[test]
fn synthetic_evidence_gets_the_same_verdict_from_both() {
    type Change = fn(&mut Fake);
    type Break = fn(&mut Evidence);
    let changes: [(&str, Change, &str, bool); 12] = [
        ("right", |_| (), "verified", true),
        ("debug", |f| f.signed[168] |= 1, "evidence.debug-enabled", false),
        ("exceptions", |f| f.signed[171] &= !0x10, "evidence.td-sept-ve-disable", false),
        ("no level", |f| f.signed[50] = 0, "evidence.tcb-level", false),
        ("revoked leaf", |f| f.pck_list.serials.push(3), "evidence.revoked", false),
        ("revoked authority", |f| f.root_list.serials.push(2), "evidence.revoked", false),
        ("signer of the enclave", |f| f.qe_report[128] ^= 1, "evidence.qe-signer", false),
        ("authority as signer", |f| f.tcb_signer.authority = true, "evidence.chain", false),
        // It leaves the status to a policy.
        ("out of date", |f| f.signed[50] = 2, "evidence.tcb-out-of-date", true),
        ("stale list", |f| f.pck_list.next_update = created(), "evidence.crl-stale", false),
        // It reads no names: any certificate that the root issued may sign collateral.
        (
            "name of the signer",
            |f| f.tcb_signer.common_name = "Intel SGX PCK Certificate".to_owned(),
            "evidence.chain",
            true,
        ),
        // It drops fields that it does not know.
        ("unknown field", |f| f.tcb_info["more"] = 1.into(), "evidence.collateral-malformed", true),
    ];
    let fake = Fake::tdx(4, created());
    let expectation = expected(&fake);
    for (name, change, reason, accepted) in changes {
        let mut fake = fake.clone();
        change(&mut fake);
        compare(name, &fake.sign().unwrap(), &expectation, reason, accepted);
    }
    let breaks: [(&str, Break, &str, bool); 3] = [
        ("signature", |e| e.quote[636] ^= 1, "evidence.signature", false),
        ("padding", |e| e.quote.extend([0; 9]), "verified", true),
        // It does not look at what follows the quote.
        ("what follows", |e| e.quote.push(1), "evidence.trailing-bytes", true),
    ];
    for (name, change, reason, accepted) in breaks {
        let mut evidence = fake.sign().unwrap();
        change(&mut evidence);
        compare(name, &evidence, &expectation, reason, accepted);
    }
}

fn compare(
    name: &str,
    evidence: &Evidence,
    expected: &evidence::intel::Expected,
    reason: &str,
    accepted: bool,
) {
    let json = evidence.collateral.to_json();
    let collateral = serde_json::from_slice(&json).unwrap();
    let theirs = opinion(Some(evidence.root.clone()), &evidence.quote, &collateral, now());
    let mut expected = expected.clone();
    if let Some(attributes) = evidence.quote.get(168..176) {
        let attributes = u64::from_le_bytes(attributes.try_into().unwrap());
        expected.guest.td_attributes = domain::claims::TdAttributes::new(attributes);
    }
    println!("{name}: {theirs:?}");
    assert_eq!(reason_at(evidence, &expected, now()), reason, "{name}");
    assert_eq!(theirs.is_ok(), accepted, "{name}: {theirs:?}");
}
