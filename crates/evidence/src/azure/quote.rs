//! A TPM's quote: TPMS_ATTEST (TPM 2.0 Library, part 2, §10.12.12) and the PCR values it is about.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::fields::Fields;
use super::runtime::AttestationKey;
use crate::EvidenceError;

/// PCRs of a bank.
pub const PCRS: usize = 24;

/// A well-formed quote with the PCR values that were sent beside it. Nothing in it is authentic before
/// [`Quote::signed_by`], and the values are not before [`Quote::covers_pcrs`].
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Quote {
    message: Vec<u8>,
    signature: Vec<u8>,
    pub(super) pcrs: Pcrs,
    pub(super) nonce: Vec<u8>,
    pub(super) clock: Clock,
    pub(super) firmware_version: u64,
    pcr_digest: [u8; 32],
}

/// TPMS_CLOCK_INFO.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Clock {
    /// Time that the TPM was on, in milliseconds.
    pub clock_ms: u64,
    /// How often the TPM was reset: starts of the machine.
    pub reset_count: u32,
    /// How often it was suspended or restarted since.
    pub restart_count: u32,
    /// Whether the clock never had a higher value.
    pub safe: bool,
}

/// The SHA-256 values of all 24 PCRs, in order; as text, 24 times 64 lower-case hexadecimal digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Pcrs([[u8; 32]; PCRS]);

/// What a verifier chose and the quote must contain: 1 to 64 bytes; as text, hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Nonce(Vec<u8>);

impl Quote {
    /// Reads a quote of all PCRs of the SHA-256 bank.
    pub(super) fn parse(
        message: &[u8],
        signature: &[u8],
        pcrs: &[Vec<u8>],
    ) -> Result<Self, EvidenceError> {
        let mut fields = Fields::new(message, "TPM quote");
        if fields.u32_be()? != TPM_GENERATED || fields.u16_be()? != ATTEST_QUOTE {
            return Err(EvidenceError::AzureQuoteType);
        }
        let _qualified_signer = fields.sized(LARGEST_NAME)?;
        let nonce = fields.sized(LARGEST_DIGEST)?.to_vec();
        let clock = clock(&mut fields)?;
        let firmware_version = fields.u64_be()?;
        if fields.u32_be()? != 1 || fields.bytes(6)? != EVERY_PCR {
            return Err(EvidenceError::AzurePcrSelection);
        }
        let pcr_digest = fields.sized(LARGEST_DIGEST)?.try_into();
        let pcr_digest = pcr_digest.map_err(|_| EvidenceError::Malformed("TPM quote"))?;
        fields.end()?;
        Ok(Self {
            message: message.to_vec(),
            signature: signature.to_vec(),
            pcrs: Pcrs::from_values(pcrs)?,
            nonce,
            clock,
            firmware_version,
            pcr_digest,
        })
    }

    /// Checks that `key` signed the quote: RSASSA-PKCS1-v1_5 with SHA-256.
    pub(super) fn signed_by(&self, key: &AttestationKey) -> Result<(), EvidenceError> {
        key.verify(&self.message, &self.signature)
    }

    /// Checks that the quote is about the PCR values that came with it.
    pub(super) fn covers_pcrs(&self) -> Result<(), EvidenceError> {
        let digest: [u8; 32] = Sha256::digest(self.pcrs.0.as_flattened()).into();
        if digest == self.pcr_digest { Ok(()) } else { Err(EvidenceError::AzurePcrDigest) }
    }
}

impl fmt::Debug for Quote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Quote").field("nonce", &hex::encode(&self.nonce)).finish_non_exhaustive()
    }
}

fn clock(fields: &mut Fields<'_>) -> Result<Clock, EvidenceError> {
    Ok(Clock {
        clock_ms: fields.u64_be()?,
        reset_count: fields.u32_be()?,
        restart_count: fields.u32_be()?,
        safe: match fields.u8()? {
            0 => false,
            1 => true,
            _ => return Err(EvidenceError::Malformed("TPM quote")),
        },
    })
}

impl Pcrs {
    /// These values of PCR 0 to 23.
    #[must_use]
    pub const fn new(values: [[u8; 32]; PCRS]) -> Self {
        Self(values)
    }

    /// Each value, in order.
    #[must_use]
    pub const fn values(&self) -> &[[u8; 32]; PCRS] {
        &self.0
    }

    fn from_values(values: &[Vec<u8>]) -> Result<Self, EvidenceError> {
        const MALFORMED: EvidenceError = EvidenceError::Malformed("PCR values");
        let values = values.iter().map(|value| value.as_slice().try_into());
        let values = values.collect::<Result<Vec<[u8; 32]>, _>>().map_err(|_| MALFORMED)?;
        values.try_into().map(Self).map_err(|_| MALFORMED)
    }
}

impl TryFrom<Vec<String>> for Pcrs {
    type Error = EvidenceError;

    fn try_from(text: Vec<String>) -> Result<Self, EvidenceError> {
        let values = text.iter().map(hex::decode).collect::<Result<Vec<_>, _>>();
        Self::from_values(&values.map_err(|_| EvidenceError::Malformed("PCR values"))?)
    }
}

impl From<Pcrs> for Vec<String> {
    fn from(pcrs: Pcrs) -> Self {
        pcrs.0.iter().map(hex::encode).collect()
    }
}

impl fmt::Debug for Pcrs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(hex::encode)).finish()
    }
}

impl Nonce {
    /// A nonce of these bytes.
    ///
    /// # Errors
    /// [`EvidenceError::AzureNonceMissing`] if there are none, [`EvidenceError::Malformed`] if there
    /// are more than a TPM signs.
    pub fn new(bytes: &[u8]) -> Result<Self, EvidenceError> {
        match bytes.len() {
            0 => Err(EvidenceError::AzureNonceMissing),
            1..=64 => Ok(Self(bytes.to_vec())),
            _ => Err(EvidenceError::Malformed("nonce")),
        }
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl TryFrom<String> for Nonce {
    type Error = EvidenceError;

    fn try_from(text: String) -> Result<Self, EvidenceError> {
        Self::new(&hex::decode(text).map_err(|_| EvidenceError::Malformed("nonce"))?)
    }
}

/// TPM_GENERATED_VALUE: the TPM's own structures, which nothing else can make an AK sign.
const TPM_GENERATED: u32 = 0xff54_4347;
/// TPM_ST_ATTEST_QUOTE.
const ATTEST_QUOTE: u16 = 0x8018;
/// TPMU_NAME: an algorithm and a digest.
const LARGEST_NAME: u16 = 66;
/// SHA-512.
const LARGEST_DIGEST: u16 = 64;
/// TPMS_PCR_SELECTION: TPM_ALG_SHA256, three bytes of selection, all of PCR 0 to 23.
const EVERY_PCR: [u8; 6] = [0x00, 0x0b, 3, 0xff, 0xff, 0xff];
