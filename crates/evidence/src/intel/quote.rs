//! Quotes as bytes: version 3 for SGX (Intel SGX ECDSA QuoteLib Reference, appendix A), versions 4
//! and 5 for TDX (Intel TDX DCAP Quoting Library API, appendix A).

use domain::claims::sgx::EnclaveReport;
use domain::claims::tdx::TdReport;

use super::fields::Fields;
use super::report::{
    ENCLAVE_REPORT_LENGTH, TD_REPORT_15_LENGTH, TD_REPORT_LENGTH, enclave_report, td_report,
    td_report_15,
};
use super::tcb_info::Tee;
use crate::EvidenceError;
use crate::error::refuse_if;
use crate::pem;

/// A parsed quote. Nothing in it is authentic before [`super::verify`] or an inspection.
#[derive(Clone, Debug)]
pub struct Quote {
    pub(super) body: Body,
    /// Header and body: what the attestation key signs.
    pub(super) signed: Vec<u8>,
    pub(super) signature: [u8; 64],
    /// A point on P-256, without the byte that says so.
    pub(super) attestation_key: [u8; 64],
    pub(super) quoting_enclave: QuotingEnclave,
    pub(super) certification: Certification,
    /// Whether other bytes than padding follow.
    pub(super) trailing: bool,
}

/// What a quote is about.
#[expect(
    clippy::large_enum_variant,
    reason = "there is one of each quote, and it is not moved often"
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// An SGX enclave.
    Sgx(EnclaveReport),
    /// A TDX guest.
    Tdx(TdReport),
}

/// What the quoting enclave says about itself.
#[derive(Clone, Debug)]
pub(super) struct QuotingEnclave {
    pub(super) report: EnclaveReport,
    /// The same as bytes: what the platform's key signs.
    pub(super) signed: [u8; ENCLAVE_REPORT_LENGTH],
    pub(super) signature: [u8; 64],
    pub(super) authentication_data: Vec<u8>,
}

/// How a quote names the certificate of the platform's key.
#[derive(Clone, Debug)]
pub(super) enum Certification {
    /// Certificates as DER, leaf first (type 5).
    Chain(Vec<Vec<u8>>),
    /// An identity under which Intel's service finds it (types 1 to 4): the certificates must be
    /// given beside the quote.
    Elsewhere,
}

impl Quote {
    /// Reads a quote. Guests get quotes in buffers: zeros after the quote are padding. Other bytes
    /// after it are noticed ([`EvidenceError::TrailingBytes`] is a finding), never read.
    ///
    /// # Errors
    /// [`EvidenceError::QuoteVersion`] for versions and bodies that are not supported: all but SGX
    /// enclaves in version 3 and TDX 1.0 and 1.5 guests in versions 4 and 5;
    /// [`EvidenceError::SignatureAlgorithm`] for keys other than P-256;
    /// [`EvidenceError::Malformed`] for anything else that the format does not allow.
    pub fn parse(bytes: &[u8]) -> Result<Self, EvidenceError> {
        refuse_if(bytes.len() < SHORTEST, EvidenceError::Malformed("quote length"))?;
        let mut fields = Fields(bytes);
        let header = Header::read(&mut fields)?;
        let body = body(&header, &mut fields)?;
        let signed = bytes.len().checked_sub(fields.0.len()).and_then(|end| bytes.get(..end));
        let signed = signed.ok_or(EvidenceError::Malformed("quote length"))?.to_vec();
        let mut data = Fields(fields.long()?);
        let (signature, attestation_key) = (data.array()?, data.array()?);
        let (quoting_enclave, certification) = match header.version {
            3 => quoting_enclave(&mut data)?,
            _ => {
                let kind = data.u16()?;
                refuse_if(kind != QE_REPORT, EvidenceError::Malformed("certification data"))?;
                let mut inner = Fields(data.long()?);
                let read = quoting_enclave(&mut inner)?;
                inner.end()?;
                read
            }
        };
        data.end()?;
        let trailing = fields.0.iter().any(|byte| *byte != 0);
        Ok(Self {
            body,
            signed,
            signature,
            attestation_key,
            quoting_enclave,
            certification,
            trailing,
        })
    }

    /// What the quote is about.
    #[must_use]
    pub const fn body(&self) -> &Body {
        &self.body
    }

    /// The kind of enclave that the quote is about.
    #[must_use]
    pub const fn tee(&self) -> Tee {
        match self.body {
            Body::Sgx(_) => Tee::Sgx,
            Body::Tdx(_) => Tee::Tdx,
        }
    }
}

/// The fields of the header that this verifier reads; its other fields (versions of the quoting
/// and provisioning enclaves, user data) are signed and carry no decision.
struct Header {
    version: u16,
    tee: u32,
}

impl Header {
    fn read(fields: &mut Fields<'_>) -> Result<Self, EvidenceError> {
        let version = fields.u16()?;
        refuse_if(!(3..=5).contains(&version), EvidenceError::QuoteVersion(version))?;
        refuse_if(fields.u16()? != ECDSA_P256, EvidenceError::SignatureAlgorithm)?;
        let tee = fields.u32()?;
        refuse_if(tee != SGX && tee != TDX, EvidenceError::Malformed("kind of enclave"))?;
        refuse_if(version == 3 && tee != SGX, EvidenceError::Malformed("kind of enclave"))?;
        refuse_if(version > 3 && tee == SGX, EvidenceError::QuoteVersion(version))?;
        fields.bytes(4)?;
        let vendor: [u8; 16] = fields.array()?;
        refuse_if(vendor != INTEL, EvidenceError::Malformed("quoting enclave's vendor"))?;
        fields.bytes(20)?;
        Ok(Self { version, tee })
    }
}

fn body(header: &Header, fields: &mut Fields<'_>) -> Result<Body, EvidenceError> {
    match (header.version, header.tee) {
        (_, SGX) => enclave_report(fields).map(Body::Sgx),
        (4, _) => td_report(fields, 4).map(Body::Tdx),
        (version, _) => {
            let kind = fields.u16()?;
            let mut body = Fields(fields.long()?);
            match (kind, body.0.len()) {
                (TD_REPORT, TD_REPORT_LENGTH) => td_report(&mut body, version),
                (TD_REPORT_15, TD_REPORT_15_LENGTH) => td_report_15(&mut body, version),
                (TD_REPORT | TD_REPORT_15, _) => Err(EvidenceError::Malformed("body length")),
                _ => Err(EvidenceError::QuoteVersion(version)),
            }
            .map(Body::Tdx)
        }
    }
}

fn quoting_enclave(
    fields: &mut Fields<'_>,
) -> Result<(QuotingEnclave, Certification), EvidenceError> {
    let signed: [u8; ENCLAVE_REPORT_LENGTH] = fields.array()?;
    let report = enclave_report(&mut Fields(&signed))?;
    let signature = fields.array()?;
    let authentication_data = fields.short()?.to_vec();
    let kind = fields.u16()?;
    let data = fields.long()?;
    let certification = match kind {
        // Some quoting enclaves end the text with a zero, as C strings end.
        PCK_CHAIN => Certification::Chain(pem::certificates(trim_zeros(data))?),
        1..=4 => Certification::Elsewhere,
        _ => return Err(EvidenceError::Malformed("certification data")),
    };
    Ok((QuotingEnclave { report, signed, signature, authentication_data }, certification))
}

fn trim_zeros(mut text: &[u8]) -> &[u8] {
    while let Some((0, rest)) = text.split_last() {
        text = rest;
    }
    text
}

/// Header, the shorter of the bodies, and a length: less is nothing that has a version.
const SHORTEST: usize = 48 + ENCLAVE_REPORT_LENGTH + 4;
/// "Attestation Key Type": ECDSA-256-with-P-256.
const ECDSA_P256: u16 = 2;
/// "TEE Type".
const SGX: u32 = 0;
const TDX: u32 = 0x81;
/// "QE Vendor ID": 939a7233-f79c-4ca9-940a-0db3957f0607, as stored.
const INTEL: [u8; 16] = [
    0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9, 0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07,
];
/// "TD Quote Body Type" of version 5.
const TD_REPORT: u16 = 2;
const TD_REPORT_15: u16 = 3;
/// "Certification Data Type".
const PCK_CHAIN: u16 = 5;
const QE_REPORT: u16 = 6;
