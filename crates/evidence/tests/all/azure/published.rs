//! Real evidence of real machines, as other projects publish it.

use domain::Reason as _;
use domain::claims::Trust;
use evidence::EvidenceError;
use evidence::azure::snp_vtpm::{Inspected, inspect, read_evidence};
use evidence::snp::{Profile, Roots, TcbFloors};

use crate::support::{time, vector};

/// Input, certificates and quotes (whose names say so), the time, and the answers under
/// [`Profile::Production`] and [`Profile::Archive`]: `authentic`, or a reason; the warnings of
/// authentic evidence.
struct Row(&'static [&'static str], &'static str, &'static str, &'static [&'static str]);

const ROWS: &[Row] = &[
    Row(&["TRUSTEE/evidence-v0.json"], "2026-01-01T00:00:00Z", "authentic", CURRENT),
    Row(&["TRUSTEE/evidence-v1.json"], "2026-01-01T00:00:00Z", "authentic", CURRENT),
    Row(&["TRUSTEE/evidence-v2.json"], "2026-01-01T00:00:00Z", "authentic", CURRENT),
    Row(&["TRUSTEE/evidence-genoa.json"], "2026-01-01T00:00:00Z", "authentic", CURRENT),
    Row(
        &["TRUSTEE/evidence-genoa.json", "TRUSTEE/vcek-genoa.pem"],
        "2026-01-01T00:00:00Z",
        "authentic",
        CURRENT,
    ),
    Row(&["RS/live-evidence.json"], "2026-06-01T00:00:00Z", "authentic", CURRENT),
    Row(
        &[
            "RS/live-evidence.json",
            "RS/imds-vcek.der",
            "RS/imds-chain-0.der",
            "RS/imds-chain-1.der",
        ],
        "2026-06-01T00:00:00Z",
        "authentic",
        CURRENT,
    ),
    Row(
        &["RS/live-evidence.json"],
        "2020-06-01T00:00:00Z",
        "evidence.not-yet-valid",
        &["evidence.not-yet-valid", "evidence.crl-not-checked"],
    ),
    Row(
        &["RS/live-evidence.json"],
        "2046-06-01T00:00:00Z",
        "evidence.expired",
        &["evidence.expired", "evidence.crl-not-checked"],
    ),
    // A quote over no nonce.
    Row(
        &["RS/milan-v3-attestation.json"],
        "2026-06-01T00:00:00Z",
        "authentic",
        &["evidence.crl-not-checked", "evidence.azure-nonce-missing"],
    ),
    // Reports of version 2 say nothing about the memory check and the processor.
    Row(
        &["TRUSTEE/hcl-report.bin", "TRUSTEE/vcek.pem", "TRUSTEE/quote.bin"],
        "2024-01-01T00:00:00Z",
        "evidence.alias-check",
        VERSION_2,
    ),
    Row(
        &["TRUSTEE/hcl-report.bin", "TRUSTEE/vcek.pem", "TRUSTEE/tpm-quote-v1.json"],
        "2024-01-01T00:00:00Z",
        "evidence.alias-check",
        VERSION_2,
    ),
    Row(
        &["RS/hcl-report.bin", "RS/vcek.pem", "RS/quote.bin"],
        "2024-01-01T00:00:00Z",
        "evidence.alias-check",
        VERSION_2,
    ),
    Row(&["RS/evidence-v1.json"], "2024-01-01T00:00:00Z", "evidence.alias-check", VERSION_2),
    Row(
        &["TRUSTEE/hcl-report.bin", "TRUSTEE/vcek.pem"],
        "2024-01-01T00:00:00Z",
        "evidence.alias-check",
        &[
            "evidence.alias-check",
            "evidence.tcb-floor",
            "evidence.crl-not-checked",
            "evidence.azure-quote-missing",
        ],
    ),
    // The quote of another machine; without the findings of version 2 it is refused for that.
    Row(
        &["TRUSTEE/hcl-report.bin", "TRUSTEE/vcek.pem", "KINVOLK/quote.bin"],
        "2024-01-01T00:00:00Z",
        "evidence.alias-check",
        &["evidence.azure-quote-signature"],
    ),
    // Certificates of another generation, of another chip, and none.
    refused(&["TRUSTEE/evidence-genoa.json", "TRUSTEE/vcek.pem"], "evidence.product"),
    refused(&["KINVOLK/hcl-report-snp.bin", "KINVOLK/certs.pem"], "evidence.chip-id"),
    refused(&["TRUSTEE/hcl-report.bin"], "evidence.malformed"),
    // Machines with TDX.
    refused(&["KINVOLK/hcl-report-tdx.bin", "KINVOLK/certs.pem"], "evidence.azure-report-type"),
    refused(&["TDX/evidence-v0.json"], "evidence.azure-report-type"),
    refused(&["TDX/evidence-v1.json"], "evidence.azure-report-type"),
    // A quote alone, and one without PCR values.
    refused(&["TRUSTEE/quote.bin", "TRUSTEE/vcek.pem"], "evidence.malformed"),
    refused(&["TRUSTEE/tpm-quote-v1.json", "TRUSTEE/vcek.pem"], "evidence.malformed"),
    refused(
        &["TRUSTEE/hcl-report.bin", "TRUSTEE/vcek.pem", "TRUSTEE/tpm-quote.msg"],
        "evidence.malformed",
    ),
];

const CURRENT: &[&str] = &["evidence.crl-not-checked"];
const VERSION_2: &[&str] =
    &["evidence.alias-check", "evidence.tcb-floor", "evidence.crl-not-checked"];

/// Refused whatever the profile.
const fn refused(files: &'static [&'static str], reason: &'static str) -> Row {
    Row(files, "2026-01-01T00:00:00Z", reason, &[])
}

pub(super) fn published(short: &str) -> Option<Vec<u8>> {
    vector(&path(short))
}

/// Paths of all files in the table.
pub(crate) fn files() -> impl Iterator<Item = String> {
    ROWS.iter().flat_map(|row| row.0).map(|short| path(short))
}

/// `RS/file` as a path below the folder of vectors.
pub(super) fn path(short: &str) -> String {
    const TRUSTEE: &str = "confidential-containers+trustee/deps/verifier/test_data";
    const RS: &str = "confidential-dot-ai+attestation-rs/crates/attestation/test_data";
    short
        .replace("TRUSTEE", &format!("{TRUSTEE}/az-snp-vtpm"))
        .replace("TDX", &format!("{TRUSTEE}/az-tdx-vtpm"))
        .replace("RSC/", &format!("{RS}/collateral/"))
        .replace("RS-", &format!("{RS}/az_tdx"))
        .replace("RS/", &format!("{RS}/az_snp/"))
        .replace("KINVOLK", "kinvolk+azure-cvm-tooling/az-cvm-vtpm/test")
}

fn inspected(row: &Row, profile: Profile) -> Option<Result<Inspected, EvidenceError>> {
    let mut input = None;
    let (mut quotes, mut certificates) = (Vec::new(), Vec::new());
    for path in row.0 {
        let bytes = published(path)?;
        match path {
            _ if input.is_none() => input = Some(bytes),
            path if path.contains("quote") => quotes.push(bytes),
            _ => certificates.push(bytes),
        }
    }
    let quotes: Vec<_> = quotes.iter().map(Vec::as_slice).collect();
    let certificates: Vec<_> = certificates.iter().map(Vec::as_slice).collect();
    let floors = TcbFloors::published().unwrap();
    Some(
        read_evidence(&input?, &certificates, &quotes).and_then(|evidence| {
            inspect(&evidence, &floors, profile, &Roots::amd(), &[], time(row.1))
        }),
    )
}

fn warnings(answer: Result<Inspected, EvidenceError>) -> Vec<&'static str> {
    match answer {
        Ok(inspected) => {
            assert_eq!(inspected.snp().platform.trust(), Trust::Hardware);
            assert_eq!(inspected.snp().vmpl, 0);
            inspected.warnings().iter().map(|warning| warning.reason()).collect()
        }
        Err(error) => vec![error.reason()],
    }
}

#[test]
fn published_evidence_has_its_verdicts() {
    let mut skipped = 0;
    for row in ROWS {
        let (Some(production), Some(archive)) =
            (inspected(row, Profile::Production), inspected(row, Profile::Archive))
        else {
            skipped += 1;
            continue;
        };
        let expected_archive = if row.3.is_empty() { vec![row.2] } else { row.3.to_vec() };
        let expected_production = if row.2 == "authentic" { row.3.to_vec() } else { vec![row.2] };
        assert_eq!(production.is_ok(), row.2 == "authentic", "{:?}", row.0);
        assert_eq!(warnings(production), expected_production, "{:?}", row.0);
        assert_eq!(warnings(archive), expected_archive, "{:?}", row.0);
    }
    println!("{} rows, {skipped} skipped", ROWS.len());
}

#[test]
fn nonces_and_values_are_claims() {
    let Some(file) = published("TRUSTEE/evidence-v2.json") else { return };
    let evidence = read_evidence(&file, &[], &[]).unwrap();
    let floors = TcbFloors::published().unwrap();
    let at = time("2026-01-01T00:00:00Z");
    let inspected =
        inspect(&evidence, &floors, Profile::Production, &Roots::amd(), &[], at).unwrap();
    let claims = serde_json::to_value(&inspected).unwrap();
    let nonce = "982f5c6e45df0ed3f10b6f60b02f0c8390e281300f3805e2279c16168cd6ae9a\
                 a398f647caa2338748cd0fd9f5f819ef";
    assert_eq!(claims["vtpm"]["nonce"], nonce);
    assert_eq!(claims["vtpm"]["pcrs"].as_array().unwrap().len(), 24);
    assert_eq!(claims["vtpm"]["clock"]["safe"], true);
    // The guest had the HCL put the same value into the hardware's report.
    let user_data = claims["runtime"]["user-data"].as_str().unwrap().to_lowercase();
    assert_eq!(user_data.trim_end_matches('0'), nonce);
    assert_eq!(claims["runtime"]["vm-configuration"]["secure-boot"], true);
    assert_eq!(claims["vmpl"], 0);
}

#[test]
fn the_documented_table_is_this_one() {
    let documented = include_str!("../../../../../docs/evidence-azure.md");
    for Row(files, at, production, archive) in ROWS {
        let files: Vec<_> = files.iter().map(|file| format!("`{file}`")).collect();
        let archive = if archive.is_empty() { vec![*production] } else { archive.to_vec() };
        let codes = format!("{production} | {}", archive.join(", ")).replace("evidence.", "");
        let line = format!("| {} | {at} | {codes} |", files.join(", "));
        assert!(documented.contains(&line), "{line}");
    }
}
