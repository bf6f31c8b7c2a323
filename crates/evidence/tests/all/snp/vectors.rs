//! Real reports of real machines, as other projects publish them: the files, the time, and the
//! verdict that they should have.

use std::collections::{BTreeMap, BTreeSet};

use domain::Reason as _;
use domain::claims::{SigningKey, Trust};
use evidence::EvidenceError;
use evidence::snp::{Inspected, Profile, Roots, SnpEvidence, TcbFloors, inspect, read_evidence};

use super::files::{path, published};
use crate::support::time;

/// One report with some certificates at one time.
pub(crate) struct Row {
    pub(crate) report: &'static str,
    /// `issuer: file` takes the place of the certificate that would be chosen by name.
    pub(crate) certificates: &'static [&'static str],
    pub(crate) at: &'static str,
    /// [`Profile::Production`]: "authentic", or the reason of the refusal.
    pub(crate) production: &'static str,
    /// [`Profile::Archive`]: the warnings in order, or the one reason of the refusal.
    pub(crate) archive: &'static [&'static str],
}

const fn row(
    report: &'static str,
    certificates: &'static [&'static str],
    at: &'static str,
    production: &'static str,
    archive: &'static [&'static str],
) -> Row {
    Row { report, certificates, at, production, archive }
}

#[rustfmt::skip] // one row, one line
pub(crate) fn rows() -> Vec<Row> {
    vec![
        row("RS/live-report-v5-genoa.bin", &["RS/live-vcek-genoa.der"], "2026-06-01T00:00:00Z", "authentic", &["evidence.crl-not-checked"]),
        row("RS/live-report-v5-genoa.bin", &["RS/live-vcek-genoa.der"], "2026-02-17T00:00:00Z", "evidence.not-yet-valid", &["evidence.not-yet-valid", "evidence.crl-not-checked"]),
        row("RS/live-report-v5-genoa.bin", &["RS/live-vcek-genoa.der"], "2033-03-01T00:00:00Z", "evidence.expired", &["evidence.expired", "evidence.crl-not-checked"]),
        row("RS/live-evidence-genoa.json#report", &["RS/live-evidence-genoa.json#vcek"], "2026-06-01T00:00:00Z", "authentic", &["evidence.crl-not-checked"]),
        row("RS/live-evidence-genoa.json", &[], "2026-06-01T00:00:00Z", "authentic", &["evidence.crl-not-checked"]),
        row("TRUSTEE-E2E/evidence.json", &[], "2026-06-01T00:00:00Z", "authentic", &["evidence.crl-not-checked"]),
        row("TRUSTEE-E2E/evidence.json", &["RS/live-vcek-genoa.der"], "2026-06-01T00:00:00Z", "evidence.chip-id", &["evidence.chip-id"]),
        row("TRUSTEE/test-report.bin", &["TRUSTEE/test-vcek.der"], "2023-06-01T00:00:00Z", "evidence.alias-check", &["evidence.alias-check", "evidence.tcb-floor", "evidence.crl-not-checked"]),
        row("RS/test-report.bin", &["RS/test-vcek.der"], "2023-06-01T00:00:00Z", "evidence.alias-check", &["evidence.alias-check", "evidence.tcb-floor", "evidence.crl-not-checked"]),
        row("VIRTEE/report_milan.hex", &["VIRTEE/vcek_milan.der", "VIRTEE/cert_chain_milan"], "2024-01-01T00:00:00Z", "evidence.alias-check", &["evidence.alias-check", "evidence.tcb-floor", "evidence.crl-not-checked"]),
        row("GOOGLE/attestation.bin", &["GOOGLE/vcek.testcer", "GOOGLE/milan.testcer"], "2022-09-24T01:00:00Z", "evidence.debug-enabled", &["evidence.debug-enabled", "evidence.alias-check", "evidence.tcb-floor", "evidence.crl-not-checked"]),
        row("TRUSTEE/test-vlek-report.bin", &["TRUSTEE/test-vlek.der", "TRUSTEE-CA/milan_ask_ark_asvk.pem"], "2025-06-01T00:00:00Z", "evidence.vmpl", &["evidence.vmpl", "evidence.tcb-floor", "evidence.crl-not-checked"]),
        row("TRUSTEE/test-vlek-report.bin", &["TRUSTEE/test-vlek.der", "GOOGLE/milanvlek.testcer"], "2026-06-01T00:00:00Z", "evidence.expired", &["evidence.expired", "evidence.vmpl", "evidence.tcb-floor", "evidence.crl-not-checked"]),
        row("RS/test-vlek-report.bin", &["RS/test-vlek.der"], "2024-12-01T00:00:00Z", "evidence.not-yet-valid", &["evidence.not-yet-valid", "evidence.vmpl", "evidence.tcb-floor", "evidence.crl-not-checked"]),
        row("TRUSTEE-AZ/evidence-genoa.json#report", &["TRUSTEE-AZ/vcek-genoa.pem"], "2026-01-01T00:00:00Z", "authentic", &["evidence.crl-not-checked"]),
        row("TRUSTEE-AZ/evidence-v0.json#report", &["TRUSTEE-AZ/evidence-v0.json#vcek"], "2026-01-01T00:00:00Z", "authentic", &["evidence.crl-not-checked"]),
        row("TRUSTEE-AZ/evidence-v1.json#report", &["TRUSTEE-AZ/evidence-v1.json#vcek"], "2026-01-01T00:00:00Z", "authentic", &["evidence.crl-not-checked"]),
        row("TRUSTEE-AZ/evidence-v2.json#report", &["TRUSTEE-AZ/evidence-v2.json#vcek"], "2026-01-01T00:00:00Z", "authentic", &["evidence.crl-not-checked"]),
        row("TRUSTEE-AZ/hcl-report.bin#report", &["TRUSTEE-AZ/vcek.pem"], "2024-01-01T00:00:00Z", "evidence.alias-check", &["evidence.alias-check", "evidence.tcb-floor", "evidence.crl-not-checked"]),
        row("RS-AZ/hcl-report.bin#report", &["RS-AZ/vcek.pem"], "2024-01-01T00:00:00Z", "evidence.alias-check", &["evidence.alias-check", "evidence.tcb-floor", "evidence.crl-not-checked"]),
        row("RS-AZ/evidence-v1.json#report", &["RS-AZ/evidence-v1.json#vcek"], "2024-01-01T00:00:00Z", "evidence.alias-check", &["evidence.alias-check", "evidence.tcb-floor", "evidence.crl-not-checked"]),
        row("RS-AZ/live-evidence.json#report", &["RS-AZ/imds-vcek.der", "RS-AZ/imds-chain-0.der", "RS-AZ/imds-chain-1.der"], "2026-06-01T00:00:00Z", "authentic", &["evidence.crl-not-checked"]),
        row("RS-AZ/milan-v3-attestation.json#report", &["RS-AZ/milan-v3-attestation.json#vcek"], "2026-06-01T00:00:00Z", "authentic", &["evidence.crl-not-checked"]),
        row("TRUSTEE/test-report.bin", &["VIRTEE/vcek_milan.der"], "2024-01-01T00:00:00Z", "evidence.chip-id", &["evidence.chip-id"]),
        row("VIRTEE/report_milan.hex", &["GOOGLE/vcek.testcer"], "2024-01-01T00:00:00Z", "evidence.chip-id", &["evidence.chip-id"]),
        row("GOOGLE/attestation.bin", &["TRUSTEE/test-vcek.der"], "2024-01-01T00:00:00Z", "evidence.chip-id", &["evidence.chip-id"]),
        row("KINVOLK/hcl-report-snp.bin#report", &["KINVOLK/certs.pem"], "2024-01-01T00:00:00Z", "evidence.chip-id", &["evidence.chip-id"]),
        row("LIT/guest_report.bin", &["TRUSTEE/test-vcek.der"], "2024-01-01T00:00:00Z", "evidence.chip-id", &["evidence.chip-id"]),
        row("LIT/guest_report_bad_sig.bin#report", &["TRUSTEE/test-vcek.der"], "2024-01-01T00:00:00Z", "evidence.chip-id", &["evidence.chip-id"]),
        row("LIT/snp_report_msg_resp.bin#report", &["TRUSTEE/test-vcek.der"], "2024-01-01T00:00:00Z", "evidence.chip-id", &["evidence.chip-id"]),
        row("COCOS/attestation.bin#report", &["TRUSTEE/test-vcek.der"], "2024-01-01T00:00:00Z", "evidence.chip-id", &["evidence.chip-id"]),
        row("TRUSTEE/test-report.bin", &["RS/live-vcek-genoa.der"], "2026-06-01T00:00:00Z", "evidence.chip-id", &["evidence.chip-id"]),
        row("TRUSTEE/test-report.bin", &["VIRTEE/vcek_turin.der", "VIRTEE/cert_chain_turin"], "2026-06-01T00:00:00Z", "evidence.chip-id", &["evidence.chip-id"]),
        row("RS/live-report-v5-genoa.bin", &["TRUSTEE/test-vcek.der"], "2026-06-01T00:00:00Z", "evidence.product", &["evidence.product"]),
        row("RS/live-report-v5-genoa.bin", &["VIRTEE/vcek_turin.der"], "2026-06-01T00:00:00Z", "evidence.product", &["evidence.product"]),
        row("TRUSTEE/test-vlek-report.bin", &["TRUSTEE/test-vcek.der"], "2025-06-01T00:00:00Z", "evidence.signing-key", &["evidence.signing-key"]),
        row("TRUSTEE/test-report.bin", &["TRUSTEE/test-vlek.der"], "2025-06-01T00:00:00Z", "evidence.signing-key", &["evidence.signing-key"]),
        row("TRUSTEE/test-report.bin", &["TRUSTEE/test-vcek-invalid-legacy.der"], "2024-01-01T00:00:00Z", "evidence.chain", &["evidence.chain"]),
        row("TRUSTEE/test-report.bin", &["TRUSTEE/test-vcek-invalid-new.der"], "2024-01-01T00:00:00Z", "evidence.chain", &["evidence.chain"]),
        row("RS/test-report.bin", &["RS/test-vcek-invalid-legacy.der"], "2024-01-01T00:00:00Z", "evidence.chain", &["evidence.chain"]),
        row("RS/test-report.bin", &["RS/test-vcek-invalid-new.der"], "2024-01-01T00:00:00Z", "evidence.chain", &["evidence.chain"]),
        row("TRUSTEE/test-report.bin", &["TRUSTEE/test-vcek.der", "issuer: RS-CA/genoa/ask.der"], "2024-01-01T00:00:00Z", "evidence.chain", &["evidence.chain"]),
        row("TRUSTEE/test-report.bin", &["TRUSTEE/test-vcek.der", "issuer: RS-CA/milan/asvk.der"], "2024-01-01T00:00:00Z", "evidence.chain", &["evidence.chain"]),
        row("TRUSTEE/test-report.bin", &["TRUSTEE/test-vcek.der", "issuer: RS-CA/milan/ark.der"], "2024-01-01T00:00:00Z", "evidence.chain", &["evidence.chain"]),
        row("TRUSTEE/test-report.bin", &["TRUSTEE/test-vcek.der", "issuer: VIRTEE/vcek_milan.der"], "2024-01-01T00:00:00Z", "evidence.unknown-root", &["evidence.unknown-root"]),
        row("RS/live-report-v5-genoa.bin", &["RS/live-vcek-genoa.der", "issuer: RS-CA/milan/ask.der"], "2026-06-01T00:00:00Z", "evidence.chain", &["evidence.chain"]),
        row("TRUSTEE/test-vlek-report.bin", &["TRUSTEE/test-vlek.der", "issuer: RS-CA/milan/ask.der"], "2025-06-01T00:00:00Z", "evidence.chain", &["evidence.chain"]),
        row("TRUSTEE/test-report.bin", &[], "2024-01-01T00:00:00Z", "evidence.malformed", &["evidence.malformed"]),
        row("TRUSTEE/test-report.bin", &["VIRTEE/cert_chain_milan"], "2024-01-01T00:00:00Z", "evidence.malformed", &["evidence.malformed"]),
        row("TRUSTEE/test-vcek.der", &["TRUSTEE/test-vcek.der"], "2024-01-01T00:00:00Z", "evidence.malformed", &["evidence.malformed"]),
        row("LIT/guest_report_corrupt.bin", &["TRUSTEE/test-vcek.der"], "2024-01-01T00:00:00Z", "evidence.malformed", &["evidence.malformed"]),
        row("LIT/guest_report_bad_sig.bin", &["TRUSTEE/test-vcek.der"], "2024-01-01T00:00:00Z", "evidence.malformed", &["evidence.malformed"]),
        row("LIT/snp_report_msg_resp.bin", &["TRUSTEE/test-vcek.der"], "2024-01-01T00:00:00Z", "evidence.malformed", &["evidence.malformed"]),
        row("COCOS/attestation.bin", &["TRUSTEE/test-vcek.der"], "2024-01-01T00:00:00Z", "evidence.malformed", &["evidence.malformed"]),
        row("TRUSTEE-AZ/hcl-report.bin", &["TRUSTEE/test-vcek.der"], "2024-01-01T00:00:00Z", "evidence.malformed", &["evidence.malformed"]),
    ]
}

/// Paths of all files in the table.
pub(crate) fn files() -> impl Iterator<Item = String> {
    let names = rows().into_iter().flat_map(|row| [&[row.report], row.certificates].concat());
    names.map(|name| {
        let name = name.strip_prefix("issuer: ").unwrap_or(name);
        path(name.split('#').next().unwrap_or(name))
    })
}

/// Report and certificates of a row, put together; `None` without the vectors.
pub(crate) fn evidence(row: &Row) -> Option<Result<SnpEvidence, EvidenceError>> {
    let report = published(row.report)?;
    let (mut certificates, mut issuer) = (Vec::new(), None);
    for name in row.certificates {
        match name.strip_prefix("issuer: ") {
            Some(name) => issuer = published(name),
            None => certificates.push(published(name)?),
        }
    }
    let files: Vec<_> = certificates.iter().map(Vec::as_slice).collect();
    let evidence = read_evidence(&report, &files);
    Some(evidence.map(|evidence| SnpEvidence {
        ask: issuer.unwrap_or_else(|| evidence.ask.clone()),
        ..evidence
    }))
}

fn inspection(row: &Row, profile: Profile) -> Option<Result<Inspected, EvidenceError>> {
    let floors = TcbFloors::published().unwrap();
    let (roots, at) = (Roots::amd(), time(row.at));
    Some(evidence(row)?.and_then(|e| inspect(&e, &floors, profile, &roots, &[], at)))
}

#[test]
fn published_reports_have_their_verdicts() {
    let (mut wrong, mut skipped) = (false, 0);
    for row in rows() {
        let (Some(production), Some(archive)) =
            (inspection(&row, Profile::Production), inspection(&row, Profile::Archive))
        else {
            skipped += 1;
            continue;
        };
        let production = match production {
            Ok(_) => "authentic",
            Err(error) => error.reason(),
        };
        let archive: Vec<_> = match archive {
            Ok(inspected) => {
                assert_eq!(inspected.claims().platform.trust(), Trust::Hardware);
                inspected.warnings().iter().map(|warning| warning.reason()).collect()
            }
            Err(error) => vec![error.reason()],
        };
        println!(
            "{} {:?} {} | {production} | {}",
            row.report,
            row.certificates,
            row.at,
            archive.join(" ")
        );
        wrong |= (production, archive.as_slice()) != (row.production, row.archive);
    }
    println!("{} rows, {skipped} of them skipped: not there", rows().len());
    assert!(!wrong, "a row differs from what was printed above");
}

#[test]
fn a_providers_key_is_told_apart() {
    for row in authentic() {
        let Some(inspected) = inspection(&row, Profile::Archive) else { continue };
        let provider = row.report.ends_with("/test-vlek-report.bin");
        let kind = if provider { SigningKey::Vlek } else { SigningKey::Vcek };
        assert_eq!(inspected.unwrap().claims().signing_key, kind, "{}", row.report);
    }
}

/// The rows whose signatures hold.
pub(crate) fn authentic() -> impl Iterator<Item = Row> {
    rows().into_iter().filter(|row| row.archive.contains(&"evidence.crl-not-checked"))
}

/// Every byte of a report is signed, also those that are otherwise not looked at, such as the
/// report's own identity.
#[test]
fn published_reports_are_refused_when_touched() {
    const REPORT_ID: usize = 0x140;
    for row in authentic() {
        let Some(evidence) = evidence(&row) else { continue };
        let mut evidence = evidence.unwrap();
        evidence.report[REPORT_ID] ^= 1;
        let floors = TcbFloors::published().unwrap();
        let at = time(row.at);
        let answer = inspect(&evidence, &floors, Profile::Archive, &Roots::amd(), &[], at);
        assert_eq!(answer.unwrap_err().reason(), "evidence.signature", "{}", row.report);
    }
}

/// Every report with every signing key's certificate: only what belongs together holds.
#[test]
fn no_report_holds_with_the_certificate_of_another() {
    let known: Vec<_> = authentic().filter_map(|row| evidence(&row)?.ok()).collect();
    let Some(report) = known.first().map(|evidence| evidence.report.clone()) else { return };
    let pairs: BTreeSet<_> = known.iter().map(|e| (signer(&e.report), e.vek.clone())).collect();
    let others =
        OTHER_KEYS.map(|name| read_evidence(&report, &[&published(name).unwrap()]).unwrap());
    let keys: BTreeMap<_, _> =
        known.iter().chain(&others).map(|evidence| (&evidence.vek, &evidence.ask)).collect();
    let others = OTHER_REPORTS.map(|name| published(name).unwrap());
    let reports: BTreeSet<_> =
        known.iter().map(|evidence| &evidence.report).chain(&others).collect();
    let (floors, at) = (TcbFloors::published().unwrap(), time("2026-06-01T00:00:00Z"));
    let mut reasons = BTreeMap::new();
    for &report in &reports {
        for (&vek, &ask) in &keys {
            let (report, vek, ask) = (report.clone(), vek.clone(), ask.clone());
            let belongs = pairs.contains(&(signer(&report), vek.clone()));
            let evidence = SnpEvidence { report, vek, ask };
            let answer = inspect(&evidence, &floors, Profile::Archive, &Roots::amd(), &[], at);
            let reason = answer.map_or_else(|error| error.reason(), |_| "authentic");
            assert_eq!(reason == "authentic", belongs, "{reason}");
            *reasons.entry(reason).or_insert(0) += 1;
        }
    }
    println!("{} reports, {} certificates: {reasons:?}", reports.len(), keys.len());
}

/// CHIP_ID and REPORTED_TCB: the chip and the firmware that the key is for.
fn signer(report: &[u8]) -> [Vec<u8>; 2] {
    [report[0x1a0..0x1e0].to_vec(), report[0x180..0x188].to_vec()]
}

/// Keys of which no report was published, and reports without the key.
const OTHER_KEYS: [&str; 4] = [
    "VIRTEE/vcek_turin.der",
    "KINVOLK/certs.pem",
    "TRUSTEE/test-vcek-invalid-legacy.der",
    "TRUSTEE/test-vcek-invalid-new.der",
];
const OTHER_REPORTS: [&str; 4] = [
    "COCOS/attestation.bin#report",
    "KINVOLK/hcl-report-snp.bin#report",
    "LIT/guest_report.bin",
    "LIT/snp_report_msg_resp.bin#report",
];

/// An intermediate given as a root is none.
#[test]
fn an_intermediate_certificate_is_no_root() {
    let Some(ask) = published("RS-CA/milan/ask.der") else { return };
    assert_eq!(Roots::emulated(&ask).unwrap_err().reason(), "evidence.malformed");
}
