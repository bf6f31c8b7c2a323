//! The HCL's attestation report, as the virtual TPM keeps it in its NV index 0x01400001 (OpenHCL,
//! "openhcl_attestation_protocol", `igvm_attest::get`): header, hardware report, request data.

use super::fields::Fields;
use crate::EvidenceError;

/// A well-formed report of the HCL. Nothing in it is authentic by itself.
///
/// What is not kept is the version (1 and 2 have the same layout) and the zeros after the claims: the
/// index has a fixed size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HclReport {
    /// The kind of hardware that made `report`.
    pub(super) kind: HardwareKind,
    /// The hardware's report: as many bytes as its kind has.
    pub(super) report: Vec<u8>,
    /// The runtime claims, exactly as they were hashed.
    pub(super) runtime: Vec<u8>,
}

/// IGVM_ATTEST_REPORT_TYPE, of the kinds that are confidential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HardwareKind {
    /// SNP_VM_REPORT: an ATTESTATION_REPORT of AMD 56860.
    Snp,
    /// TDX_VM_REPORT: a TDREPORT_STRUCT.
    Tdx,
}

impl HclReport {
    /// Whether `bytes` start as such a report does.
    pub(super) fn is_one(bytes: &[u8]) -> bool {
        bytes.starts_with(&SIGNATURE)
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, EvidenceError> {
        let mut fields = Fields::new(bytes, "HCL report");
        let sizes = header(&mut fields)?;
        let slot = fields.bytes(REPORT_SLOT)?;
        let (kind, claims) = request_data(&mut fields, sizes)?;
        let runtime = fields.bytes(claims)?.to_vec();
        fields.padding()?;
        let (report, unused) =
            slot.split_at_checked(kind.report_length()).ok_or(MALFORMED("HCL report"))?;
        if unused.iter().any(|byte| *byte != 0) {
            return Err(MALFORMED("bytes after the hardware report"));
        }
        Ok(Self { kind, report: report.to_vec(), runtime })
    }
}

impl HardwareKind {
    const fn report_length(self) -> usize {
        match self {
            Self::Snp => 1184,
            Self::Tdx => 1024,
        }
    }
}

/// Reads ATTESTATION_HEADER; its size of everything up to the end of the claims.
fn header(fields: &mut Fields<'_>) -> Result<u32, EvidenceError> {
    let signature: [u8; 4] = fields.array()?;
    let version = fields.u32_le()?;
    let size = fields.u32_le()?;
    let request = fields.u32_le()?;
    let status = fields.u32_le()?;
    let reserved: [u8; 12] = fields.array()?;
    match (signature, version, request, status, reserved) {
        (SIGNATURE, 1 | 2, AK_CERT_REQUEST, 0, RESERVED) => Ok(size),
        _ => Err(MALFORMED("HCL header")),
    }
}

/// Reads IGVM_ATTEST_REQUEST_DATA; the kind of report and the length of the claims.
fn request_data(
    fields: &mut Fields<'_>,
    report_size: u32,
) -> Result<(HardwareKind, usize), EvidenceError> {
    let size = fields.u32_le()?;
    let version = fields.u32_le()?;
    let kind = match fields.u32_le()? {
        SNP_VM_REPORT => HardwareKind::Snp,
        TDX_VM_REPORT => HardwareKind::Tdx,
        _ => return Err(MALFORMED("HCL report type")),
    };
    let hash = fields.u32_le()?;
    let claims = fields.u32_le()?;
    if hash != SHA_256 {
        return Err(MALFORMED("HCL hash type"));
    }
    let sizes_agree = claims.checked_add(DATA_HEADER) == Some(size)
        && size.checked_add(HEADER + REPORT_SLOT_SIZE) == Some(report_size);
    if version != 1 || !sizes_agree {
        return Err(MALFORMED("HCL request data"));
    }
    Ok((kind, usize::try_from(claims).map_err(|_| MALFORMED("HCL request data"))?))
}

const MALFORMED: fn(&'static str) -> EvidenceError = EvidenceError::Malformed;
const SIGNATURE: [u8; 4] = *b"HCLA";
const RESERVED: [u8; 12] = [0; 12];
const HEADER: u32 = 32;
/// Room for the largest hardware report, that of SEV-SNP.
const REPORT_SLOT: usize = 1184;
const REPORT_SLOT_SIZE: u32 = 1184;
const DATA_HEADER: u32 = 20;
/// IGVM_ATTEST_REQUEST_TYPE: the only request whose claims hold the AK.
const AK_CERT_REQUEST: u32 = 2;
const SNP_VM_REPORT: u32 = 2;
const TDX_VM_REPORT: u32 = 4;
/// IGVM_ATTEST_HASH_TYPE.
const SHA_256: u32 = 1;
