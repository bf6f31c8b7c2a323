//! The TDX module's own report inside the HCL's: TDREPORT_STRUCT (Intel TDX Module ABI, "TDREPORT_STRUCT").
//!
//! Its MAC means something on its own machine only. It is here because the HCL keeps it: the quote is
//! made from it, so both say the same.

use aws_lc_rs::digest::{SHA384, digest};
use domain::claims::tdx::{TdReport, TdUpdate};
use domain::claims::{
    ConfigId, Measurement, ModuleMeasurement, ModuleSigner, OwnerConfig, OwnerId, ReportData,
    RuntimeMeasurement, SeamAttributes, ServiceTd, TdAttributes, TeeTcbSvn, Xfam,
};

use super::fields::Fields;
use crate::EvidenceError;

/// Checks that `report` is one of a TDX guest, and that it says what the authentic `quoted` says.
pub(super) fn same_guest(report: &[u8], quoted: &TdReport) -> Result<(), EvidenceError> {
    let (mac, rest) = report.split_at_checked(MAC_LENGTH).ok_or(MALFORMED)?;
    let (tcb, rest) = rest.split_at_checked(TCB_LENGTH).ok_or(MALFORMED)?;
    let (reserved, guest) = rest.split_at_checked(17).ok_or(MALFORMED)?;
    let mut fields = Fields::new(mac, WHAT);
    let [kind, _subtype, _version, unused] = fields.array()?;
    let more_reserved: [u8; 12] = fields.array()?;
    let mut reserved = reserved.iter().chain(&more_reserved);
    if kind != TDX || unused != 0 || reserved.any(|byte| *byte != 0) {
        return Err(MALFORMED);
    }
    let _cpu_svn = fields.bytes(16)?;
    let hashes: [[u8; 48]; 2] = [fields.array()?, fields.array()?];
    let report_data = ReportData::from_bytes(fields.array()?);
    for (part, hash) in [tcb, guest].into_iter().zip(hashes) {
        if digest(&SHA384, part).as_ref() != hash {
            return Err(EvidenceError::AzureTdReport);
        }
    }
    let told = td_report(tcb, guest, report_data, quoted)?;
    if told == *quoted { Ok(()) } else { Err(EvidenceError::AzureTdReport) }
}

/// TEE_TCB_INFO and TDINFO as a quote has them; what a quote need not have is taken over from `like`.
fn td_report(
    tcb: &[u8],
    guest: &[u8],
    report_data: ReportData,
    like: &TdReport,
) -> Result<TdReport, EvidenceError> {
    let mut tcb = Fields::new(tcb, WHAT);
    let mut guest = Fields::new(guest, WHAT);
    let _valid = tcb.bytes(8)?;
    let mut report = TdReport {
        quote_version: like.quote_version,
        tee_tcb_svn: TeeTcbSvn::from_bytes(tcb.array()?),
        mrseam: ModuleMeasurement::from_bytes(tcb.array()?),
        mrsignerseam: ModuleSigner::from_bytes(tcb.array()?),
        seam_attributes: SeamAttributes::new(u64::from_le_bytes(tcb.array()?)),
        td_attributes: TdAttributes::new(u64::from_le_bytes(guest.array()?)),
        xfam: Xfam::new(u64::from_le_bytes(guest.array()?)),
        mrtd: Measurement::from_bytes(guest.array()?),
        mrconfigid: ConfigId::from_bytes(guest.array()?),
        mrowner: OwnerId::from_bytes(guest.array()?),
        mrownerconfig: OwnerConfig::from_bytes(guest.array()?),
        rtmrs: [
            RuntimeMeasurement::from_bytes(guest.array()?),
            RuntimeMeasurement::from_bytes(guest.array()?),
            RuntimeMeasurement::from_bytes(guest.array()?),
            RuntimeMeasurement::from_bytes(guest.array()?),
        ],
        report_data,
        update: None,
    };
    if like.update.is_some() {
        report.update = Some(TdUpdate {
            tee_tcb_svn2: TeeTcbSvn::from_bytes(tcb.array()?),
            mrservicetd: ServiceTd::from_bytes(guest.array()?),
        });
    }
    Ok(report)
}

const WHAT: &str = "TDX report";
const MALFORMED: EvidenceError = EvidenceError::Malformed(WHAT);
/// TYPE of REPORTTYPE.
const TDX: u8 = 0x81;
/// REPORTMACSTRUCT.
const MAC_LENGTH: usize = 256;
/// TEE_TCB_INFO.
const TCB_LENGTH: usize = 239;
