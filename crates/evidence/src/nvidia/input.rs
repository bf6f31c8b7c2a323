//! Evidence as files and messages hold it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::claims::{Architecture, GpuClaims, Nonce};
use crate::error::refuse_if;
use crate::{EvidenceError, pem};

/// The evidence of one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GpuEvidence {
    /// Request and answer, signed.
    pub report: Vec<u8>,
    /// The certificates, as DER, in any order.
    pub certificates: Vec<Vec<u8>>,
    /// What the sender says that the report says.
    pub stated: Stated,
}

/// What is written beside a report. Unsigned: it can make evidence worse, never better.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stated {
    architecture: Option<Architecture>,
    nonce: Option<Nonce>,
    driver_version: Option<String>,
    vbios_version: Option<String>,
}

impl Stated {
    pub(super) fn check(&self, claims: &GpuClaims) -> Result<(), EvidenceError> {
        let differs = |stated: &Option<String>, version: Option<&str>| {
            stated.as_deref().is_some_and(|stated| {
                !version.is_some_and(|version| version.eq_ignore_ascii_case(stated))
            })
        };
        refuse_if(
            self.architecture.is_some_and(|stated| stated != claims.architecture),
            EvidenceError::GpuArchitecture,
        )?;
        refuse_if(
            self.nonce.is_some_and(|stated| stated != claims.nonce),
            EvidenceError::GpuNonce,
        )?;
        let wrong = differs(&self.driver_version, claims.driver_version.as_deref())
            || differs(&self.vbios_version, Some(&claims.vbios_version));
        refuse_if(wrong, EvidenceError::GpuStatement)
    }
}

/// Puts the evidence of one or several devices together from a file and any number of certificate
/// files.
///
/// `input` is a raw or hexadecimal report, or JSON as NVIDIA's tools write it: one object or a list
/// of `arch`, `evidence`, `certificate` and optionally `nonce`, `driver_version`, `vbios_version`,
/// `uuid`, `version`; the `device_evidence_list` of confidential-containers guests; a request to
/// NVIDIA's service (`nonce`, `arch`, `evidence_list`). `certificates` are DER or PEM, in any order.
/// Nothing is verified here.
///
/// # Errors
/// [`EvidenceError::Malformed`] if `input` is none of these.
pub fn read_evidence(
    input: &[u8],
    certificates: &[&[u8]],
) -> Result<Vec<GpuEvidence>, EvidenceError> {
    let mut chain = Vec::new();
    for file in certificates {
        if file.windows(10).any(|window| window == b"-----BEGIN") {
            chain.extend(pem::certificates(file)?);
        } else {
            chain.push(file.to_vec());
        }
    }
    if !matches!(input.trim_ascii_start().first(), Some(b'[' | b'{')) {
        let report = report_file(input)?;
        return Ok(vec![GpuEvidence { report, certificates: chain, stated: Stated::default() }]);
    }
    let entries = match serde_json::from_slice(input).map_err(|_| MALFORMED)? {
        Document::One(entry) => vec![*entry],
        Document::Several(entries) => entries,
        Document::Guest(guest) => guest.device_evidence_list,
        Document::Request(request) => request.entries(),
    };
    refuse_if(entries.is_empty(), MALFORMED)?;
    entries.into_iter().map(|entry| entry.into_evidence(&chain)).collect()
}

/// Raw, or hexadecimal as NVIDIA's samples are.
fn report_file(input: &[u8]) -> Result<Vec<u8>, EvidenceError> {
    let text = input.trim_ascii();
    let hexadecimal = text.iter().all(u8::is_ascii_hexdigit) && !text.is_empty();
    if hexadecimal { hex::decode(text).map_err(|_| MALFORMED) } else { Ok(input.to_vec()) }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Document {
    One(Box<Entry>),
    Several(Vec<Entry>),
    Guest(Guest),
    Request(Request),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Guest {
    device_evidence_list: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    nonce: String,
    arch: String,
    evidence_list: Vec<RequestEntry>,
    #[serde(rename = "claims_version")]
    _claims_version: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestEntry {
    evidence: String,
    certificate: String,
}

impl Request {
    fn entries(self) -> Vec<Entry> {
        let Self { nonce, arch, evidence_list, .. } = self;
        let entry = |RequestEntry { evidence, certificate }| Entry {
            arch: arch.clone(),
            evidence,
            certificate,
            nonce: Some(nonce.clone()),
            driver_version: None,
            vbios_version: None,
            _uuid: None,
            _version: None,
        };
        evidence_list.into_iter().map(entry).collect()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    arch: String,
    evidence: String,
    certificate: String,
    nonce: Option<String>,
    driver_version: Option<String>,
    vbios_version: Option<String>,
    /// The driver's name for the device, which no certificate holds.
    #[serde(rename = "uuid")]
    _uuid: Option<String>,
    /// Of the layout.
    #[serde(rename = "version")]
    _version: Option<String>,
}

impl Entry {
    fn into_evidence(self, chain: &[Vec<u8>]) -> Result<GpuEvidence, EvidenceError> {
        let mut certificates = chain.to_vec();
        certificates.extend(pem::certificates(&text_of_chain(&self.certificate)?)?);
        let architecture =
            Architecture::of_name(&self.arch).ok_or(EvidenceError::GpuArchitecture)?;
        let nonce = self.nonce.map(|nonce| nonce.to_ascii_lowercase().parse());
        let nonce = nonce.transpose().map_err(|_| MALFORMED)?;
        Ok(GpuEvidence {
            report: report_text(&self.evidence)?,
            certificates,
            stated: Stated {
                architecture: Some(architecture),
                nonce,
                driver_version: self.driver_version,
                vbios_version: self.vbios_version,
            },
        })
    }
}

/// In base64, or hexadecimal: a report begins with `11e0`, which base64 of one never does.
fn report_text(text: &str) -> Result<Vec<u8>, EvidenceError> {
    let decoded = if text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("11e0")) {
        hex::decode(text).ok()
    } else {
        STANDARD.decode(text).ok()
    };
    decoded.ok_or(MALFORMED)
}

/// PEM, as it is or in base64.
fn text_of_chain(text: &str) -> Result<Vec<u8>, EvidenceError> {
    if text.trim_start().starts_with("-----BEGIN") {
        Ok(text.as_bytes().to_vec())
    } else {
        STANDARD.decode(text).map_err(|_| MALFORMED)
    }
}

const MALFORMED: EvidenceError = EvidenceError::Malformed("GPU evidence");
