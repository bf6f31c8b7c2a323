//! The identity of the quoting enclave (Intel SGX and TDX Provisioning Certification Service API,
//! "Get Quoting Enclave Identity", version 2 of the structure).

use domain::Timestamp;
use domain::claims::sgx::EnclaveReport;
use serde::Deserialize;

use super::json::{Hex, RawIsvSvn, RawLevel, Verdict, Window};
use super::tcb_info::Tee;
use crate::EvidenceError;
use crate::error::refuse_if;

/// A parsed identity. Its content is authentic only after its signature was verified.
#[derive(Clone, Debug)]
pub(super) struct QeIdentity {
    /// `None` for the quote verification enclave, which makes no quotes.
    pub(super) tee: Option<Tee>,
    pub(super) window: Window,
    pub(super) evaluation_data_number: u32,
    miscselect: u32,
    miscselect_mask: u32,
    attributes: u128,
    attributes_mask: u128,
    signer: [u8; 32],
    product: u16,
    /// Lowest ISVSVN and verdict, highest first.
    levels: Vec<(u16, Verdict)>,
}

impl QeIdentity {
    pub(super) fn parse(json: &str) -> Result<Self, EvidenceError> {
        let raw: RawIdentity = serde_json::from_str(json).map_err(|_| MALFORMED)?;
        refuse_if(raw.version != 2, MALFORMED)?;
        let mut levels: Vec<(u16, Verdict)> = raw
            .tcb_levels
            .into_iter()
            .map(|level| level.split().map(|(tcb, verdict)| (tcb.isvsvn, verdict)))
            .collect::<Option<_>>()
            .ok_or(MALFORMED)?;
        levels.sort_by(|(one, _), (other, _)| other.cmp(one));
        refuse_if(levels.is_empty(), MALFORMED)?;
        Ok(Self {
            tee: match raw.id {
                Id::Qe => Some(Tee::Sgx),
                Id::TdQe => Some(Tee::Tdx),
                Id::Qve => None,
            },
            window: Window { issue_date: raw.issue_date, next_update: raw.next_update },
            evaluation_data_number: raw.tcb_evaluation_data_number,
            miscselect: u32::from_le_bytes(raw.miscselect.0),
            miscselect_mask: u32::from_le_bytes(raw.miscselect_mask.0),
            attributes: u128::from_le_bytes(raw.attributes.0),
            attributes_mask: u128::from_le_bytes(raw.attributes_mask.0),
            signer: raw.mrsigner.0,
            product: raw.isvprodid,
            levels,
        })
    }

    /// Checks that `report` is of this enclave.
    pub(super) fn check(&self, report: &EnclaveReport) -> Result<(), EvidenceError> {
        refuse_if(*report.mrsigner.as_bytes() != self.signer, EvidenceError::QeSigner)?;
        refuse_if(report.isv_prod_id != self.product, EvidenceError::QeProduct)?;
        let differs = (report.misc_select ^ self.miscselect) & self.miscselect_mask;
        refuse_if(differs != 0, EvidenceError::QeMiscselect)?;
        let attributes = u128::from_le_bytes(*report.attributes.as_bytes());
        let differs = (attributes ^ self.attributes) & self.attributes_mask;
        refuse_if(differs != 0, EvidenceError::QeAttributes)
    }

    /// How good the version is.
    pub(super) fn verdict(&self, report: &EnclaveReport) -> Result<&Verdict, EvidenceError> {
        self.levels
            .iter()
            .find(|(isv_svn, _)| report.isv_svn >= *isv_svn)
            .map(|(_, verdict)| verdict)
            .ok_or(EvidenceError::TcbLevel("quoting enclave"))
    }
}

/// What has been true of every quoting enclave of Intel's: without an identity, this much says that
/// the report is of one at all. Anybody with an SGX machine can have an enclave of their own
/// certified by it.
pub(super) fn is_intels(report: &EnclaveReport, tee: Tee) -> Result<(), EvidenceError> {
    let (signer, product) = match tee {
        Tee::Sgx => (SGX_SIGNER, 1),
        Tee::Tdx => (TDX_SIGNER, 2),
    };
    refuse_if(*report.mrsigner.as_bytes() != signer, EvidenceError::QeSigner)?;
    refuse_if(report.isv_prod_id != product, EvidenceError::QeProduct)
}

#[derive(Deserialize)]
enum Id {
    #[serde(rename = "QE")]
    Qe,
    #[serde(rename = "TD_QE")]
    TdQe,
    #[serde(rename = "QVE")]
    Qve,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawIdentity {
    id: Id,
    version: u32,
    issue_date: Timestamp,
    next_update: Timestamp,
    tcb_evaluation_data_number: u32,
    miscselect: Hex<4>,
    miscselect_mask: Hex<4>,
    attributes: Hex<16>,
    attributes_mask: Hex<16>,
    mrsigner: Hex<32>,
    isvprodid: u16,
    tcb_levels: Vec<RawLevel<RawIsvSvn<u16>>>,
}

const MALFORMED: EvidenceError = EvidenceError::CollateralMalformed("QE identity");

/// MRSIGNER of the quoting enclave for SGX, as every published identity has it.
const SGX_SIGNER: [u8; 32] = [
    0x8c, 0x4f, 0x57, 0x75, 0xd7, 0x96, 0x50, 0x3e, 0x96, 0x13, 0x7f, 0x77, 0xc6, 0x8a, 0x82, 0x9a,
    0x00, 0x56, 0xac, 0x8d, 0xed, 0x70, 0x14, 0x0b, 0x08, 0x1b, 0x09, 0x44, 0x90, 0xc5, 0x7b, 0xff,
];
/// MRSIGNER of the quoting enclave for TDX.
const TDX_SIGNER: [u8; 32] = [
    0xdc, 0x9e, 0x2a, 0x7c, 0x6f, 0x94, 0x8f, 0x17, 0x47, 0x4e, 0x34, 0xa7, 0xfc, 0x43, 0xed, 0x03,
    0x0f, 0x7c, 0x15, 0x63, 0xf1, 0xba, 0xbd, 0xdf, 0x63, 0x40, 0xc8, 0x2e, 0x0e, 0x54, 0xa8, 0xc5,
];
