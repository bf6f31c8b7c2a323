//! Every published vector has a verdict in one of the tables, or a reason why it has none.

use std::collections::BTreeSet;

use crate::support::vector;
use crate::{azure, intel, nvidia_vectors, snp};

/// Parts of paths, and why those files are no evidence. A file in a table needs no row here.
const NO_EVIDENCE: &[(&str, &str)] = &[
    ("/sev-snp-utils/resources/test/snp_derived_key_msg_resp.bin", "a derived key"),
    ("/sev-snp-utils/resources/test/identity/", "an ID block and its authentication"),
    ("NVIDIA/nvtrust/guest_tools/attestation_sdk/tests/pytests/data/", "claims of a service"),
    ("/dcap-qvl/src/TrustedRootCA.der", "Intel's root"),
    ("/dcap-qvl/tests/snapshots/", "text of a parsed quote of the table"),
    ("/dcap-rs/data/Intel_SGX_Provisioning_Certification_RootCA", "Intel's root"),
    ("/dcap-rs/data/identityv2_", "collateral of no published quote"),
    ("/dcap-rs/data/tcb_info_v3_tdx_", "collateral of no published quote"),
    ("/dcap-rs/data/pck_certchain.pem", "certificates of no published quote"),
    ("/attester/test/tdx_report_1.bin", "a TDREPORT: means something on its own machine only"),
    ("/attestation-service/docs/example.token.json", "claims of a verifier"),
    ("/attestation-service/tests/fixtures/jwk/", "keys of tokens"),
    ("/kbs/test_data/jwk/", "keys of tokens"),
    ("CCEL", "an event log"),
    ("ccel", "an event log"),
    ("/cca", "Arm CCA: another platform"),
    ("csv_evidence.json", "Hygon CSV: another platform"),
    ("tpm_evidence.json", "a TPM without confidential hardware: another platform"),
    ("parse_tdx_claims_expected.json", "claims of a verifier"),
    ("/src/snp/", "AMD's roots and intermediates"),
    ("/certs/amd/", "AMD's roots and intermediates"),
    ("/verify/trust/", "AMD's roots and intermediates"),
    ("/src/certs/snp/builtin/", "AMD's roots and intermediates"),
    ("az-tdx-vtpm/quote.bin", "a TPM quote, the same as its JSON form in the table"),
    ("az_tdx/tpm-quote-v1.json", "a TPM quote, the same as its other form in the table"),
    ("az_snp/tpm-quote.", "a TPM quote without PCR values"),
    ("az-snp-vtpm/tpm-quote.sig", "the signature of a TPM quote"),
    ("tdx_tdreport_live.bin", "a TDREPORT: means something on its own machine only"),
    ("/testdata/report.dat", "a TDREPORT: means something on its own machine only"),
    ("/verify/trusted_root.pem", "Intel's root"),
    ("/sampleData/", "collateral, or Intel's samples under a root of their own"),
    ("/az-cvm-vtpm/test/akpub.pem", "a TPM's public key"),
    ("/az-cvm-vtpm/test/var-data.bin", "runtime claims without the report"),
    ("virtee/kbs-types/testdata/", "SEV before SNP: no attestation report"),
    ("_suffix.bin", "firmware, for launch digests"),
    ("virtee/sev/tests/measurement/", "parts of launch digests and ID blocks"),
];

#[test]
fn every_vector_has_a_verdict_or_a_reason() {
    let Some(manifest) = vector("MANIFEST.md") else { return };
    let manifest = String::from_utf8(manifest).unwrap();
    let (_, list) = manifest.split_once("## All files").unwrap();
    let judged = judged();
    let (mut files, mut in_tables, mut unused) = (0, 0, NO_EVIDENCE.iter().collect::<Vec<_>>());
    for line in list.lines().filter(|line| line.starts_with("| ")).skip(1) {
        let [_, file, source, ..] = line.split('|').map(str::trim).collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        files += 1;
        if judged.contains(&format!("{}/{file}", source.replace('/', "+"))) {
            in_tables += 1;
            continue;
        }
        let path = format!("/{source}/{file}");
        assert!(NO_EVIDENCE.iter().any(|(part, _)| path.contains(part)), "no verdict: {path}");
        unused.retain(|(part, _)| !path.contains(part));
    }
    println!("{files} files, {in_tables} of them in tables of verdicts");
    assert!(unused.is_empty(), "for no file: {unused:?}");
}

/// All files of all tables, certificates and collateral included.
fn judged() -> BTreeSet<String> {
    let mut files = BTreeSet::new();
    files.extend(snp::vectors::files());
    files.extend(intel::vectors::files());
    files.extend(azure::published::files());
    files.extend(azure::tdx::files());
    files.extend(nvidia_vectors::files_of_all_rows());
    files
}
