//! From the pinned root to the key of one platform (Intel SGX PCK Certificate and CRL Profile
//! Specification).

use domain::Timestamp;
use domain::claims::intel::{IntelPlatform, PckAuthority};

use super::extension::SgxExtension;
use super::roots::Root;
use crate::EvidenceError;
use crate::error::refuse_if;
use crate::signatures::KnownSignatures;
use crate::x509::{COMMON_NAME, Certificate, attribute};

/// The certificate of a platform's key (PCK), after its chain was verified up to the pinned root.
pub(super) struct PlatformKey<'a> {
    pub(super) root: &'a Root,
    pub(super) intermediate: Certificate,
    pub(super) certificate: Certificate,
    pub(super) extension: SgxExtension,
    pub(super) authority: PckAuthority,
}

impl<'a> PlatformKey<'a> {
    /// Verifies names and signatures from the root down. Dates are [`Self::valid_at`]'s.
    ///
    /// `chain` holds the leaf first, then its issuer; a root in it is ignored.
    pub(super) fn verify(
        chain: &[Vec<u8>],
        root: &'a Root,
        known: &mut KnownSignatures,
    ) -> Result<Self, EvidenceError> {
        let [leaf, rest @ ..] = chain else { return Err(MALFORMED) };
        let certificate = Certificate::from_der(leaf)?;
        let intermediate = issuer_of(&certificate, rest)?;
        root.issued(&intermediate, known)?;
        intermediate.is_authority()?;
        certificate.signed_by(&intermediate, known)?;
        certificate.is_end_entity()?;
        refuse_if(!root.names(&certificate, NAME), EvidenceError::Chain)?;
        let authority = [PckAuthority::Platform, PckAuthority::Processor]
            .into_iter()
            .find(|authority| root.names(&intermediate, authority_name(*authority)))
            .ok_or(EvidenceError::Chain)?;
        let extension = SgxExtension::read(&certificate)?;
        Ok(Self { root, intermediate, certificate, extension, authority })
    }

    /// Whether `certificate` is named as one of a platform's key.
    pub(super) fn is_named(certificate: &Certificate) -> bool {
        attribute(certificate.subject(), COMMON_NAME) == Some(NAME)
    }

    /// Whether every certificate of the chain is valid at `at`.
    pub(super) fn valid_at(&self, at: Timestamp) -> Result<(), EvidenceError> {
        [&self.root.certificate, &self.intermediate, &self.certificate]
            .into_iter()
            .try_for_each(|certificate| certificate.valid_at(at))
    }

    pub(super) fn claims(&self) -> IntelPlatform {
        let extension = &self.extension;
        IntelPlatform {
            trust: self.root.trust,
            authority: self.authority,
            fmspc: extension.fmspc,
            pce_id: extension.pce_id,
            ppid: extension.ppid,
            cpu_svn: extension.cpu_svn,
            pce_svn: extension.pce_svn,
            instance: extension.instance,
            dynamic_platform: extension.dynamic_platform,
            cached_keys: extension.cached_keys,
            smt_enabled: extension.smt_enabled,
        }
    }
}

/// The first of `others` that has the right name; those after it, such as a root, are not read.
fn issuer_of(leaf: &Certificate, others: &[Vec<u8>]) -> Result<Certificate, EvidenceError> {
    for der in others {
        let other = Certificate::from_der(der)?;
        if other.subject() == leaf.issuer() {
            return Ok(other);
        }
    }
    Err(EvidenceError::Chain)
}

/// Common name of the certificates of platforms' authorities.
pub(super) const fn authority_name(authority: PckAuthority) -> &'static str {
    match authority {
        PckAuthority::Platform => "Intel SGX PCK Platform CA",
        PckAuthority::Processor => "Intel SGX PCK Processor CA",
    }
}

/// Common name of the certificates of platforms' keys.
const NAME: &str = "Intel SGX PCK Certificate";
const MALFORMED: EvidenceError = EvidenceError::Malformed("no certificate of the platform's key");
