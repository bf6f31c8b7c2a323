//! Revocation lists (RFC 5280 §5) as AMD publishes them: signed by the root, about the
//! intermediate keys.

use domain::Timestamp;
use domain::claims::Trust;
use x509_cert::crl::CertificateList;
use x509_cert::der::Decode as _;

use super::authentic::{Authentic, refuse_if};
use crate::EvidenceError;
use crate::x509::{first_element, seconds};

/// The revocation list that goes with a verification.
#[derive(Clone, Copy, Debug)]
pub enum Crl<'a> {
    /// The root's list as DER.
    Given(&'a [u8]),
    /// None, which only the emulated platform may go without.
    EmulatedNone,
}

impl Crl<'_> {
    /// Checks that the intermediate certificate is not revoked at `at`.
    ///
    /// Chips' certificates all have serial number 0 and cannot be listed by number: a firmware
    /// version is withdrawn by raising the TCB floor.
    pub(super) fn check(
        self,
        evidence: &Authentic<'_>,
        at: Timestamp,
    ) -> Result<(), EvidenceError> {
        match self {
            Self::Given(der) => check(der, evidence, at),
            Self::EmulatedNone if evidence.root.trust == Trust::Emulated => Ok(()),
            Self::EmulatedNone => Err(EvidenceError::CrlMissing),
        }
    }
}

fn check(der: &[u8], evidence: &Authentic<'_>, at: Timestamp) -> Result<(), EvidenceError> {
    let list = <CertificateList>::from_der(der).map_err(|_| EvidenceError::Crl)?;
    let signed = first_element(der).ok_or(EvidenceError::Crl)?;
    let signature = list.signature.as_bytes().ok_or(EvidenceError::Crl)?;
    let content = &list.tbs_cert_list;
    let root = &evidence.root.certificate;
    let consistent = content.signature == list.signature_algorithm
        && content.issuer == *root.subject()
        && root.verify(&list.signature_algorithm, &signed, signature).is_ok();
    refuse_if(!consistent, EvidenceError::Crl)?;
    let entries = content.revoked_certificates.iter().flatten();
    // A critical extension could change what the list or an entry is about (RFC 5280 §5.2).
    let critical = entries
        .clone()
        .flat_map(|entry| entry.crl_entry_extensions.iter().flatten())
        .chain(content.crl_extensions.iter().flatten())
        .any(|extension| extension.critical);
    refuse_if(critical, EvidenceError::Crl)?;
    let next_update = content.next_update.ok_or(EvidenceError::CrlStale)?;
    let current = seconds(content.this_update)? <= at.unix_seconds()
        && at.unix_seconds() <= seconds(next_update)?;
    refuse_if(!current, EvidenceError::CrlStale)?;
    let serial = evidence.intermediate.serial();
    let revoked = entries.into_iter().any(|entry| entry.serial_number.as_bytes() == serial);
    refuse_if(revoked, EvidenceError::Revoked)
}
