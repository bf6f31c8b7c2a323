//! Evidence as files and messages hold it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use x509_cert::der::Document;

use super::report::REPORT_LENGTH;
use super::roots::published_intermediate;
use super::{Report, SnpEvidence, trustee};
use crate::EvidenceError;
use crate::x509::Certificate;

/// Puts evidence together from a file and any number of certificate files.
///
/// `input` is a raw report, the same in hexadecimal or base64, [`SnpEvidence`] as JSON, or the JSON
/// that confidential-containers guests or attestation-rs send. `certificates` are DER or PEM, in any order, several per
/// PEM; they come before certificates in `input`. Roots are ignored, and an intermediate
/// certificate that AMD publishes may be missing. Nothing is verified here.
///
/// # Errors
/// [`EvidenceError::Malformed`] if `input` is none of these, or there is no certificate of a
/// signing key or of its issuer.
pub fn read_evidence(input: &[u8], certificates: &[&[u8]]) -> Result<SnpEvidence, EvidenceError> {
    if let Ok(evidence) = serde_json::from_slice::<SnpEvidence>(input)
        && certificates.is_empty()
    {
        return Ok(evidence);
    }
    let mut chain = Vec::new();
    for file in certificates {
        chain.extend(certificate_files(file)?);
    }
    let report = report(input, &mut chain)?;
    assemble(report, &chain)
}

/// The report of the same forms of `input`, for whoever looks for its certificates.
///
/// # Errors
/// [`EvidenceError::Malformed`] if `input` is none of them, and those of [`Report::parse`].
pub fn read_report(input: &[u8]) -> Result<Report, EvidenceError> {
    Report::parse(&report(input, &mut Vec::new())?)
}

/// The report of `input`; certificates that it holds are added to `chain`.
fn report(input: &[u8], chain: &mut Vec<Vec<u8>>) -> Result<Vec<u8>, EvidenceError> {
    if input.len() == REPORT_LENGTH {
        return Ok(input.to_vec());
    }
    if let Ok(evidence) = serde_json::from_slice::<SnpEvidence>(input) {
        chain.extend([evidence.vek, evidence.ask]);
        return Ok(evidence.report);
    }
    if let Ok(evidence) = serde_json::from_slice::<trustee::Evidence>(input) {
        let (report, certificates) = evidence.into_bytes()?;
        chain.extend(certificates);
        return Ok(report);
    }
    if let Ok(message) = serde_json::from_slice::<Message>(input) {
        let Wrapped { attestation_report, cert_chain } = message.evidence;
        chain.extend(cert_chain.into_values().map(|certificate| certificate.0));
        return Ok(attestation_report.0);
    }
    let text = input.trim_ascii();
    let decoded = hex::decode(text).ok().or_else(|| STANDARD.decode(text).ok());
    decoded.ok_or(EvidenceError::Malformed("report length"))
}

/// What attestation-rs sends: the report and its certificates by their kind.
#[derive(Deserialize)]
struct Message {
    evidence: Wrapped,
}

#[derive(Deserialize)]
struct Wrapped {
    attestation_report: Base64,
    #[serde(default)]
    cert_chain: BTreeMap<String, Base64>,
}

#[derive(Deserialize)]
struct Base64(#[serde(with = "base64_bytes")] Vec<u8>);

/// Finds the signing key's certificate, which alone is for an elliptic-curve key, and its
/// issuer's.
fn assemble(report: Vec<u8>, chain: &[Vec<u8>]) -> Result<SnpEvidence, EvidenceError> {
    let mut parsed = Vec::new();
    for der in chain {
        parsed.push((Certificate::from_der(der)?, der));
    }
    let (leaf, vek) = parsed
        .iter()
        .find(|(certificate, _)| certificate.is_authority().is_err())
        .ok_or(EvidenceError::Malformed("no certificate of a signing key"))?;
    let ask = parsed
        .iter()
        .find(|(certificate, _)| certificate.subject() == leaf.issuer())
        .map(|(_, der)| (*der).clone())
        .or_else(|| published_intermediate(leaf))
        .ok_or(EvidenceError::Malformed("no certificate of the signing key's issuer"))?;
    Ok(SnpEvidence { report, vek: (*vek).clone(), ask })
}

/// The certificates of one file, as DER.
pub(super) fn certificate_files(file: &[u8]) -> Result<Vec<Vec<u8>>, EvidenceError> {
    const END: &str = "-----END CERTIFICATE-----";
    let text = match std::str::from_utf8(file) {
        Ok(text) if text.contains("-----BEGIN") => text,
        _ => return Ok(vec![file.to_vec()]),
    };
    text.split_inclusive(END)
        .map(str::trim_start)
        .filter(|block| !block.is_empty())
        .map(|block| {
            let (_, der) = Document::from_pem(block)
                .map_err(|_| EvidenceError::Malformed("PEM certificate"))?;
            Ok(der.as_bytes().to_vec())
        })
        .collect()
}

/// Bytes as standard base64 in JSON.
pub(super) mod base64_bytes {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map_err(|_| D::Error::custom("not base64"))
    }
}
