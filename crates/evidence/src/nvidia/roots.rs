//! The two roots of NVIDIA: one for devices, one for reference manifests.

use domain::claims::Trust;
use x509_cert::der::Document;

use crate::EvidenceError;
use crate::signatures::KnownSignatures;
use crate::snp::EMULATED_MARKER;
use crate::x509::{COMMON_NAME, Certificate, ORGANIZATION, attribute};

/// The roots that evidence and reference manifests may chain up to. Roots that come with them are
/// never looked at.
#[derive(Clone, Debug)]
pub struct Roots {
    pub(super) device: Certificate,
    pub(super) manifests: Certificate,
    pub(super) trust: Trust,
}

impl Roots {
    /// NVIDIA's published roots (`attestation/roots/nvidia`).
    ///
    /// # Errors
    /// [`EvidenceError::Malformed`] never in practice: a test reads both.
    pub fn nvidia() -> Result<Self, EvidenceError> {
        Ok(Self { device: pem(DEVICE)?, manifests: pem(MANIFESTS)?, trust: Trust::Hardware })
    }

    /// The roots of an emulated vendor, as DER. Claims under them say [`Trust::Emulated`].
    ///
    /// # Errors
    /// [`EvidenceError::Malformed`] if one is not a certificate whose organisation is
    /// [`EMULATED_MARKER`], [`EvidenceError::Chain`] if it is not a self-signed authority.
    pub fn emulated(device: &[u8], manifests: &[u8]) -> Result<Self, EvidenceError> {
        let (device, manifests) = (emulated(device)?, emulated(manifests)?);
        Ok(Self { device, manifests, trust: Trust::Emulated })
    }
}

fn emulated(der: &[u8]) -> Result<Certificate, EvidenceError> {
    let certificate = Certificate::from_der(der)?;
    if attribute(certificate.subject(), ORGANIZATION) != Some(EMULATED_MARKER) {
        return Err(EvidenceError::Malformed("emulated root"));
    }
    certificate.is_authority()?;
    certificate.signed_by(&certificate, &mut KnownSignatures::default())?;
    Ok(certificate)
}

pub(super) fn says_emulated(certificate: &Certificate) -> bool {
    [certificate.subject(), certificate.issuer()].into_iter().any(|name| {
        [ORGANIZATION, COMMON_NAME]
            .into_iter()
            .any(|kind| attribute(name, kind).is_some_and(|text| text.contains(EMULATED_MARKER)))
    })
}

fn pem(text: &str) -> Result<Certificate, EvidenceError> {
    let (_, der) = Document::from_pem(text).map_err(|_| EvidenceError::Malformed("root"))?;
    Certificate::from_der(der.as_bytes())
}

const DEVICE: &str = include_str!("../../../../attestation/roots/nvidia/device.pem");
const MANIFESTS: &str =
    include_str!("../../../../attestation/roots/nvidia/reference-manifests.pem");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_roots_sign_themselves() {
        let roots = Roots::nvidia().unwrap();
        for root in [roots.device, roots.manifests] {
            root.is_authority().unwrap();
            root.signed_by(&root, &mut KnownSignatures::default()).unwrap();
        }
    }

    #[test]
    fn a_root_of_nvidia_is_not_an_emulated_one() {
        let (_, der) = Document::from_pem(DEVICE).unwrap();
        assert_eq!(
            Roots::emulated(der.as_bytes(), der.as_bytes()).unwrap_err(),
            EvidenceError::Malformed("emulated root")
        );
    }
}
