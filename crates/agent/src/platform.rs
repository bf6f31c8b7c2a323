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
