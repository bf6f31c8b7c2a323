//! Evidence from the platform: what it measured, over data that the agent chose.

use domain::claims::{HostData, ReportData};
use evidence::snp::{Report, SnpEvidence};

use crate::AgentError;
use crate::disks::GivenManifest;

mod configfs;
mod emulated;

pub use configfs::ConfigfsTsm;
pub use emulated::EmulatedPort;

/// What makes evidence: the kernel's configfs-tsm, or the emulated platform's port.
pub trait Platform {
    /// A report over `report_data`, with the certificates under it.
    ///
    /// # Errors
    /// [`AgentError::System`] or [`AgentError::Evidence`].
    fn evidence(&mut self, report_data: ReportData) -> Result<SnpEvidence, AgentError>;
}

/// The platform of this guest. Hardware goes first: a host that adds the emulated platform's port
/// to a confidential guest changes nothing, and evidence of the emulated platform is refused by
/// everyone who does not expect it.
///
/// # Errors
/// [`AgentError::NoPlatform`].
pub fn find() -> Result<Box<dyn Platform>, AgentError> {
    if let Some(hardware) = ConfigfsTsm::open() {
        return Ok(Box::new(hardware));
    }
    match EmulatedPort::open() {
        Some(port) => Ok(Box::new(port)),
        None => Err(AgentError::NoPlatform),
    }
}

/// A platform whose reports name the launch manifest that the agent holds.
///
/// The agent cannot verify the report's signature (the host carries its certificates, and the broker
/// does it anyway); on real hardware it does not come through the host.
pub struct Measured {
    platform: Box<dyn Platform>,
    host_data: HostData,
}

impl std::fmt::Debug for Measured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Measured({:?})", self.host_data)
    }
}

impl Measured {
    /// Takes a first report and compares its HOST_DATA with the manifest's digest.
    ///
    /// # Errors
    /// [`AgentError::ManifestNotMeasured`], and what [`Measured::evidence`] gives.
    pub fn check(platform: Box<dyn Platform>, given: &GivenManifest) -> Result<Self, AgentError> {
        let mut measured = Self { platform, host_data: HostData::from(given.digest) };
        // Nobody accepts this report for anything: it answers no nonce and binds no package.
        measured.evidence(ReportData::from_bytes([0; 64]))?;
        Ok(measured)
    }

    /// Evidence over `report_data` for this manifest.
    ///
    /// # Errors
    /// [`AgentError::ManifestNotMeasured`], [`AgentError::PlatformReportData`], and what
    /// [`Platform::evidence`] gives.
    pub fn evidence(&mut self, report_data: ReportData) -> Result<SnpEvidence, AgentError> {
        let evidence = self.platform.evidence(report_data)?;
        let report = Report::parse(&evidence.report).map_err(AgentError::Evidence)?;
        if report.host_data != self.host_data {
            return Err(AgentError::ManifestNotMeasured);
        }
        if report.report_data != report_data {
            return Err(AgentError::PlatformReportData);
        }
        Ok(evidence)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::testing::given;
    use domain::Reason as _;

    /// A platform whose reports are well-formed and unsigned.
    pub(crate) struct Fake {
        pub(crate) host_data: HostData,
        pub(crate) stale: bool,
    }

    impl Platform for Fake {
        fn evidence(&mut self, report_data: ReportData) -> Result<SnpEvidence, AgentError> {
            // AMD 56860 §7.3, ATTESTATION_REPORT: VERSION, REPORT_DATA, HOST_DATA.
            let mut report = vec![0; 1184];
            report[0] = 2;
            report[0x0A] = 3; // the reserved bit of POLICY that must be one, and SMT
            report[0x34] = 1; // SIGNATURE_ALGO: ECDSA P-384
            if !self.stale {
                report[0x50..0x90].copy_from_slice(report_data.as_bytes());
            }
            report[0xC0..0xE0].copy_from_slice(self.host_data.as_bytes());
            Ok(SnpEvidence { report, vek: vec![1], ask: vec![2] })
        }
    }

    fn check(host_data: HostData, stale: bool) -> Result<Measured, AgentError> {
        Measured::check(Box::new(Fake { host_data, stale }), &given())
    }

    #[test]
    fn only_the_measured_manifest_goes_on() {
        let mut measured = check(HostData::from(given().digest), false).unwrap();
        let evidence = measured.evidence(ReportData::from_bytes([7; 64])).unwrap();
        assert_eq!(evidence.report[0x50..0x90], [7; 64]);
        let refused = check(HostData::from_bytes([0; 32]), false).unwrap_err();
        assert_eq!(refused.reason(), "guest.manifest-not-measured");
    }

    #[test]
    fn a_report_over_other_data_is_refused() {
        let mut stale = check(HostData::from(given().digest), true).unwrap();
        let refused = stale.evidence(ReportData::from_bytes([7; 64])).unwrap_err();
        assert_eq!(refused.reason(), "guest.platform-report-data");
    }
}
