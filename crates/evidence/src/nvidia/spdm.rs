//! The attestation report: the SPDM 1.1 request GET_MEASUREMENTS and its answer MEASUREMENTS as they
//! went over the wire (DSP0274 1.1 §10.11), the second signed over both.

use std::collections::BTreeMap;

use super::claims::{GpuMeasurement, Nonce};
use super::opaque::Opaque;
use crate::EvidenceError;

/// A parsed report. Authentic only after its signature was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Report {
    /// What the verifier put into the request.
    pub(super) nonce: Nonce,
    /// Measurements by SPDM index, which starts at 1.
    pub(super) measurements: BTreeMap<u8, GpuMeasurement>,
    pub(super) opaque: Opaque,
    /// Everything before the signature: what was signed.
    pub(super) signed: Vec<u8>,
    /// ECDSA P-384, r and s of 48 bytes each.
    pub(super) signature: [u8; 96],
}

impl Report {
    /// Reads a report. Zero bytes after it are padding: the driver's interface fills a buffer of
    /// fixed size, and published reports come with it.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, EvidenceError> {
        let mut reader = Reader(bytes);
        let (nonce, slot) = request(&mut reader)?;
        if reader.array()? != [VERSION, MEASUREMENTS, 0, slot] {
            return Err(EvidenceError::Malformed("SPDM measurements"));
        }
        let [blocks] = reader.array()?;
        let [low, middle, high] = reader.array()?;
        let record =
            reader.take(usize::from(low) | usize::from(middle) << 8 | usize::from(high) << 16)?;
        let measurements = record_blocks(record, blocks)?;
        let _responder_nonce: [u8; 32] = reader.array()?;
        let length = reader.length()?;
        let opaque = Opaque::parse(reader.take(length)?)?;
        let signed = bytes.len().checked_sub(reader.0.len()).and_then(|end| bytes.get(..end));
        let signature = reader.array()?;
        if reader.0.iter().any(|byte| *byte != 0) {
            return Err(EvidenceError::Malformed("bytes after the report"));
        }
        let signed = signed.ok_or(TRUNCATED)?.to_vec();
        Ok(Self { nonce, measurements, opaque, signed, signature })
    }
}

/// Checks that the request asked for everything, signed; answers with its nonce and key slot.
fn request(reader: &mut Reader<'_>) -> Result<(Nonce, u8), EvidenceError> {
    if reader.array()? != [VERSION, GET_MEASUREMENTS, SIGNATURE_REQUESTED, ALL_MEASUREMENTS] {
        return Err(EvidenceError::Malformed("SPDM measurement request"));
    }
    let nonce = Nonce::from_bytes(reader.array()?);
    let [slot] = reader.array()?;
    if slot > 7 {
        return Err(EvidenceError::Malformed("SPDM key slot"));
    }
    Ok((nonce, slot))
}

/// The measurement blocks: index, specification, size, and in the DMTF's specification a type, a
/// size and a value (DSP0274 tables 43 and 44). Digests of SHA-384 alone, each index once.
fn record_blocks(record: &[u8], count: u8) -> Result<BTreeMap<u8, GpuMeasurement>, EvidenceError> {
    const MALFORMED: EvidenceError = EvidenceError::Malformed("measurement block");
    let mut reader = Reader(record);
    let mut measurements = BTreeMap::new();
    for _ in 0..count {
        let [index, specification] = reader.array()?;
        let mut block = Reader(reader.take_sized()?);
        let [kind] = block.array()?;
        let value = block.take_sized()?;
        let value = value.try_into().map_err(|_| MALFORMED)?;
        let raw = kind & RAW_VALUE != 0;
        if specification != DMTF || raw || !block.0.is_empty() || !(1..=MAX_INDEX).contains(&index)
        {
            return Err(MALFORMED);
        }
        if measurements.insert(index, GpuMeasurement::from_bytes(value)).is_some() {
            return Err(EvidenceError::Malformed("repeated measurement index"));
        }
    }
    if reader.0.is_empty() { Ok(measurements) } else { Err(MALFORMED) }
}

/// Takes fields off the front of a message; integers are little-endian.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], EvidenceError> {
        let (field, rest) = self.0.split_first_chunk().ok_or(TRUNCATED)?;
        self.0 = rest;
        Ok(*field)
    }

    pub(super) fn length(&mut self) -> Result<usize, EvidenceError> {
        self.array().map(u16::from_le_bytes).map(usize::from)
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], EvidenceError> {
        let (field, rest) = self.0.split_at_checked(length).ok_or(TRUNCATED)?;
        self.0 = rest;
        Ok(field)
    }

    /// A field with its length of two bytes before it.
    pub(super) fn take_sized(&mut self) -> Result<&'a [u8], EvidenceError> {
        let length = self.length()?;
        self.take(length)
    }
}

const TRUNCATED: EvidenceError = EvidenceError::Malformed("truncated report");

/// SPDM 1.1; later versions sign another message.
const VERSION: u8 = 0x11;
const GET_MEASUREMENTS: u8 = 0xe0;
const MEASUREMENTS: u8 = 0x60;
const SIGNATURE_REQUESTED: u8 = 1;
const ALL_MEASUREMENTS: u8 = 0xff;
/// MeasurementSpecification, bit 0.
const DMTF: u8 = 1;
/// DMTFSpecMeasurementValueType, bit 7: the value is not a digest.
const RAW_VALUE: u8 = 0x80;
/// Indices 0 and 255 mean "how many" and "all".
const MAX_INDEX: u8 = 0xfe;
