//! One revocation list (RFC 5280 §5), with the exact bytes that were signed.

use domain::Timestamp;
use x509_cert::certificate::Version;
use x509_cert::der::asn1::{AnyRef, BitString, ContextSpecific};
use x509_cert::der::{Decode as _, Error, Reader as _, SliceReader, Tag, TagNumber, Tagged as _};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::AlgorithmIdentifierOwned;
use x509_cert::time::Time;

use crate::EvidenceError;
use crate::error::refuse_if;
use crate::signatures::KnownSignatures;
use crate::x509::{Certificate, first_element, seconds, timestamp};

/// A parsed list. Its content is authentic only after [`RevocationList::signed_by`].
///
/// Read here and not by `x509_cert`, which takes five times as long over hundreds of entries: of
/// those nothing but serial numbers is kept.
#[derive(Clone, Debug)]
pub(crate) struct RevocationList {
    content: Content,
    algorithm: AlgorithmIdentifierOwned,
    signature: BitString,
    signed: Vec<u8>,
}

/// TBSCertList.
#[derive(Clone, Debug)]
struct Content {
    algorithm: AlgorithmIdentifierOwned,
    issuer: Name,
    this_update: Time,
    next_update: Option<Time>,
    revoked: Vec<SerialNumber>,
    /// Whether any extension of the list or of an entry is critical.
    critical: bool,
}

impl RevocationList {
    pub(crate) fn from_der(der: &[u8]) -> Result<Self, EvidenceError> {
        let mut reader = SliceReader::new(der).map_err(|_| EvidenceError::Crl)?;
        let list: Result<_, Error> = reader.sequence(|list| {
            let content = list.sequence(content)?;
            Ok((content, AlgorithmIdentifierOwned::decode(list)?, BitString::decode(list)?))
        });
        let (content, algorithm, signature) = list.map_err(|_| EvidenceError::Crl)?;
        refuse_if(!reader.is_finished(), EvidenceError::Crl)?;
        let signed = first_element(der).ok_or(EvidenceError::Crl)?;
        Ok(Self { content, algorithm, signature, signed })
    }

    pub(crate) fn issuer(&self) -> &Name {
        &self.content.issuer
    }

    /// Checks that `issuer` made the list, by name and signature, and that the list holds no
    /// critical extension: one could change what the list or an entry is about (RFC 5280 §5.2).
    pub(crate) fn signed_by(
        &self,
        issuer: &Certificate,
        known: &mut KnownSignatures,
    ) -> Result<(), EvidenceError> {
        let content = &self.content;
        let signature = self.signature.as_bytes().ok_or(EvidenceError::Crl)?;
        let consistent = content.algorithm == self.algorithm
            && content.issuer == *issuer.subject()
            && issuer.verify(&self.algorithm, &self.signed, signature, known).is_ok();
        refuse_if(!consistent || content.critical, EvidenceError::Crl)
    }

    /// Checks that the list is current at `at`.
    pub(crate) fn current_at(&self, at: Timestamp) -> Result<(), EvidenceError> {
        let content = &self.content;
        let next_update = content.next_update.ok_or(EvidenceError::CrlStale)?;
        let current = seconds(content.this_update)? <= at.unix_seconds()
            && at.unix_seconds() <= seconds(next_update)?;
        refuse_if(!current, EvidenceError::CrlStale)
    }

    /// When the next list is due.
    pub(crate) fn next_update(&self) -> Result<Timestamp, EvidenceError> {
        timestamp(self.content.next_update.ok_or(EvidenceError::CrlStale)?)
    }

    /// Checks that the list does not revoke `certificate`, which the list's issuer issued.
    pub(crate) fn check(&self, certificate: &Certificate) -> Result<(), EvidenceError> {
        let serial = certificate.serial();
        let revoked = self.content.revoked.iter().any(|revoked| revoked.as_bytes() == serial);
        refuse_if(revoked, EvidenceError::Revoked)
    }
}

fn content<'a>(reader: &mut SliceReader<'a>) -> Result<Content, Error> {
    Version::decode(reader)?;
    let algorithm = AlgorithmIdentifierOwned::decode(reader)?;
    let issuer = Name::decode(reader)?;
    let this_update = Time::decode(reader)?;
    let next_update = Option::<Time>::decode(reader)?;
    let (mut revoked, mut critical) = (Vec::new(), false);
    if !reader.is_finished() && Tag::peek(reader)? == Tag::Sequence {
        reader.sequence(|entries| -> Result<(), Error> {
            while !entries.is_finished() {
                let (serial, critical_entry) = entries.sequence(entry)?;
                revoked.push(serial);
                critical |= critical_entry;
            }
            Ok(())
        })?;
    }
    if let Some(extensions) = ContextSpecific::<AnyRef<'a>>::decode_explicit(reader, TagNumber(0))?
    {
        critical |= extensions.value.sequence(any_critical)?;
    }
    Ok(Content { algorithm, issuer, this_update, next_update, revoked, critical })
}

/// The serial number of an entry, and whether the entry has a critical extension.
fn entry(reader: &mut SliceReader<'_>) -> Result<(SerialNumber, bool), Error> {
    let serial = SerialNumber::decode(reader)?;
    element(reader, &[Tag::UtcTime, Tag::GeneralizedTime])?;
    let critical = !reader.is_finished() && reader.sequence(any_critical)?;
    Ok((serial, critical))
}

fn any_critical(reader: &mut SliceReader<'_>) -> Result<bool, Error> {
    let mut any = false;
    while !reader.is_finished() {
        any |= reader.sequence(|extension| -> Result<bool, Error> {
            element(extension, &[Tag::ObjectIdentifier])?;
            let critical = Option::<bool>::decode(extension)?;
            element(extension, &[Tag::OctetString])?;
            Ok(critical == Some(true))
        })?;
    }
    Ok(any)
}

/// Skips an element whose content decides nothing.
fn element(reader: &mut SliceReader<'_>, tags: &[Tag]) -> Result<(), Error> {
    let found = AnyRef::decode(reader)?.tag();
    if tags.contains(&found) { Ok(()) } else { Err(found.unexpected_error(None).into()) }
}

#[cfg(test)]
mod tests {
    use testkit::intel::Fake;
    use x509_cert::crl::CertificateList;

    use super::*;

    /// Lists, right and changed, are read as `x509_cert` reads them.
    #[test]
    fn lists_are_read_as_by_the_general_parser() {
        let collateral = Fake::tdx(4, "2026-01-01T00:00:00Z".parse().unwrap()).sign().unwrap();
        let right = hex::decode(collateral.collateral.pck_crl).unwrap();
        let mut read = 0;
        for at in 0..right.len() {
            for bits in [0, 1, 2, 0x10, 0x80, 0xff] {
                let mut der = right.clone();
                der[at] ^= bits;
                let Ok(theirs) = <CertificateList>::from_der(&der) else { continue };
                let content = RevocationList::from_der(&der).unwrap().content;
                let theirs = theirs.tbs_cert_list;
                assert_eq!(content.algorithm, theirs.signature);
                assert_eq!(content.issuer, theirs.issuer);
                assert_eq!(content.this_update, theirs.this_update);
                assert_eq!(content.next_update, theirs.next_update);
                let entries = theirs.revoked_certificates.unwrap_or_default();
                let serials = entries.iter().map(|entry| &entry.serial_number);
                assert!(content.revoked.iter().eq(serials));
                let extensions = entries.iter().filter_map(|one| one.crl_entry_extensions.as_ref());
                let mut extensions = extensions.chain(&theirs.crl_extensions).flatten();
                assert_eq!(content.critical, extensions.any(|extension| extension.critical));
                read += 1;
            }
        }
        assert!(read > right.len(), "{read} of {}", right.len());
    }
}
