//! What evidence of a TDX guest is compared with. Nothing here is optional.

use std::collections::BTreeSet;

use domain::claims::tdx::TdxClaims;
use domain::claims::{
    ConfigId, Fmspc, ModuleMeasurement, OwnerConfig, OwnerId, Ppid, ReportData, RuntimeMeasurement,
    TdAttributes, Xfam,
};

use super::policy::TcbPolicy;
use crate::EvidenceError;
use crate::error::refuse_if;
use crate::snp::Measurements;

/// The values that a release needs the evidence to show.
#[derive(Clone, Debug)]
pub struct Expected {
    /// The guest, and where it runs.
    pub guest: ExpectedGuest,
    /// REPORTDATA: what the guest must have bound to this quote.
    pub report_data: ReportData,
}

/// All of them but REPORTDATA, which behind a virtual TPM follows from the evidence. Besides them, and not configurable:
/// debugging and profiling off, not migratable, no service guest, no exceptions on pending memory,
/// no reserved attribute, nothing revoked, collateral complete and current.
#[derive(Clone, Debug)]
pub struct ExpectedGuest {
    /// MRTD, one of which must match.
    pub measurements: Measurements,
    /// RTMR0 to RTMR3.
    pub rtmrs: [RuntimeMeasurement; 4],
    /// MRCONFIGID: what the host must have bound at launch.
    pub config_id: ConfigId,
    /// MROWNER.
    pub owner: OwnerId,
    /// MROWNERCONFIG.
    pub owner_config: OwnerConfig,
    /// ATTRIBUTES, all 64 bits.
    pub td_attributes: TdAttributes,
    /// XFAM, all 64 bits.
    pub xfam: Xfam,
    /// TDX modules (MRSEAM) that are allowed.
    pub modules: Allowed<ModuleMeasurement>,
    /// Processor families (FMSPC) that are allowed.
    pub families: Allowed<Fmspc>,
    /// Platforms (PPID) that are allowed.
    pub platforms: Allowed<Ppid>,
    /// Which TCB is good enough.
    pub tcb: TcbPolicy,
}

impl ExpectedGuest {
    /// Step 5 of Intel's: the guest is the expected one.
    pub(super) fn check(
        &self,
        claims: &TdxClaims,
        report_data: &ReportData,
    ) -> Result<(), EvidenceError> {
        let report = &claims.report;
        let platform = &claims.platform;
        refuse_if(!self.measurements.contain(&report.mrtd), EvidenceError::Measurement)?;
        for (number, (expected, measured)) in (0..).zip(self.rtmrs.iter().zip(&report.rtmrs)) {
            refuse_if(expected != measured, EvidenceError::RuntimeMeasurement(number))?;
        }
        refuse_if(report.mrconfigid != self.config_id, EvidenceError::MrConfigId)?;
        refuse_if(report.mrowner != self.owner, EvidenceError::MrOwner)?;
        refuse_if(report.mrownerconfig != self.owner_config, EvidenceError::MrOwnerConfig)?;
        refuse_if(report.report_data != *report_data, EvidenceError::ReportData)?;
        refuse_if(report.td_attributes != self.td_attributes, EvidenceError::TdAttributes)?;
        refuse_if(report.xfam != self.xfam, EvidenceError::Xfam)?;
        refuse_if(!self.modules.contain(&report.mrseam), EvidenceError::MrSeam)?;
        refuse_if(!self.families.contain(&platform.fmspc), EvidenceError::FmspcNotAllowed)?;
        refuse_if(!self.platforms.contain(&platform.ppid), EvidenceError::ChipNotAllowed)
    }
}

/// Which values are allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allowed<T> {
    /// Every one that the root and the collateral vouch for.
    Any,
    /// These only.
    Listed(BTreeSet<T>),
}

impl<T: Ord> Allowed<T> {
    pub(super) fn contain(&self, value: &T) -> bool {
        match self {
            Self::Any => true,
            Self::Listed(listed) => listed.contains(value),
        }
    }
}
