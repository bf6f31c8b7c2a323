//! One certificate, with its exact bytes.

use domain::Timestamp;
use rustls_pki_types::CertificateDer;
use x509_cert::der::Decode as _;
use x509_cert::der::asn1::UintRef;
use x509_cert::der::referenced::OwnedToRef as _;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{
    BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName, SubjectKeyIdentifier,
};
use x509_cert::name::Name;
use x509_cert::spki::ObjectIdentifier;

use crate::StampError;
use crate::reading::whole;
use crate::signed::SignerId;

/// A parsed certificate, of which nothing was verified.
#[derive(Clone, Debug)]
pub(crate) struct Certificate {
    der: CertificateDer<'static>,
    parsed: x509_cert::Certificate,
}

impl Certificate {
    pub(crate) fn from_der(der: &[u8]) -> Result<Self, StampError> {
        let parsed = x509_cert::Certificate::from_der(der)
            .map_err(|_| StampError::Malformed("certificate"))?;
        Ok(Self { der: CertificateDer::from(der.to_vec()), parsed })
    }

    pub(crate) const fn as_der(&self) -> &CertificateDer<'static> {
        &self.der
    }

    pub(crate) fn issuer(&self) -> &Name {
        self.parsed.tbs_certificate().issuer()
    }

    pub(crate) fn subject(&self) -> &Name {
        self.parsed.tbs_certificate().subject()
    }

    /// Content of an INTEGER.
    pub(crate) fn serial(&self) -> &[u8] {
        self.parsed.tbs_certificate().serial_number().as_bytes()
    }

    /// Whether a signer means this certificate.
    pub(crate) fn is(&self, id: &SignerId) -> bool {
        match id {
            SignerId::IssuerSerial(issuer, serial) => {
                **issuer == *self.issuer() && serial == self.serial()
            }
            SignerId::KeyIdentifier(identifier) => {
                let found = self.parsed.tbs_certificate().get_extension::<SubjectKeyIdentifier>();
                found.ok().flatten().is_some_and(|(_, found)| found.0.as_bytes() == identifier)
            }
        }
    }

    /// Whether `name` is the subject or one of its other names.
    pub(crate) fn has_name(&self, name: &GeneralName) -> bool {
        let is_subject = matches!(name, GeneralName::DirectoryName(name) if name == self.subject());
        let others = self.parsed.tbs_certificate().get_extension::<SubjectAltName>();
        let others = others.ok().flatten().map(|(_, others)| others.0).unwrap_or_default();
        is_subject || others.contains(name)
    }

    /// Whether the key is for time stamps and for nothing else, and no verifier may overlook that
    /// (RFC 3161 §2.3); its usage, if stated, is for signatures alone.
    pub(crate) fn is_for_stamps(&self) -> Result<(), StampError> {
        let content = self.parsed.tbs_certificate();
        let purposes = content.get_extension::<ExtendedKeyUsage>();
        match purposes.map_err(|_| StampError::ExtendedKeyUsage)? {
            Some((true, purposes)) if purposes.0 == [TIME_STAMPING] => {}
            _ => return Err(StampError::ExtendedKeyUsage),
        }
        let usage = content.get_extension::<KeyUsage>().map_err(|_| StampError::KeyUsage)?;
        let signs = KeyUsages::DigitalSignature | KeyUsages::NonRepudiation;
        match usage {
            Some((_, usage)) if usage.0.is_disjoint(signs) || !(usage.0 - signs).is_empty() => {
                Err(StampError::KeyUsage)
            }
            _ => Ok(()),
        }
    }

    /// Whether it may issue certificates, and its key may sign them; how many authorities may stand
    /// below it, if there is a limit (RFC 5280 §4.2.1.3, §4.2.1.9).
    pub(crate) fn is_authority(&self) -> Result<Option<usize>, StampError> {
        let content = self.parsed.tbs_certificate();
        let constraints = content.get_extension::<BasicConstraints>().ok().flatten();
        let usage = content.get_extension::<KeyUsage>().map_err(|_| StampError::Chain)?;
        match constraints {
            Some((_, constraints)) if constraints.ca => {
                let signs = usage.is_none_or(|(_, usage)| usage.key_cert_sign());
                let limit = constraints.path_len_constraint.map(usize::from);
                if signs { Ok(limit) } else { Err(StampError::Chain) }
            }
            _ => Err(StampError::Chain),
        }
    }

    /// Whether it is valid at `time`.
    pub(crate) fn valid_at(&self, time: Timestamp) -> Result<(), StampError> {
        let validity = self.parsed.tbs_certificate().validity();
        let at = u64::try_from(time.unix_seconds()).unwrap_or_default();
        if at < validity.not_before.to_unix_duration().as_secs() {
            Err(StampError::CertificateNotYetValid)
        } else if at > validity.not_after.to_unix_duration().as_secs() {
            Err(StampError::CertificateExpired)
        } else {
            Ok(())
        }
    }

    /// Whether the key is of RSA and shorter than is safe.
    pub(crate) fn is_weak(&self) -> bool {
        let key = self.parsed.tbs_certificate().subject_public_key_info().owned_to_ref();
        if key.algorithm.oid != RSA_ENCRYPTION {
            return false;
        }
        let modulus = whole(key.subject_public_key.raw_bytes(), |reader| {
            use x509_cert::der::Reader as _;
            reader.sequence(|parts| {
                let modulus = UintRef::decode(parts)?.as_bytes().len();
                UintRef::decode(parts)?;
                Ok::<_, x509_cert::der::Error>(modulus)
            })
        });
        modulus.is_ok_and(|bytes| bytes < 256)
    }
}

const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
