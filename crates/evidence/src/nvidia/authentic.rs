//! Evidence whose signatures hold, and what else there is to say about it.

use domain::Timestamp;

use super::chain::Path;
use super::claims::{GpuClaims, Setting};
use super::device::Device;
use super::rim::{Component, Manifest, compare};
use super::spdm::Report;
use super::{GpuEvidence, Roots};
use crate::EvidenceError;
use crate::error::refuse_if;

/// Evidence that the pinned root vouches for.
pub(super) struct Authentic {
    pub(super) claims: GpuClaims,
    states_firmware: bool,
    validity: Result<(), EvidenceError>,
}

impl Authentic {
    pub(super) fn check(
        evidence: &GpuEvidence,
        roots: &Roots,
        at: Timestamp,
    ) -> Result<Self, EvidenceError> {
        let report = Report::parse(&evidence.report)?;
        let path = Path::verify(&evidence.certificates, &roots.device)?;
        let device = Device::of(path.leaf())?;
        if !path.signed(&report.signed, &report.signature) {
            return Err(EvidenceError::Signature);
        }
        let stated = report.opaque.firmware_id;
        refuse_if(
            stated.is_some_and(|stated| stated != device.firmware_id),
            EvidenceError::GpuFirmwareId,
        )?;
        let claims = claims(report, device, roots);
        evidence.stated.check(&claims)?;
        Ok(Self { claims, states_firmware: stated.is_some(), validity: path.valid_at(at) })
    }

    /// What is wrong with authentic evidence whatever the deployment, worst first.
    pub(super) fn findings(&self) -> Vec<EvidenceError> {
        self.validity.err().into_iter().collect()
    }

    /// Whether the report says which firmware made it. The certificate always does, and is enough
    /// for authenticity: the key is derived from that firmware.
    pub(super) fn states_firmware(&self) -> Result<(), EvidenceError> {
        refuse_if(!self.states_firmware, EvidenceError::GpuFirmwareIdMissing)
    }

    /// Compares the measurements with `manifests`; answers with what speaks against those at `at`,
    /// and whether something was not compared.
    pub(super) fn compare(
        &mut self,
        manifests: &[Manifest],
        at: Timestamp,
    ) -> Result<Compared, EvidenceError> {
        let claims = &self.claims;
        let mut components = manifests
            .iter()
            .map(|manifest| manifest.component(claims))
            .collect::<Result<Vec<_>, _>>()?;
        components.sort_unstable();
        refuse_if(
            components.windows(2).any(|two| two.first() == two.last()),
            EvidenceError::GpuRimConflict,
        )?;
        compare(manifests, claims)?;
        // A switch runs no driver.
        let complete = match claims.driver_version {
            Some(_) => components == [Component::Driver, Component::Vbios],
            None => components == [Component::Vbios],
        };
        let validity = manifests.iter().try_for_each(|manifest| manifest.valid_at(at));
        self.claims.compared_with = manifests.iter().map(Manifest::summary).collect();
        Ok(Compared { validity, complete: refuse_if(!complete, EvidenceError::GpuRimMissing) })
    }
}

/// How a comparison went that found no difference.
pub(super) struct Compared {
    /// Whether the manifests were valid at the time.
    pub(super) validity: Result<(), EvidenceError>,
    /// Whether there was a manifest of each component.
    pub(super) complete: Result<(), EvidenceError>,
}

fn claims(report: Report, device: Device, roots: &Roots) -> GpuClaims {
    let opaque = report.opaque;
    GpuClaims {
        trust: roots.trust,
        architecture: device.architecture,
        product: device.product,
        device: device.id,
        nonce: report.nonce,
        firmware_id: device.firmware_id,
        driver_version: opaque.driver_version,
        vbios_version: opaque.vbios_version,
        protected_pcie: opaque.protected_pcie,
        feature: opaque.feature,
        nvdec0: opaque.nvdec0,
        board: opaque.board,
        measurements: report.measurements,
        compared_with: Vec::new(),
        unread_fields: opaque.unread,
    }
}

/// Checks that the links between GPUs are `expected`. A report that does not say is refused.
pub(super) fn check_links(claims: &GpuClaims, expected: Setting) -> Result<(), EvidenceError> {
    refuse_if(claims.protected_pcie != Some(expected), EvidenceError::GpuMode)
}
