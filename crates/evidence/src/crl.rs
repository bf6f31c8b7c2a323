//! One revocation list (RFC 5280 §5), with the exact bytes that were signed.

use domain::Timestamp;
use x509_cert::crl::CertificateList;
use x509_cert::der::Decode as _;
use x509_cert::name::Name;

use crate::EvidenceError;
use crate::error::refuse_if;
use crate::x509::{Certificate, first_element, seconds, timestamp};

/// A parsed list. Its content is authentic only after [`RevocationList::signed_by`].
#[derive(Clone, Debug)]
pub(crate) struct RevocationList {
    parsed: CertificateList,
    signed: Vec<u8>,
}

impl RevocationList {
    pub(crate) fn from_der(der: &[u8]) -> Result<Self, EvidenceError> {
        let parsed = <CertificateList>::from_der(der).map_err(|_| EvidenceError::Crl)?;
        let signed = first_element(der).ok_or(EvidenceError::Crl)?;
        Ok(Self { parsed, signed })
    }

    pub(crate) fn issuer(&self) -> &Name {
        &self.parsed.tbs_cert_list.issuer
    }

    /// Checks that `issuer` made the list, by name and signature, and that the list holds no
    /// critical extension: one could change what the list or an entry is about (RFC 5280 §5.2).
    pub(crate) fn signed_by(&self, issuer: &Certificate) -> Result<(), EvidenceError> {
        let content = &self.parsed.tbs_cert_list;
        let signature = self.parsed.signature.as_bytes().ok_or(EvidenceError::Crl)?;
        let consistent = content.signature == self.parsed.signature_algorithm
            && content.issuer == *issuer.subject()
            && issuer.verify(&self.parsed.signature_algorithm, &self.signed, signature).is_ok();
        refuse_if(!consistent, EvidenceError::Crl)?;
        let entries = content.revoked_certificates.iter().flatten();
        let critical = entries
            .flat_map(|entry| entry.crl_entry_extensions.iter().flatten())
            .chain(content.crl_extensions.iter().flatten())
            .any(|extension| extension.critical);
        refuse_if(critical, EvidenceError::Crl)
    }

    /// Checks that the list is current at `at`.
    pub(crate) fn current_at(&self, at: Timestamp) -> Result<(), EvidenceError> {
        let content = &self.parsed.tbs_cert_list;
        let next_update = content.next_update.ok_or(EvidenceError::CrlStale)?;
        let current = seconds(content.this_update)? <= at.unix_seconds()
            && at.unix_seconds() <= seconds(next_update)?;
        refuse_if(!current, EvidenceError::CrlStale)
    }

    /// When the next list is due.
    pub(crate) fn next_update(&self) -> Result<Timestamp, EvidenceError> {
        timestamp(self.parsed.tbs_cert_list.next_update.ok_or(EvidenceError::CrlStale)?)
    }

    /// Checks that the list does not revoke `certificate`, which the list's issuer issued.
    pub(crate) fn check(&self, certificate: &Certificate) -> Result<(), EvidenceError> {
        let entries = self.parsed.tbs_cert_list.revoked_certificates.iter().flatten();
        let serial = certificate.serial();
        let revoked = entries.into_iter().any(|entry| entry.serial_number.as_bytes() == serial);
        refuse_if(revoked, EvidenceError::Revoked)
    }
}
