//! Real reports of real machines, as other projects publish them.

use domain::Reason as _;
use domain::claims::{SigningKey, Trust};
use evidence::snp::{Profile, Roots, TcbFloors, inspect, read_evidence};

use crate::support::{time, vector};

const TRUSTEE: &str = "confidential-containers+trustee/deps/verifier/test_data/snp";
const RS: &str = "confidential-dot-ai+attestation-rs/crates/attestation/test_data";

/// File, certificates, time, and the answers under [`Profile::Production`] and
/// [`Profile::Archive`]: a reason, or the warnings.
struct Row {
    report: String,
    certificates: Vec<String>,
    at: &'static str,
    production: &'static str,
    archive: &'static [&'static str],
}

fn row(
    report: &str,
    certificates: &[&str],
    at: &'static str,
    production: &'static str,
    archive: &'static [&'static str],
) -> Row {
    let full = |path: &str| path.replace("TRUSTEE", TRUSTEE).replace("RS/", &format!("{RS}/"));
    Row {
        report: full(report),
        certificates: certificates.iter().map(|path| full(path)).collect(),
        at,
        production,
        archive,
    }
}

fn rows() -> Vec<Row> {
    const MILAN_2: &str = "evidence.alias-check";
    const OLD: &[&str] =
        &["evidence.alias-check", "evidence.tcb-floor", "evidence.crl-not-checked"];
    const GOOGLE: &str = "google+go-sev-guest/verify/testdata";
    let google = |name: &str| format!("{GOOGLE}/{name}");
    vec![
        row(
            "RS/snp/live-report-v5-genoa.bin",
            &["RS/snp/live-vcek-genoa.der"],
            "2026-06-01T00:00:00Z",
            "authentic",
            &["evidence.crl-not-checked"],
        ),
        row(
            "RS/snp/live-report-v5-genoa.bin",
            &["RS/snp/live-vcek-genoa.der"],
            "2026-02-17T00:00:00Z",
            "evidence.not-yet-valid",
            &["evidence.not-yet-valid", "evidence.crl-not-checked"],
        ),
        row(
            "RS/snp/live-report-v5-genoa.bin",
            &["RS/snp/live-vcek-genoa.der"],
            "2033-03-01T00:00:00Z",
            "evidence.expired",
            &["evidence.expired", "evidence.crl-not-checked"],
        ),
        row(
            "confidential-containers+trustee/attestation-service/tests/e2e/evidence.json",
            &[],
            "2026-06-01T00:00:00Z",
            "authentic",
            &["evidence.crl-not-checked"],
        ),
        row(
            "TRUSTEE/test-report.bin",
            &["TRUSTEE/test-vcek.der"],
            "2023-06-01T00:00:00Z",
            MILAN_2,
            OLD,
        ),
        row(
            "virtee+sev/tests/certs_data/report_milan.hex",
            &[
                "virtee+sev/tests/certs_data/vcek_milan.der",
                "virtee+sev/tests/certs_data/cert_chain_milan",
            ],
            "2024-01-01T00:00:00Z",
            MILAN_2,
            OLD,
        ),
        row(
            &google("attestation.bin"),
            &[&google("vcek.testcer")],
            "2022-09-24T01:00:00Z",
            "evidence.debug-enabled",
            &[
                "evidence.debug-enabled",
                "evidence.alias-check",
                "evidence.tcb-floor",
                "evidence.crl-not-checked",
            ],
        ),
        row(
            "TRUSTEE/test-vlek-report.bin",
            &[
                "TRUSTEE/test-vlek.der",
                "confidential-containers+trustee/deps/verifier/src/snp/milan_ask_ark_asvk.pem",
            ],
            "2025-06-01T00:00:00Z",
            "evidence.vmpl",
            &["evidence.vmpl", "evidence.tcb-floor", "evidence.crl-not-checked"],
        ),
        row(
            "TRUSTEE/test-vlek-report.bin",
            &["TRUSTEE/test-vlek.der"],
            "2026-06-01T00:00:00Z",
            "evidence.expired",
            &[
                "evidence.expired",
                "evidence.vmpl",
                "evidence.tcb-floor",
                "evidence.crl-not-checked",
            ],
        ),
        // The certificate of another chip.
        row(
            "TRUSTEE/test-report.bin",
            &["virtee+sev/tests/certs_data/vcek_milan.der"],
            "2024-01-01T00:00:00Z",
            "evidence.chip-id",
            &["evidence.chip-id"],
        ),
        // Certificates that AMD did not sign so.
        row(
            "TRUSTEE/test-report.bin",
            &["TRUSTEE/test-vcek-invalid-legacy.der"],
            "2024-01-01T00:00:00Z",
            "evidence.chain",
            &["evidence.chain"],
        ),
        row(
            "TRUSTEE/test-report.bin",
            &["TRUSTEE/test-vcek-invalid-new.der"],
            "2024-01-01T00:00:00Z",
            "evidence.chain",
            &["evidence.chain"],
        ),
        // The certificate of another generation.
        row(
            "TRUSTEE/test-report.bin",
            &["RS/snp/live-vcek-genoa.der"],
            "2026-06-01T00:00:00Z",
            "evidence.chip-id",
            &["evidence.chip-id"],
        ),
        row(
            "RS/snp/live-report-v5-genoa.bin",
            &["TRUSTEE/test-vcek.der"],
            "2026-06-01T00:00:00Z",
            "evidence.product",
            &["evidence.product"],
        ),
        // A chip's key does not sign what says it was signed by a provider's.
        row(
            "TRUSTEE/test-vlek-report.bin",
            &["TRUSTEE/test-vcek.der"],
            "2025-06-01T00:00:00Z",
            "evidence.signing-key",
            &["evidence.signing-key"],
        ),
        row(
            "LIT-Protocol+sev-snp-utils/resources/test/guest_report_corrupt.bin",
            &["TRUSTEE/test-vcek.der"],
            "2024-01-01T00:00:00Z",
            "evidence.malformed",
            &["evidence.malformed"],
        ),
        row(
            "LIT-Protocol+sev-snp-utils/resources/test/guest_report_bad_sig.bin",
            &["TRUSTEE/test-vcek.der"],
            "2024-01-01T00:00:00Z",
            "evidence.malformed",
            &["evidence.malformed"],
        ),
        row(
            "ultravioletrs+cocos/attestation.bin",
            &["TRUSTEE/test-vcek.der"],
            "2024-01-01T00:00:00Z",
            "evidence.malformed",
            &["evidence.malformed"],
        ),
    ]
}

fn answers(row: &Row, profile: Profile) -> Vec<&'static str> {
    let report = vector(&row.report).unwrap();
    let files: Vec<_> = row.certificates.iter().filter_map(|path| vector(path)).collect();
    let files: Vec<_> = files.iter().map(Vec::as_slice).collect();
    let floors = TcbFloors::published().unwrap();
    let inspected = read_evidence(&report, &files).and_then(|evidence| {
        inspect(&evidence, &floors, profile, &Roots::amd(), &[], time(row.at))
    });
    match inspected {
        Ok(inspected) => {
            assert_eq!(inspected.claims().platform.trust(), Trust::Hardware);
            inspected.warnings().iter().map(|warning| warning.reason()).collect()
        }
        Err(error) => vec![error.reason()],
    }
}

#[test]
fn published_reports_have_their_verdicts() {
    if vector("MANIFEST.md").is_none() {
        return;
    }
    for row in rows() {
        let production = match row.production {
            "authentic" => vec!["evidence.crl-not-checked"],
            reason => vec![reason],
        };
        assert_eq!(answers(&row, Profile::Production), production, "{}", row.report);
        assert_eq!(answers(&row, Profile::Archive), row.archive, "{}", row.report);
    }
}

#[test]
fn a_providers_key_is_told_apart() {
    let Some(report) = vector(&format!("{TRUSTEE}/test-vlek-report.bin")) else { return };
    let vlek = vector(&format!("{TRUSTEE}/test-vlek.der")).unwrap();
    let evidence = read_evidence(&report, &[&vlek]).unwrap();
    let floors = TcbFloors::published().unwrap();
    let at = time("2025-06-01T00:00:00Z");
    let inspected = inspect(&evidence, &floors, Profile::Archive, &Roots::amd(), &[], at).unwrap();
    assert_eq!(inspected.claims().signing_key, SigningKey::Vlek);
}

/// An intermediate of another generation, and an intermediate given as a root.
#[test]
fn chains_of_other_generations_do_not_hold() {
    let Some(report) = vector(&format!("{TRUSTEE}/test-report.bin")) else { return };
    let vcek = vector(&format!("{TRUSTEE}/test-vcek.der")).unwrap();
    let genoa = vector(&format!("{RS}/../certs/amd/genoa/ask.der")).unwrap();
    let mut evidence = read_evidence(&report, &[&vcek]).unwrap();
    evidence.ask = genoa;
    let floors = TcbFloors::published().unwrap();
    let at = time("2024-01-01T00:00:00Z");
    let answer = inspect(&evidence, &floors, Profile::Archive, &Roots::amd(), &[], at);
    assert_eq!(answer.unwrap_err().reason(), "evidence.chain");
}
