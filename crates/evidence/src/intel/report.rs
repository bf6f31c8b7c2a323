//! The bodies of quotes.

use domain::claims::sgx::EnclaveReport;
use domain::claims::tdx::{TdReport, TdUpdate};
use domain::claims::{
    ConfigId, CpuSvn, EnclaveAttributes, EnclaveConfigId, EnclaveMeasurement, EnclaveSigner,
    FamilyId, ImageId, Measurement, ModuleMeasurement, ModuleSigner, OwnerConfig, OwnerId,
    ReportData, RuntimeMeasurement, SeamAttributes, ServiceTd, TdAttributes, TeeTcbSvn, Xfam,
};

use super::fields::Fields;
use crate::EvidenceError;

/// Length of REPORTBODY.
pub(super) const ENCLAVE_REPORT_LENGTH: usize = 384;
/// Length of the TD report that TDX 1.0 quotes hold.
pub(super) const TD_REPORT_LENGTH: usize = 584;
/// Length of the TD report that TDX 1.5 quotes hold.
pub(super) const TD_REPORT_15_LENGTH: usize = 648;

/// REPORTBODY (Intel SDM volume 3D; `sgx_report_body_t` in Intel's SDK).
pub(super) fn enclave_report(fields: &mut Fields<'_>) -> Result<EnclaveReport, EvidenceError> {
    let cpu_svn = CpuSvn::from_bytes(fields.array()?);
    let misc_select = fields.u32()?;
    fields.reserved(12)?;
    let isv_ext_prod_id = ImageId::from_bytes(fields.array()?);
    let attributes = EnclaveAttributes::from_bytes(fields.array()?);
    let mrenclave = EnclaveMeasurement::from_bytes(fields.array()?);
    fields.reserved(32)?;
    let mrsigner = EnclaveSigner::from_bytes(fields.array()?);
    fields.reserved(32)?;
    let config_id = EnclaveConfigId::from_bytes(fields.array()?);
    let (isv_prod_id, isv_svn, config_svn) = (fields.u16()?, fields.u16()?, fields.u16()?);
    fields.reserved(42)?;
    Ok(EnclaveReport {
        cpu_svn,
        misc_select,
        isv_ext_prod_id,
        attributes,
        mrenclave,
        mrsigner,
        config_id,
        isv_prod_id,
        isv_svn,
        config_svn,
        isv_family_id: FamilyId::from_bytes(fields.array()?),
        report_data: ReportData::from_bytes(fields.array()?),
    })
}

/// The TD report of TDX 1.0 (`sgx_report2_body_t` in Intel's headers).
pub(super) fn td_report(
    fields: &mut Fields<'_>,
    quote_version: u16,
) -> Result<TdReport, EvidenceError> {
    Ok(TdReport {
        quote_version,
        tee_tcb_svn: TeeTcbSvn::from_bytes(fields.array()?),
        mrseam: ModuleMeasurement::from_bytes(fields.array()?),
        mrsignerseam: ModuleSigner::from_bytes(fields.array()?),
        seam_attributes: SeamAttributes::new(fields.u64()?),
        td_attributes: TdAttributes::new(fields.u64()?),
        xfam: Xfam::new(fields.u64()?),
        mrtd: Measurement::from_bytes(fields.array()?),
        mrconfigid: ConfigId::from_bytes(fields.array()?),
        mrowner: OwnerId::from_bytes(fields.array()?),
        mrownerconfig: OwnerConfig::from_bytes(fields.array()?),
        rtmrs: [
            RuntimeMeasurement::from_bytes(fields.array()?),
            RuntimeMeasurement::from_bytes(fields.array()?),
            RuntimeMeasurement::from_bytes(fields.array()?),
            RuntimeMeasurement::from_bytes(fields.array()?),
        ],
        report_data: ReportData::from_bytes(fields.array()?),
        update: None,
    })
}

/// The TD report of TDX 1.5 (`sgx_report2_body_v1_5_t` in Intel's headers).
pub(super) fn td_report_15(
    fields: &mut Fields<'_>,
    quote_version: u16,
) -> Result<TdReport, EvidenceError> {
    let report = td_report(fields, quote_version)?;
    let update = TdUpdate {
        tee_tcb_svn2: TeeTcbSvn::from_bytes(fields.array()?),
        mrservicetd: ServiceTd::from_bytes(fields.array()?),
    };
    Ok(TdReport { update: Some(update), ..report })
}
