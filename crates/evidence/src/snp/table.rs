//! The certificate table that a host hands to its guests with a report (AMD-GHCB 56421 §4.1.8.1,
//! "SNP Extended Guest Request"): what configfs-tsm offers as `auxblob`.

use super::SnpEvidence;
use super::roots::published_intermediate;
use crate::EvidenceError;
use crate::x509::Certificate;

impl SnpEvidence {
    /// A report with the certificates of the table `aux_blob`. An intermediate certificate that
    /// AMD publishes may be missing from the table; roots in it are ignored.
    ///
    /// # Errors
    /// [`EvidenceError::Malformed`] if the table is broken or holds no key certificate.
    pub fn from_certificate_table(report: Vec<u8>, aux_blob: &[u8]) -> Result<Self, EvidenceError> {
        let vek = entry(aux_blob, &VCEK)?.or(entry(aux_blob, &VLEK)?).ok_or(MALFORMED)?.to_vec();
        let certificate = Certificate::from_der(&vek)?;
        let ask = match entry(aux_blob, &ASK)?.map(<[u8]>::to_vec) {
            Some(ask) if Certificate::from_der(&ask)?.subject() == certificate.issuer() => ask,
            _ => published_intermediate(&certificate).ok_or(MALFORMED)?,
        };
        Ok(Self { report, vek, ask })
    }
}

/// The certificate of kind `guid`. A table is a list of (GUID, offset, length), each offset from
/// the start of the table, ended by zeros.
fn entry<'a>(table: &'a [u8], guid: &[u8; 16]) -> Result<Option<&'a [u8]>, EvidenceError> {
    let mut rest = table;
    while let Some((row, after)) = rest.split_first_chunk::<24>() {
        let (name, row) = row.split_first_chunk::<16>().ok_or(MALFORMED)?;
        if *name == [0; 16] {
            return Ok(None);
        }
        let (offset, length) = row.split_first_chunk::<4>().ok_or(MALFORMED)?;
        let length: [u8; 4] = length.try_into().map_err(|_| MALFORMED)?;
        if name == guid {
            let start = u32::from_le_bytes(*offset) as usize;
            let end = start.checked_add(u32::from_le_bytes(length) as usize).ok_or(MALFORMED)?;
            return table.get(start..end).map(Some).ok_or(MALFORMED);
        }
        rest = after;
    }
    Err(MALFORMED)
}

const MALFORMED: EvidenceError = EvidenceError::Malformed("certificate table");

/// 63da758d-e664-4564-adc5-f4b93be8accd, as stored: first three groups little-endian.
const VCEK: [u8; 16] = [
    0x8d, 0x75, 0xda, 0x63, 0x64, 0xe6, 0x64, 0x45, 0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac, 0xcd,
];
/// a8074bc2-a25a-483e-aae6-39c045a0b8a1
const VLEK: [u8; 16] = [
    0xc2, 0x4b, 0x07, 0xa8, 0x5a, 0xa2, 0x3e, 0x48, 0xaa, 0xe6, 0x39, 0xc0, 0x45, 0xa0, 0xb8, 0xa1,
];
/// 4ab7b379-bbac-4fe4-a02f-05aef327c782
const ASK: [u8; 16] = [
    0x79, 0xb3, 0xb7, 0x4a, 0xac, 0xbb, 0xe4, 0x4f, 0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27, 0xc7, 0x82,
];
