//! Published quotes: the file, the collateral, the time, and the verdict that they should have.

use domain::Reason as _;
use domain::claims::Trust;
use evidence::EvidenceError;
use evidence::intel::{Collateral, Inspected, Profile, Root, TcbPolicy, Tee, inspect, read_quote};

use crate::support::{time, vector};

/// One quote at one time.
pub(crate) struct Row {
    pub(crate) quote: &'static str,
    pub(crate) tee: Tee,
    pub(crate) collateral: &'static [&'static str],
    pub(crate) at: &'static str,
    /// Production: "authentic", or the reason of the refusal.
    pub(crate) production: &'static str,
    /// Intel's status, where the collateral has one for the platform.
    pub(crate) status: &'static str,
    /// Archive: the warnings in order, or the one reason of the refusal.
    pub(crate) archive: &'static [&'static str],
}

const PHALA: &str = "Phala-Network+dcap-qvl";
const AUTOMATA: &str = "automata-network+dcap-rs/data";
const GOOGLE: &str = "google+go-tdx-guest/testing/testdata";
const TRUSTEE: &str = "confidential-containers+trustee/deps/verifier/test_data";
const RS: &str = "confidential-dot-ai+attestation-rs/crates/attestation/test_data";
const INTEL: &str = "intel+SGX-TDX-DCAP-QuoteVerificationLibrary/Src/AttestationApp/sampleData";

/// `GOOGLE/file` as a path below the folder of vectors.
pub(crate) fn path(short: &str) -> String {
    let (folder, file) = short.split_once('/').unwrap();
    let folder = match folder {
        "PHALA" => PHALA,
        "AUTOMATA" => AUTOMATA,
        "GOOGLE" => GOOGLE,
        "TRUSTEE" => TRUSTEE,
        "RS" => RS,
        "INTEL" => INTEL,
        other => panic!("{other}"),
    };
    format!("{folder}/{file}")
}

const PHALA_SGX: &[&str] = &["PHALA/sample/sgx_quote_collateral.json"];
const PHALA_TDX: &[&str] = &["PHALA/sample/tdx_quote_collateral.json"];
const PHALA_OLD: &[&str] = &["PHALA/sample/tdx_quote_outdated_collateral.json"];
const PHALA_NEAR: &[&str] =
    &["PHALA/tests/near/contracts/gas-test/tests/quote/quote_collateral.json"];
const AUTOMATA_TDX: &[&str] = &[
    "AUTOMATA/tcbinfov3_00806f050000.json",
    "AUTOMATA/qeidentityv2_apiv4.json",
    "AUTOMATA/tcb_signing_cert.pem",
    "AUTOMATA/intel_root_ca_crl.der",
    "AUTOMATA/pck_platform_crl.der",
];
const AUTOMATA_SGX: &[&str] = &[
    "AUTOMATA/pck_platform_crl.der",
    "AUTOMATA/intel_root_ca_crl.der",
    "AUTOMATA/qeidentityv2.json",
    "AUTOMATA/tcbinfov2.json",
    "AUTOMATA/signing_cert.pem",
];
const GOOGLE_2023: &[&str] = &[
    "GOOGLE/sample_tcbInfo_response",
    "GOOGLE/sample_qeIdentity_response",
    "GOOGLE/rootcrl.der",
    "GOOGLE/pckcrl",
];
const GOOGLE_V5: &[&str] = &["GOOGLE/sample_tcbinfo_response_v5"];
const RS_2026: &[&str] = &[
    "RS/collateral/tcb_info_50806f000000.json",
    "RS/collateral/tcb_info_90c06f000000.json",
    "RS/collateral/td_qe_identity.json",
    "RS/collateral/tcb_signing_chain.pem",
    "RS/collateral/qe_identity_signing_chain.pem",
    "RS/collateral/root_ca_crl.der",
    "RS/collateral/pck_crl_platform.der",
];
const TRUSTEE_2025: &[&str] = &["TRUSTEE/tcbInfo.json", "TRUSTEE/enclaveIdentity.json"];
const INTEL_SGX: &[&str] = &[
    "INTEL/tcbInfo.json",
    "INTEL/qeIdentity.json",
    "INTEL/tcbSignChain.pem",
    "INTEL/pckSignChain.pem",
    "INTEL/pckCert.pem",
    "INTEL/rootCaCrl.pem",
    "INTEL/intermediateCaCrl.der",
];
const INTEL_TDX: &[&str] = &[
    "INTEL/tdx/tcbInfo.json",
    "INTEL/tdx/qeIdentity.json",
    "INTEL/tdx/tcbSignChain.pem",
    "INTEL/tdx/rootCaCrl.der",
    "INTEL/tdx/intermediateCaCrl.der",
];

#[rustfmt::skip] // one row, one line
pub(crate) fn rows() -> Vec<Row> {
    let row = |quote, tee, collateral, at, production, status, archive| Row {
        quote,
        tee,
        collateral,
        at,
        production,
        status,
        archive,
    };
    vec![
        row("PHALA/sample/tdx_quote", Tee::Tdx, PHALA_TDX, "2025-07-19T10:16:02Z", "authentic", "UpToDate", &["evidence.crl-stale"]),
        row("PHALA/sample/tdx_quote", Tee::Tdx, PHALA_TDX, "2025-07-19T10:16:04Z", "evidence.collateral-stale", "UpToDate", &["evidence.collateral-stale", "evidence.crl-stale"]),
        row("PHALA/sample/tdx_quote", Tee::Tdx, PHALA_TDX, "2025-06-19T10:00:00Z", "evidence.collateral-not-yet-valid", "UpToDate", &["evidence.collateral-not-yet-valid", "evidence.collateral-not-yet-valid", "evidence.crl-stale"]),
        row("PHALA/sample/tdx_quote", Tee::Tdx, &[], "2025-07-01T00:00:00Z", "authentic", "-", &["evidence.collateral-missing", "evidence.collateral-missing", "evidence.crl-not-checked"]),
        row("PHALA/sample/tdx_quote", Tee::Sgx, PHALA_TDX, "2025-07-01T00:00:00Z", "evidence.tee-type", "-", &["evidence.tee-type"]),
        row("PHALA/sample/tdx_quote", Tee::Tdx, PHALA_SGX, "2025-07-01T00:00:00Z", "evidence.collateral-mismatch", "-", &["evidence.collateral-mismatch"]),
        row("PHALA/sample/tdx_quote", Tee::Tdx, RS_2026, "2026-03-20T00:00:00Z", "evidence.collateral-mismatch", "-", &["evidence.collateral-mismatch"]),
        row("PHALA/sample/quote-from-tappd.hex", Tee::Tdx, PHALA_TDX, "2025-07-01T00:00:00Z", "evidence.tcb-level", "-", &["evidence.tcb-level"]),
        row("PHALA/sample/tdx-quote.hex", Tee::Tdx, PHALA_TDX, "2025-07-01T00:00:00Z", "evidence.tcb-level", "-", &["evidence.tcb-level"]),
        row("PHALA/sample/sgx_quote", Tee::Sgx, PHALA_SGX, "2025-07-01T00:00:00Z", "evidence.tcb-configuration-and-sw-hardening-needed", "ConfigurationAndSWHardeningNeeded", &["evidence.tcb-configuration-and-sw-hardening-needed"]),
        row("PHALA/sample/sgx_quote", Tee::Sgx, &[], "2025-07-01T00:00:00Z", "authentic", "-", &["evidence.collateral-missing", "evidence.collateral-missing", "evidence.crl-not-checked"]),
        row("PHALA/sample/tdx_quote_outdated", Tee::Tdx, PHALA_OLD, "2026-03-01T00:00:00Z", "evidence.tcb-level", "-", &["evidence.tcb-level"]),
        row("PHALA/sample/tdx_quote_outdated", Tee::Tdx, RS_2026, "2026-03-20T00:00:00Z", "evidence.tcb-level", "-", &["evidence.tcb-level"]),
        row("PHALA/tests/near/contracts/gas-test/tests/quote/quote_hex.txt", Tee::Tdx, PHALA_NEAR, "2025-09-15T00:00:00Z", "authentic", "UpToDate", &[]),
        row("AUTOMATA/quote_tdx_00806f050000.dat", Tee::Tdx, AUTOMATA_TDX, "2025-03-01T00:00:00Z", "evidence.tcb-out-of-date", "OutOfDate", &["evidence.tcb-out-of-date"]),
        row("TRUSTEE/occlum_quote.dat", Tee::Sgx, AUTOMATA_SGX, "2025-03-01T00:00:00Z", "evidence.debug-enabled", "OutOfDate", &["evidence.debug-enabled", "evidence.tcb-out-of-date"]),
        row("TRUSTEE/tdx_quote_4.dat", Tee::Tdx, GOOGLE_2023, "2023-07-01T00:00:00Z", "evidence.debug-enabled", "UpToDate", &["evidence.debug-enabled", "evidence.tcb-evaluation"]),
        row("TRUSTEE/tdx_quote_4.dat", Tee::Tdx, RS_2026, "2026-03-20T00:00:00Z", "evidence.debug-enabled", "OutOfDate", &["evidence.debug-enabled", "evidence.tcb-out-of-date"]),
        row("RS/tdx_quote_4.dat", Tee::Tdx, GOOGLE_2023, "2023-07-01T00:00:00Z", "evidence.debug-enabled", "UpToDate", &["evidence.debug-enabled", "evidence.tcb-evaluation"]),
        row("TRUSTEE/tdx_quote_5.dat", Tee::Tdx, RS_2026, "2026-03-20T00:00:00Z", "evidence.tcb-level", "-", &["evidence.tcb-level", "evidence.td-service"]),
        row("TRUSTEE/tdx_quote_5.dat", Tee::Tdx, &[], "2026-03-20T00:00:00Z", "evidence.td-service", "-", &["evidence.td-service", "evidence.collateral-missing", "evidence.collateral-missing", "evidence.crl-not-checked"]),
        row("RS/tdx_quote_5.dat", Tee::Tdx, &[], "2026-03-20T00:00:00Z", "evidence.td-service", "-", &["evidence.td-service", "evidence.collateral-missing", "evidence.collateral-missing", "evidence.crl-not-checked"]),
        row("TRUSTEE/tdx_quote_6.dat", Tee::Tdx, TRUSTEE_2025, "2025-11-01T00:00:00Z", "evidence.tcb-out-of-date", "OutOfDate", &["evidence.tcb-out-of-date", "evidence.crl-not-checked"]),
        row("TRUSTEE/az-tdx-vtpm/evidence-v0.json", Tee::Tdx, AUTOMATA_TDX, "2025-03-01T00:00:00Z", "evidence.tcb-out-of-date", "OutOfDate", &["evidence.tcb-out-of-date", "evidence.td-sept-ve-disable"]),
        row("TRUSTEE/az-tdx-vtpm/evidence-v1.json", Tee::Tdx, AUTOMATA_TDX, "2025-03-01T00:00:00Z", "evidence.tcb-out-of-date", "OutOfDate", &["evidence.tcb-out-of-date", "evidence.td-sept-ve-disable"]),
        row("TRUSTEE/az-tdx-vtpm/td-quote.bin", Tee::Tdx, AUTOMATA_TDX, "2025-03-01T00:00:00Z", "evidence.tcb-out-of-date", "OutOfDate", &["evidence.tcb-out-of-date", "evidence.td-sept-ve-disable"]),
        row("RS/tdx_quote_live.dat", Tee::Tdx, PHALA_TDX, "2025-07-01T00:00:00Z", "evidence.not-yet-valid", "UpToDate", &["evidence.not-yet-valid"]),
        row("RS/tdx_quote_live.dat", Tee::Tdx, PHALA_TDX, "2026-06-01T00:00:00Z", "evidence.collateral-stale", "UpToDate", &["evidence.collateral-stale", "evidence.collateral-stale", "evidence.crl-stale"]),
        row("RS/tdx_quote_live.dat", Tee::Tdx, &[], "2026-06-01T00:00:00Z", "authentic", "-", &["evidence.collateral-missing", "evidence.collateral-missing", "evidence.crl-not-checked"]),
        row("RS/az_tdx/live-evidence.json", Tee::Tdx, RS_2026, "2026-03-20T00:00:00Z", "authentic", "UpToDate", &[]),
        row("RS/az_tdx/evidence-v1.json", Tee::Tdx, AUTOMATA_TDX, "2025-03-01T00:00:00Z", "evidence.tcb-out-of-date", "OutOfDate", &["evidence.tcb-out-of-date", "evidence.td-sept-ve-disable"]),
        row("RS/az_tdx/td-quote.bin", Tee::Tdx, AUTOMATA_TDX, "2025-03-01T00:00:00Z", "evidence.tcb-out-of-date", "OutOfDate", &["evidence.tcb-out-of-date", "evidence.td-sept-ve-disable"]),
        row("GOOGLE/quote_v5_sample.dat", Tee::Tdx, &[], "2026-02-03T01:00:00Z", "authentic", "-", &["evidence.collateral-missing", "evidence.collateral-missing", "evidence.crl-not-checked"]),
        row("GOOGLE/quote_v5_sample.dat", Tee::Tdx, GOOGLE_V5, "2026-02-03T01:00:00Z", "authentic", "UpToDate", &["evidence.collateral-missing", "evidence.crl-not-checked"]),
        row("GOOGLE/quote_v5_sample.dat", Tee::Tdx, RS_2026, "2026-03-20T00:00:00Z", "authentic", "UpToDate", &[]),
        row("GOOGLE/quote_v5_sample.dat", Tee::Tdx, PHALA_OLD, "2026-03-01T00:00:00Z", "authentic", "UpToDate", &[]),
        row("GOOGLE/tdx_prod_quote_SPR_E4.dat", Tee::Tdx, GOOGLE_2023, "2023-07-01T01:00:00Z", "evidence.tcb-level", "-", &["evidence.tcb-level", "evidence.td-sept-ve-disable", "evidence.trailing-bytes"]),
        row("GOOGLE/tdx_prod_quote_SPR_E4.dat", Tee::Tdx, GOOGLE_2023, "2053-07-01T01:00:00Z", "evidence.expired", "-", &["evidence.expired", "evidence.collateral-stale", "evidence.collateral-stale", "evidence.tcb-level", "evidence.td-sept-ve-disable", "evidence.trailing-bytes", "evidence.crl-stale"]),
        row("GOOGLE/tdx_prod_quote_SPR_E4.dat", Tee::Tdx, &[], "2023-07-01T01:00:00Z", "evidence.td-sept-ve-disable", "-", &["evidence.td-sept-ve-disable", "evidence.trailing-bytes", "evidence.collateral-missing", "evidence.collateral-missing", "evidence.crl-not-checked"]),
        row("GOOGLE/tdx_prod_quote_SPR_E4.dat", Tee::Tdx, RS_2026, "2026-03-20T00:00:00Z", "evidence.tcb-level", "-", &["evidence.tcb-level", "evidence.td-sept-ve-disable", "evidence.trailing-bytes"]),
        row("GOOGLE/ccel/cos-113-tdx-quote.dat", Tee::Tdx, AUTOMATA_TDX, "2025-03-01T00:00:00Z", "authentic", "UpToDate", &[]),
        row("INTEL/quote.dat", Tee::Sgx, INTEL_SGX, "2024-01-01T00:00:00Z", "evidence.chain", "-", &["evidence.chain"]),
        row("INTEL/tdx/quote.dat", Tee::Tdx, INTEL_TDX, "2024-01-01T00:00:00Z", "evidence.malformed", "-", &["evidence.malformed"]),
    ]
}

/// Paths of all files in the table.
pub(crate) fn files() -> impl Iterator<Item = String> {
    rows().into_iter().flat_map(|row| [&[row.quote], row.collateral].concat()).map(path)
}

pub(crate) fn inspection(row: &Row, profile: Profile) -> Result<Inspected, EvidenceError> {
    let quote = read_quote(&vector(&path(row.quote)).unwrap())?;
    let files: Vec<_> = row.collateral.iter().filter_map(|short| vector(&path(short))).collect();
    let collateral = Collateral::read(files.iter().map(Vec::as_slice))?;
    let (policy, root) = (TcbPolicy::published().unwrap(), Root::intel().unwrap());
    inspect(&quote, row.tee, &collateral, &policy, profile, &root, time(row.at))
}

#[test]
fn published_quotes_have_their_verdicts() {
    if vector("MANIFEST.md").is_none() {
        return;
    }
    let mut wrong = false;
    for row in rows() {
        let name = format!("{} at {}", row.quote, row.at);
        let production = match inspection(&row, Profile::Production) {
            Ok(_) => "authentic",
            Err(error) => error.reason(),
        };
        let (archive, status) = match inspection(&row, Profile::Archive) {
            Ok(inspected) => {
                assert_eq!(inspected.platform().trust, Trust::Hardware);
                let status = inspected.tcb().map_or("-", |tcb| tcb.status.name());
                let warnings = inspected.warnings().iter();
                (warnings.map(|warning| warning.reason()).collect(), status)
            }
            Err(error) => (vec![error.reason()], "-"),
        };
        println!("{name}: {production} {status} {archive:?}");
        wrong |=
            (production, status, archive.as_slice()) != (row.production, row.status, row.archive);
    }
    assert!(!wrong, "a row differs from what was printed above");
}
