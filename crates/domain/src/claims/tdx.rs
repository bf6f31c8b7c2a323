//! What a TDX quote says about a guest. Names and meanings follow Intel's "Intel TDX DCAP Quoting
//! Library API", appendix A, and the TDX Module ABI (348551).

use serde::{Deserialize, Serialize};

use super::intel::{IntelPlatform, TcbAssessment};
use super::{
    ConfigId, Measurement, ModuleMeasurement, ModuleSigner, OwnerConfig, OwnerId, ReportData,
    RuntimeMeasurement, SeamAttributes, ServiceTd, TdAttributes, TeeTcbSvn, Xfam,
};

/// What verified TDX evidence says. Another type than [`super::Claims`]: what holds it has no
/// `Verified<Claims>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TdxClaims {
    /// The platform.
    pub platform: IntelPlatform,
    /// How good its firmware is.
    pub tcb: TcbAssessment,
    /// The guest.
    pub report: TdReport,
}

/// The body of a TDX quote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TdReport {
    /// Version of the quote's format.
    pub quote_version: u16,
    /// TEE_TCB_SVN: versions of the module and the platform when the guest was launched.
    pub tee_tcb_svn: TeeTcbSvn,
    /// Measurement of the TDX module.
    pub mrseam: ModuleMeasurement,
    /// Signer of the TDX module.
    pub mrsignerseam: ModuleSigner,
    /// Attributes of the TDX module.
    pub seam_attributes: SeamAttributes,
    /// What the host may do to the guest.
    pub td_attributes: TdAttributes,
    /// Processor features that the guest may use.
    pub xfam: Xfam,
    /// MRTD: measurement of the guest's initial contents.
    pub mrtd: Measurement,
    /// MRCONFIGID: what the host bound at launch.
    pub mrconfigid: ConfigId,
    /// MROWNER.
    pub mrowner: OwnerId,
    /// MROWNERCONFIG.
    pub mrownerconfig: OwnerConfig,
    /// RTMR0 to RTMR3.
    pub rtmrs: [RuntimeMeasurement; 4],
    /// REPORTDATA: what the guest bound when it asked for the quote.
    pub report_data: ReportData,
    /// What TDX 1.5 adds.
    pub update: Option<TdUpdate>,
}

/// What TDX 1.5 adds to the body of a quote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TdUpdate {
    /// TEE_TCB_SVN2: versions of the module and the platform now.
    pub tee_tcb_svn2: TeeTcbSvn,
    /// MR_SERVICETD: measurement of the service guests that are bound to the guest.
    pub mrservicetd: ServiceTd,
}
