//! Evidence as files and messages hold it: the JSON that confidential-containers guests send in its
//! versions 0 to 2, the same inside a member `evidence`, or the parts as files.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;

use super::fields::Fields;
use super::hcl::HclReport;
use super::quote::{PCRS, Quote};
use crate::EvidenceError;

/// The parts that both kinds of hardware have, and what only one has.
pub(super) struct Parts {
    pub(super) hcl: HclReport,
    pub(super) quote: Option<Quote>,
    /// The signing key's certificate, DER or PEM.
    pub(super) vcek: Option<Vec<u8>>,
    /// The quote of the TDX guest.
    pub(super) td_quote: Option<Vec<u8>>,
}

impl Parts {
    /// Reads a report of the HCL, or JSON that holds one.
    pub(super) fn read(input: &[u8]) -> Result<Self, EvidenceError> {
        if HclReport::is_one(input) {
            let hcl = HclReport::parse(input)?;
            return Ok(Self { hcl, quote: None, vcek: None, td_quote: None });
        }
        match serde_json::from_slice(input) {
            Ok(Wrapper::Plain(evidence) | Wrapper::Named { evidence }) => evidence.into_parts(),
            Err(_) => Err(EvidenceError::Malformed("neither HCL report nor JSON that holds one")),
        }
    }

    /// Adds the TPM quote of a file of its own, unless there is one; whether `file` is one.
    pub(super) fn add_quote(&mut self, file: &[u8]) -> Result<bool, EvidenceError> {
        let quote = match serde_json::from_slice::<RawQuote>(file) {
            Ok(quote) => quote.parse()?,
            Err(_) if is_serialised_quote(file) => serialised_quote(file)?,
            Err(_) => return Ok(false),
        };
        if self.quote.replace(quote).is_some() {
            return Err(EvidenceError::Malformed("more than one TPM quote"));
        }
        Ok(true)
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Wrapper {
    Named { evidence: RawEvidence },
    Plain(RawEvidence),
}

#[derive(Deserialize)]
struct RawEvidence {
    #[serde(default)]
    version: u32,
    #[serde(alias = "report")]
    hcl_report: Bytes,
    #[serde(alias = "quote")]
    tpm_quote: Option<RawQuote>,
    vcek: Option<Bytes>,
    td_quote: Option<Bytes>,
}

#[derive(Deserialize)]
struct RawQuote {
    signature: Bytes,
    message: Bytes,
    pcrs: Vec<Bytes>,
}

/// A list of numbers, hexadecimal digits, base64 of either alphabet, or PEM.
#[derive(Deserialize)]
#[serde(untagged)]
enum Bytes {
    Numbers(Vec<u8>),
    Text(String),
}

impl RawEvidence {
    fn into_parts(self) -> Result<Parts, EvidenceError> {
        if self.version > 2 {
            return Err(EvidenceError::Malformed("version of the evidence"));
        }
        Ok(Parts {
            hcl: HclReport::parse(&self.hcl_report.decode()?)?,
            quote: self.tpm_quote.map(RawQuote::parse).transpose()?,
            vcek: self.vcek.map(Bytes::decode).transpose()?,
            td_quote: self.td_quote.map(Bytes::decode).transpose()?,
        })
    }
}

impl RawQuote {
    fn parse(self) -> Result<Quote, EvidenceError> {
        let pcrs = self.pcrs.into_iter().map(Bytes::decode).collect::<Result<Vec<_>, _>>()?;
        Quote::parse(&self.message.decode()?, &self.signature.decode()?, &pcrs)
    }
}

impl Bytes {
    fn decode(self) -> Result<Vec<u8>, EvidenceError> {
        const LENIENT: GeneralPurposeConfig =
            GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
        const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
        const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);
        match self {
            Self::Numbers(bytes) => Ok(bytes),
            Self::Text(text) if text.starts_with("-----BEGIN") => Ok(text.into_bytes()),
            Self::Text(text) => hex::decode(&text)
                .ok()
                .or_else(|| URL_SAFE.decode(&text).ok())
                .or_else(|| STANDARD.decode(&text).ok())
                .ok_or(EvidenceError::Malformed("neither hexadecimal nor base64")),
        }
    }
}

/// As `azure-cvm-tooling` stores quotes (bincode 1): lists with their lengths in eight bytes.
fn is_serialised_quote(file: &[u8]) -> bool {
    file.starts_with(&256_u64.to_le_bytes())
}

fn serialised_quote(file: &[u8]) -> Result<Quote, EvidenceError> {
    let mut fields = Fields::new(file, "serialised TPM quote");
    let (signature, message) = (fields.long()?, fields.long()?);
    if usize::try_from(u64::from_le_bytes(fields.array()?)) != Ok(PCRS) {
        return Err(EvidenceError::Malformed("PCR values"));
    }
    let pcrs = fields.bytes(PCRS * 32)?.chunks(32).map(<[u8]>::to_vec).collect::<Vec<_>>();
    fields.end()?;
    Quote::parse(message, signature, &pcrs)
}
