//! NVIDIA devices: attestation reports of Hopper and Blackwell GPUs (and of the switches between
//! them), the certificates that vouch for their keys, and NVIDIA's reference manifests, all offline.
//!
//! [`verify`] decides on one GPU; its `Verified<GpuClaims>` is of no use to a key release, which
//! needs the evidence of a guest. [`inspect`] says whether evidence is authentic and what is wrong
//! with it; its result opens nothing.

mod authentic;
mod chain;
mod claims;
mod device;
mod expected;
mod input;
mod opaque;
mod rim;
mod roots;
mod spdm;

use domain::{Timestamp, Verified};

use crate::EvidenceError;
use crate::error::refuse_if;
pub use crate::snp::Profile;
use authentic::Authentic;
pub use claims::{
    Architecture, Board, ComparedWith, DeviceId, Feature, FirmwareId, GpuClaims, GpuMeasurement,
    Mismatches, Nonce, Setting,
};
pub use expected::{Devices, Expected, References};
pub use input::{GpuEvidence, Stated, read_evidence};
use rim::{Component, Manifest};
pub use roots::Roots;

/// Decides whether `evidence` shows what is `expected` at the time `at`, under the given `roots` and
/// reference manifests.
///
/// # Errors
/// The first check that fails, in this order:
/// 1. the report is well-formed: SPDM 1.1, all measurements requested, signed;
/// 2. the certificates lead from the pinned root to one key, by name, signature, basic constraints
///    and key usage, without unknown critical extensions;
/// 3. the key's certificate names an NVIDIA device of a known architecture and its firmware;
/// 4. that key signed request and answer;
/// 5. the report states the same firmware;
/// 6. architecture, nonce and versions written beside the report are the report's;
/// 7. certificates are valid at `at`;
/// 8. architecture, nonce, links and device are expected ones;
/// 9. both manifests are signed under their pinned root, valid at `at`, and for the reported driver
///    and VBIOS;
/// 10. every active measurement has one of the manifests' values.
pub fn verify(
    evidence: &GpuEvidence,
    expected: &Expected,
    references: References<'_>,
    roots: &Roots,
    at: Timestamp,
) -> Result<Verified<GpuClaims>, EvidenceError> {
    let mut authentic = Authentic::check(evidence, roots, at)?;
    authentic.states_firmware()?;
    if let Some(finding) = authentic.findings().first() {
        return Err(*finding);
    }
    expected.check(&authentic.claims)?;
    let driver = Manifest::verify(references.driver, &roots.manifests)?;
    let vbios = Manifest::verify(references.vbios, &roots.manifests)?;
    for (manifest, component) in [(&driver, Component::Driver), (&vbios, Component::Vbios)] {
        let right = manifest.component(&authentic.claims)? == component;
        refuse_if(!right, EvidenceError::GpuRimVersion)?;
    }
    let compared = authentic.compare(&[driver, vbios], at)?;
    compared.validity?;
    compared.complete?;
    Ok(Verified::assertion(authentic.claims))
}

/// Says whether `evidence` is authentic at the time `at`, whether its measurements are those of the
/// reference manifests that are given, and what else is wrong with it apart from values that only a
/// deployment knows.
///
/// # Errors
/// What [`verify`] refuses in its steps 1 to 4 and 6, another stated firmware, and a given manifest
/// that is not signed under its root, is for another version, or has other values. Under
/// [`Profile::Production`] also dates.
pub fn inspect(
    evidence: &GpuEvidence,
    references: &[&[u8]],
    profile: Profile,
    roots: &Roots,
    at: Timestamp,
) -> Result<Inspected, EvidenceError> {
    let mut authentic = Authentic::check(evidence, roots, at)?;
    let mut warnings = authentic.findings();
    let manifests = references
        .iter()
        .map(|bytes| Manifest::verify(bytes, &roots.manifests))
        .collect::<Result<Vec<_>, _>>()?;
    let compared = authentic.compare(&manifests, at)?;
    warnings.extend(compared.validity.err());
    if let (Profile::Production, Some(finding)) = (profile, warnings.first()) {
        return Err(*finding);
    }
    warnings.extend(authentic.states_firmware().err());
    warnings.extend(compared.complete.err());
    // NVIDIA answers about revocation online only (OCSP), so that nothing here can.
    warnings.push(EvidenceError::CrlNotChecked);
    Ok(Inspected { claims: authentic.claims, warnings })
}

/// Inspects the evidence of all devices of one machine, as one file holds it.
///
/// # Errors
/// What [`inspect`] refuses about any of them. A device that appears twice is warned of.
pub fn inspect_all(
    evidence: &[GpuEvidence],
    references: &[&[u8]],
    profile: Profile,
    roots: &Roots,
    at: Timestamp,
) -> Result<Vec<Inspected>, EvidenceError> {
    let mut devices = std::collections::BTreeSet::new();
    let mut inspected = Vec::new();
    for one in evidence {
        let mut one = inspect(one, references, profile, roots, at)?;
        if !devices.insert(one.claims.device) {
            one.warnings.push(EvidenceError::GpuDuplicate);
        }
        inspected.push(one);
    }
    Ok(inspected)
}

/// Authentic evidence. Unlike `Verified<GpuClaims>` it was compared with no expected value and opens
/// nothing.
#[derive(Clone, Debug)]
pub struct Inspected {
    claims: GpuClaims,
    warnings: Vec<EvidenceError>,
}

impl Inspected {
    /// What the evidence says.
    #[must_use]
    pub const fn claims(&self) -> &GpuClaims {
        &self.claims
    }

    /// What [`verify`] would refuse, or could not check.
    #[must_use]
    pub fn warnings(&self) -> &[EvidenceError] {
        &self.warnings
    }
}
