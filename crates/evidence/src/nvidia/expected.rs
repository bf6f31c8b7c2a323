//! What evidence is compared with. Nothing here is optional.

use std::collections::BTreeSet;

use super::authentic::check_links;
use super::claims::{Architecture, DeviceId, GpuClaims, Nonce, Setting};
use crate::EvidenceError;
use crate::error::refuse_if;

/// The values that a decision needs the evidence to show.
#[derive(Clone, Debug)]
pub struct Expected {
    /// What the verifier put into its request.
    pub nonce: Nonce,
    /// Which generation of GPUs. A switch is none, whatever stands here.
    pub architecture: Architecture,
    /// Devices that are allowed.
    pub devices: Devices,
    /// Whether GPUs and switches are joined by links in the clear, which then need evidence of the
    /// switches too.
    pub protected_pcie: Setting,
}

impl Expected {
    pub(super) fn check(&self, claims: &GpuClaims) -> Result<(), EvidenceError> {
        let right =
            claims.architecture == self.architecture && claims.architecture != Architecture::Ls10;
        refuse_if(!right, EvidenceError::GpuArchitecture)?;
        refuse_if(claims.nonce != self.nonce, EvidenceError::GpuNonce)?;
        check_links(claims, self.protected_pcie)?;
        refuse_if(!self.devices.allow(claims.device), EvidenceError::ChipNotAllowed)
    }
}

/// Which devices may be used.
#[derive(Clone, Debug)]
pub enum Devices {
    /// Every device that the root vouches for.
    Any,
    /// These only.
    Listed(BTreeSet<DeviceId>),
}

impl Devices {
    fn allow(&self, device: DeviceId) -> bool {
        match self {
            Self::Any => true,
            Self::Listed(devices) => devices.contains(&device),
        }
    }
}

/// NVIDIA's reference manifests for the versions that the device reports, as XML. Both are required.
#[derive(Clone, Copy, Debug)]
pub struct References<'a> {
    /// That of the driver.
    pub driver: &'a [u8],
    /// That of the VBIOS.
    pub vbios: &'a [u8],
}
