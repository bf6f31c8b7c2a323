//! NVIDIA evidence as NVIDIA and others publish it.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Reason as _;
use evidence::EvidenceError;
use evidence::nvidia::{Profile, Roots, inspect_all, read_evidence};

use crate::support::{time, vectors};

/// A vector, if it is there: in the folder of vectors, or in one of the same layout that the
/// environment names, for files of repositories that the folder does not have.
fn published(path: &str) -> Option<Vec<u8>> {
    let more = std::env::var_os("CLOISTER_MORE_VECTORS").map(PathBuf::from);
    let bytes =
        vectors().into_iter().chain(more).find_map(|at| std::fs::read(at.join(path)).ok())?;
    if path.ends_with(".b64") { Some(STANDARD.decode(bytes).unwrap()) } else { Some(bytes) }
}

/// Report and certificates, reference manifests, time, and the answers under
/// [`Profile::Production`] and [`Profile::Archive`]: warnings, of several devices the last one's, or
/// `refused` and the reason, both without `evidence.`.
type Row = (&'static str, &'static str, &'static [&'static str], &'static str, [&'static str; 2]);

const THEN: &str = "2025-06-01T00:00:00Z";
const NOW: &str = "2026-11-20T00:00:00Z";
const NOT_COMPARED: [&str; 2] = ["gpu-rim-missing crl-not-checked"; 2];
const OLD_DRIVER: [&str; 2] = ["gpu-fwid-missing gpu-rim-missing crl-not-checked"; 2];
const SWITCH_TWICE: [&str; 2] =
    ["gpu-fwid-missing gpu-rim-missing crl-not-checked gpu-duplicate"; 2];
const SIGNATURE: [&str; 2] = ["refused signature"; 2];
const CHAIN: [&str; 2] = ["refused chain"; 2];
const RIM_SIGNATURE: [&str; 2] = ["refused gpu-rim-signature"; 2];
const RIM_VERSION: [&str; 2] = ["refused gpu-rim-version"; 2];
const RIM_CHAIN: [&str; 2] = ["refused gpu-rim-chain"; 2];
const MEASUREMENT: [&str; 2] = ["refused gpu-measurement"; 2];
const MALFORMED: [&str; 2] = ["refused malformed"; 2];

const REPORT: &str = "TRUSTEE/hopperAttestationReport.txt";
const TRUSTEE_1: &str = "TRUSTEE/hopper_cert_chain_case1.txt";
const COCO: &str = "TRUSTEE/hopper_coco_report1.txt";
const HOPPER: &str = "GPU/hopperAttestationReport.txt";
const HOPPER_CHAIN: &str = "GPU/hopperCertChain.txt";
const BLACKWELL: &str = "GPU/blackwellAttestationReport.txt";
const SWITCH: &str = "SWITCH/switchAttestationReport.txt";
const SWITCH_CHAIN: &str = "SWITCH/switchCertChain.txt";
const SWITCH_RIM: &str = "SDK/switchVBIOSRim_NV_SWITCH_BIOS_5612_0002_890_9610550001.xml";
const SAMPLE: &str = "SAMPLES/hopperAttestationReport.txt";

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("NVTRUST/gpu_evidence.json", "", &[], THEN, NOT_COMPARED),
    ("NVTRUST/switch_evidence.json", "", &[], THEN, OLD_DRIVER),
    (REPORT, TRUSTEE_1, &[], THEN, NOT_COMPARED),
    (REPORT, TRUSTEE_1, &[], "2020-01-01T00:00:00Z", ["refused not-yet-valid", "not-yet-valid gpu-rim-missing crl-not-checked"]),
    (REPORT, "TRUSTEE/hopper_cert_chain_case2.txt", &[], THEN, CHAIN),
    (REPORT, "TRUSTEE/hopper_cert_chain_case3.txt", &[], THEN, CHAIN),
    (REPORT, "TRUSTEE/hopper_cert_chain_case4.txt", &[], THEN, CHAIN),
    (REPORT, "TRUSTEE/hopper_signing_cert.pem", &[], THEN, CHAIN),
    (REPORT, "TRUSTEE/nvidia_device_root.pem", &[], THEN, CHAIN),
    (REPORT, "TRUSTEE/hopper_coco_certs1.txt", &[], THEN, SIGNATURE),
    (REPORT, TRUSTEE_1, &["SWID/test-rim.b64"], THEN, RIM_VERSION),
    (COCO, "TRUSTEE/hopper_coco_certs1.txt", &[], THEN, NOT_COMPARED),
    (COCO, TRUSTEE_1, &[], THEN, SIGNATURE),
    ("TRUSTEE/hopperAttestationReport-claims.txt", "", &[], THEN, MALFORMED),
    ("RS/nras_gpu_x5c_chain.json", "", &[], THEN, MALFORMED),
    // NVIDIA/attestation-sdk.
    ("SDK/hopperAttestationReport.txt", "SDK/hopperCertChain.txt", &[], THEN, NOT_COMPARED),
    ("SDK/evidence_hopper_590_12.json", "", &[], THEN, NOT_COMPARED),
    ("SERIAL/hopper_evidence.json", "", &[], THEN, NOT_COMPARED),
    ("SERIAL/hopper_evidence_cert_hold.json", "", &[], THEN, NOT_COMPARED),
    ("SERIAL/multi_gpu_hopper.json", "", &[], THEN, NOT_COMPARED),
    ("SERIAL/multi_switch_ls10.json", "", &[], THEN, SWITCH_TWICE),
    ("SERIAL/switch_evidence_ls10.json", "", &[], THEN, OLD_DRIVER),
    (BLACKWELL, "GPU/blackwellCertChain.txt", &[], THEN, NOT_COMPARED),
    (BLACKWELL, HOPPER_CHAIN, &[], THEN, SIGNATURE),
    ("GPU/hopperAttestationReportExpired.txt", "GPU/hopperCertChainExpired.txt", &[], THEN, NOT_COMPARED),
    ("GPU/hopperAttestationReportExpired.txt", "GPU/hopperCertChainExpired.txt", &["RIMS/NV_GPU_DRIVER_GH100_570.124.03_expired.xml"], THEN, RIM_SIGNATURE),
    ("GPU/hopperAttestationReportInvalidSignature.txt", HOPPER_CHAIN, &[], THEN, SIGNATURE),
    (HOPPER, HOPPER_CHAIN, &[], THEN, OLD_DRIVER),
    (HOPPER, HOPPER_CHAIN, &["RIMS/NV_GPU_DRIVER_GH100_535.86.09_measurement_mismatch.xml"], THEN, RIM_SIGNATURE),
    (HOPPER, HOPPER_CHAIN, &["RIMS/NV_GPU_VBIOS_1010_0200_882_96005E0001_measurement_mismatch.xml"], THEN, MEASUREMENT),
    (HOPPER, HOPPER_CHAIN, &["SDK/NV_GPU_DRIVER_GH100_550.144.03.xml"], THEN, RIM_VERSION),
    (HOPPER, HOPPER_CHAIN, &["SDK/incorrect_signature_driver_rim.xml"], THEN, RIM_SIGNATURE),
    (HOPPER, HOPPER_CHAIN, &["SDK/incorrect_cert_chain_driver_rim.xml"], THEN, RIM_CHAIN),
    (SWITCH, SWITCH_CHAIN, &[], THEN, OLD_DRIVER),
    (SWITCH, SWITCH_CHAIN, &[SWITCH_RIM], NOW, ["gpu-fwid-missing crl-not-checked"; 2]),
    (SWITCH, SWITCH_CHAIN, &[SWITCH_RIM], THEN, ["refused gpu-rim-not-yet-valid", "gpu-rim-not-yet-valid gpu-fwid-missing crl-not-checked"]),
    (SWITCH, SWITCH_CHAIN, &["RIMS/NV_SWITCH_BIOS_5612_0002_890_9610550001_invalid_signature.xml"], NOW, RIM_SIGNATURE),
    (SWITCH, SWITCH_CHAIN, &["RIMS/NV_SWITCH_BIOS_5612_0002_890_9610550001_measurement_mismatch.xml"], NOW, RIM_SIGNATURE),
    ("SWITCH/switchAttestationReportInvalidSignature.txt", SWITCH_CHAIN, &[], THEN, SIGNATURE),
    // The manifests among the samples of NVIDIA/nvtrust.
    (COCO, "TRUSTEE/hopper_coco_certs1.txt", &["SAMPLES/1010_0200_882_960074001A_PROD.swidtag"], "2024-06-01T00:00:00Z", MEASUREMENT),
    (COCO, "TRUSTEE/hopper_coco_certs1.txt", &["SAMPLES/1010_0200_882_960074001A_PROD.swidtag"], NOW, MEASUREMENT),
    ("SDK/hopperAttestationReport.txt", "SDK/hopperCertChain.txt", &["SAMPLES/1010_0205_862_9600740020_PROD.swidtag"], "2024-06-01T00:00:00Z", MEASUREMENT),
    ("GPU/hopperAttestationReportExpired.txt", "GPU/hopperCertChainExpired.txt", &["SAMPLES/1010_0205_862_96005E0004_PROD.swidtag"], "2024-06-01T00:00:00Z", MEASUREMENT),
    (HOPPER, HOPPER_CHAIN, &["SAMPLES/1010_0200_882_96005E0001_PROD.swidtag"], "2024-06-01T00:00:00Z", OLD_DRIVER),
    (HOPPER, HOPPER_CHAIN, &["SAMPLES/1010_0200_882_96005E0001_PROD.swidtag"], NOW, ["refused gpu-rim-expired", "gpu-rim-expired gpu-fwid-missing gpu-rim-missing crl-not-checked"]),
    (SAMPLE, "SAMPLES/hopperCertChain.txt", &["SAMPLES/Driver_RIM_test_no_gpu.swidtag"], THEN, RIM_VERSION),
];

fn full(path: &str) -> String {
    const VERIFIER: &str = "guest_tools/gpu_verifiers/local_gpu_verifier/src/verifier/samples";
    const SDK: &str = "NVIDIA+attestation-sdk/nv-attestation-sdk-cpp/unit-tests/testdata";
    let (folder, name) = path.split_once('/').unwrap();
    let folder = match folder {
        "NVTRUST" => "NVIDIA+nvtrust/guest_tools/ppcie-verifier-sdk-cpp/tests/data".to_owned(),
        "TRUSTEE" if name == "nvidia_device_root.pem" => {
            "confidential-containers+trustee/deps/verifier/src/nvidia".to_owned()
        }
        "TRUSTEE" => "confidential-containers+trustee/deps/verifier/test_data/nvidia".to_owned(),
        "SWID" => "confidential-containers+trustee/rvps/src/extractors/swid".to_owned(),
        "RS" => {
            "confidential-dot-ai+attestation-rs/crates/attestation/test_data/nvidia_gpu".to_owned()
        }
        "SDK" => SDK.to_owned(),
        "GPU" => format!("{SDK}/sample_attestation_data/gpu"),
        "SWITCH" => format!("{SDK}/sample_attestation_data/switch"),
        "RIMS" => format!("{SDK}/sample_rims"),
        "SERIAL" => "NVIDIA+attestation-sdk/common-test-data/serialized_test_evidence".to_owned(),
        "SAMPLES" => format!("NVIDIA+nvtrust/{VERIFIER}"),
        other => panic!("{other}"),
    };
    format!("{folder}/{name}")
}

/// Paths of all files in the table.
pub(crate) fn files_of_all_rows() -> impl Iterator<Item = String> {
    let names = ROWS.iter().flat_map(|row| [&[row.0, row.1], row.2].concat());
    names.filter(|name| !name.is_empty()).map(full)
}

/// All files of a row, unless one is not there.
fn files(row: &Row) -> Option<[Vec<Vec<u8>>; 3]> {
    let (input, certificates, manifests, ..) = row;
    let read = |paths: &[&str]| -> Option<Vec<_>> {
        paths.iter().filter(|path| !path.is_empty()).map(|path| published(&full(path))).collect()
    };
    Some([read(&[input])?, read(&[certificates])?, read(manifests)?])
}

fn slices(files: &[Vec<u8>]) -> Vec<&[u8]> {
    files.iter().map(Vec::as_slice).collect()
}

fn answer(row: &Row, profile: Profile) -> Option<String> {
    let [input, certificates, manifests] = files(row)?;
    let roots = Roots::nvidia().unwrap();
    let short = |error: &EvidenceError| error.reason().replace("evidence.", "");
    let answer = read_evidence(&input[0], &slices(&certificates)).and_then(|evidence| {
        inspect_all(&evidence, &slices(&manifests), profile, &roots, time(row.3))
    });
    Some(match answer {
        Ok(devices) => {
            let warnings = devices.last().unwrap().warnings();
            warnings.iter().map(short).collect::<Vec<_>>().join(" ")
        }
        Err(error) => format!("refused {}", short(&error)),
    })
}

#[test]
fn published_evidence_gets_the_verdict_it_should() {
    let mut skipped = 0;
    for row in ROWS {
        let (input, certificates, manifests, at, expected) = row;
        let Some(production) = answer(row, Profile::Production) else {
            skipped += 1;
            continue;
        };
        let archive = answer(row, Profile::Archive).unwrap();
        println!(
            "| {input} | {certificates} | {} | {at} | {production} | {archive} |",
            manifests.join(" ")
        );
        assert_eq!(
            [production.as_str(), &archive],
            *expected,
            "{input} {certificates} {manifests:?}"
        );
    }
    println!("{} rows, {skipped} of them skipped: not there", ROWS.len());
}
