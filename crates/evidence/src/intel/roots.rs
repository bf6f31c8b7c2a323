//! The root that a chain may end in.

use domain::claims::Trust;

use crate::EvidenceError;
use crate::pem;
use crate::signatures::KnownSignatures;
use crate::snp::EMULATED_MARKER;
use crate::x509::{COMMON_NAME, Certificate, ORGANIZATION, attribute};

/// The root that evidence must chain up to. Roots that come with evidence or collateral are never
/// looked at.
#[derive(Clone, Debug)]
pub struct Root {
    pub(super) certificate: Certificate,
    pub(super) trust: Trust,
}

impl Root {
    /// Intel's published root, "Intel SGX Root CA" (`attestation/roots/intel/root.pem`).
    ///
    /// # Errors
    /// [`EvidenceError::Malformed`] never in practice: a test reads the file.
    pub fn intel() -> Result<Self, EvidenceError> {
        const PEM: &[u8] = include_bytes!("../../../../attestation/roots/intel/root.pem");
        let certificates = pem::certificates(PEM)?;
        let der = certificates.first().ok_or(EvidenceError::Malformed("root"))?;
        Ok(Self { certificate: Certificate::from_der(der)?, trust: Trust::Hardware })
    }

    /// The root of one emulated platform. What it vouches for says [`Trust::Emulated`].
    ///
    /// # Errors
    /// [`EvidenceError::Malformed`] if `der` is not a certificate whose organisation is
    /// [`EMULATED_MARKER`], [`EvidenceError::Chain`] if it is not self-signed.
    pub fn emulated(der: &[u8]) -> Result<Self, EvidenceError> {
        let certificate = Certificate::from_der(der)?;
        if attribute(certificate.subject(), ORGANIZATION) != Some(EMULATED_MARKER) {
            return Err(EvidenceError::Malformed("emulated root"));
        }
        certificate.is_authority()?;
        certificate.signed_by(&certificate, &mut KnownSignatures::default())?;
        Ok(Self { certificate, trust: Trust::Emulated })
    }

    /// Checks that the root issued `certificate`.
    ///
    /// # Errors
    /// [`EvidenceError::EmulatedPlatform`] or [`EvidenceError::UnknownRoot`] if another root is
    /// named, [`EvidenceError::Chain`] if the signature does not verify.
    pub(super) fn issued(
        &self,
        certificate: &Certificate,
        known: &mut KnownSignatures,
    ) -> Result<(), EvidenceError> {
        if certificate.issuer() != self.certificate.subject() {
            let organization = attribute(certificate.issuer(), ORGANIZATION);
            return Err(match organization {
                Some(EMULATED_MARKER) => EvidenceError::EmulatedPlatform,
                _ => EvidenceError::UnknownRoot,
            });
        }
        certificate.signed_by(&self.certificate, known)
    }

    /// Whether `certificate` has the common name `name` and the root's organisation.
    pub(super) fn names(&self, certificate: &Certificate, name: &str) -> bool {
        let organization = attribute(self.certificate.subject(), ORGANIZATION);
        attribute(certificate.subject(), COMMON_NAME) == Some(name)
            && attribute(certificate.subject(), ORGANIZATION) == organization
    }
}

/// Intel's published signing certificates of collateral: only a convenience where collateral comes
/// without its chain, verified under the root like one that was sent.
pub(super) fn published_signers() -> Result<Vec<Vec<u8>>, EvidenceError> {
    pem::certificates(include_bytes!("../../../../attestation/roots/intel/tcb-signing.pem"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_root_signs_itself_and_the_signers() {
        let root = Root::intel().unwrap();
        let mut known = KnownSignatures::default();
        root.certificate.signed_by(&root.certificate, &mut known).unwrap();
        root.certificate.is_authority().unwrap();
        let signers = published_signers().unwrap();
        assert_eq!(signers.len(), 2);
        for der in signers {
            let signer = Certificate::from_der(&der).unwrap();
            root.issued(&signer, &mut known).unwrap();
            signer.is_end_entity().unwrap();
        }
    }

    #[test]
    fn a_root_of_intel_is_not_an_emulated_one() {
        let der = include_bytes!("../../../../attestation/roots/intel/root.pem");
        let der = pem::certificates(der).unwrap().remove(0);
        assert_eq!(Root::emulated(&der).unwrap_err(), EvidenceError::Malformed("emulated root"));
    }
}
