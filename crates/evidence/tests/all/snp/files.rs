//! Reports and certificates in the forms that other projects publish them in.

use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine as _, alphabet};
use evidence::snp::REPORT_LENGTH;
use serde_json::Value;

use crate::support::vector;

/// `RS/file` as a path below the folder of vectors.
pub(crate) fn path(short: &str) -> String {
    let (folder, file) = short.split_once('/').unwrap();
    let folder = match folder {
        "COCOS" => "ultravioletrs+cocos",
        "GOOGLE" => "google+go-sev-guest/verify/testdata",
        "KINVOLK" => "kinvolk+azure-cvm-tooling/az-cvm-vtpm/test",
        "LIT" => "LIT-Protocol+sev-snp-utils/resources/test",
        "RS" => "confidential-dot-ai+attestation-rs/crates/attestation/test_data/snp",
        "RS-AZ" => "confidential-dot-ai+attestation-rs/crates/attestation/test_data/az_snp",
        "RS-CA" => "confidential-dot-ai+attestation-rs/crates/attestation/certs/amd",
        "TRUSTEE" => "confidential-containers+trustee/deps/verifier/test_data/snp",
        "TRUSTEE-AZ" => "confidential-containers+trustee/deps/verifier/test_data/az-snp-vtpm",
        "TRUSTEE-CA" => "confidential-containers+trustee/deps/verifier/src/snp",
        "TRUSTEE-E2E" => "confidential-containers+trustee/attestation-service/tests/e2e",
        "VIRTEE" => "virtee+sev/tests/certs_data",
        other => panic!("{other}"),
    };
    format!("{folder}/{file}")
}

/// The file `short`, or what a suffix names inside it: `#report` the first report, `#vcek` the
/// signing key's certificate.
pub(crate) fn published(short: &str) -> Option<Vec<u8>> {
    let (file, part) = short.split_once('#').unwrap_or((short, "file"));
    let bytes = vector(&path(file))?;
    Some(match part {
        "file" => bytes,
        "report" => reports(&bytes).swap_remove(0),
        "vcek" => member(&serde_json::from_slice(&bytes).unwrap(), "vcek").unwrap(),
        other => panic!("{other}"),
    })
}

/// The reports in a file: raw, in hexadecimal digits, behind the header of Azure's HCL or of the
/// firmware's answer, or any of these inside JSON.
pub(crate) fn reports(file: &[u8]) -> Vec<Vec<u8>> {
    let header_and_report = 0x20..0x20 + REPORT_LENGTH;
    if file.starts_with(b"HCLA") || file.starts_with(&[0, 0, 0, 0]) {
        return file.get(header_and_report).map(<[u8]>::to_vec).into_iter().collect();
    }
    if let Ok(json) = serde_json::from_slice::<Value>(file) {
        let mut found = Vec::new();
        collect(&json, &mut found);
        return found;
    }
    let file = hex::decode(file.trim_ascii()).unwrap_or_else(|_| file.to_vec());
    let version = file.first_chunk().map(|bytes| u32::from_le_bytes(*bytes));
    match version {
        Some(2..=5) => file.get(..REPORT_LENGTH).map(<[u8]>::to_vec).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn collect(value: &Value, found: &mut Vec<Vec<u8>>) {
    match value {
        Value::Object(fields) => fields.values().for_each(|value| collect(value, found)),
        Value::Array(values) if bytes(value).is_none() => {
            values.iter().for_each(|value| collect(value, found));
        }
        _ => found.extend(bytes(value).iter().flat_map(|bytes| reports(bytes))),
    }
}

/// The bytes of the first member `name`, at any depth.
fn member(value: &Value, name: &str) -> Option<Vec<u8>> {
    let fields = value.as_object()?;
    fields.get(name).and_then(bytes).or_else(|| fields.values().find_map(|v| member(v, name)))
}

/// A list of numbers, base64 or PEM.
fn bytes(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::Array(values) => values
            .iter()
            .map(|value| value.as_u64().and_then(|number| u8::try_from(number).ok()))
            .collect(),
        Value::String(text) if text.starts_with("-----BEGIN") => Some(text.clone().into_bytes()),
        Value::String(text) => {
            const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
                .with_decode_padding_mode(DecodePaddingMode::Indifferent);
            [alphabet::STANDARD, alphabet::URL_SAFE]
                .into_iter()
                .find_map(|alphabet| GeneralPurpose::new(&alphabet, LENIENT).decode(text).ok())
        }
        _ => None,
    }
}
