//! One X.509 certificate (RFC 5280), with the exact bytes that were signed.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, UnparsedPublicKey};
use domain::Timestamp;
use x509_cert::certificate::Version;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::flagset::FlagSet;
use x509_cert::der::{Decode as _, Header, Reader, SliceReader};
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};
use x509_cert::name::Name;
use x509_cert::spki::AlgorithmIdentifierOwned;
use x509_cert::time::Time;

use crate::EvidenceError;
use crate::signatures::{KnownSignatures, Scheme};

/// A parsed certificate. Its content is authentic only after [`Certificate::signed_by`].
#[derive(Clone, Debug)]
pub(crate) struct Certificate {
    parsed: x509_cert::Certificate,
    signed: Vec<u8>,
}

impl Certificate {
    pub(crate) fn from_der(der: &[u8]) -> Result<Self, EvidenceError> {
        const MALFORMED: EvidenceError = EvidenceError::Malformed("certificate");
        let parsed = x509_cert::Certificate::from_der(der).map_err(|_| MALFORMED)?;
        let signed = first_element(der).ok_or(MALFORMED)?;
        let tbs = parsed.tbs_certificate();
        if tbs.version() != Version::V3 || tbs.signature() != parsed.signature_algorithm() {
            return Err(MALFORMED);
        }
        Ok(Self { parsed, signed })
    }

    pub(crate) fn subject(&self) -> &Name {
        self.parsed.tbs_certificate().subject()
    }

    pub(crate) fn issuer(&self) -> &Name {
        self.parsed.tbs_certificate().issuer()
    }

    pub(crate) fn serial(&self) -> &[u8] {
        self.parsed.tbs_certificate().serial_number().as_bytes()
    }

    /// The subject's public key: an RSA key or an uncompressed point, as its algorithm has it.
    pub(crate) fn public_key(&self) -> Result<&[u8], EvidenceError> {
        let info = self.parsed.tbs_certificate().subject_public_key_info();
        info.subject_public_key.as_bytes().ok_or(EvidenceError::Malformed("certificate"))
    }

    /// Checks that `issuer` issued this certificate: by name and by signature.
    pub(crate) fn signed_by(
        &self,
        issuer: &Self,
        known: &mut KnownSignatures,
    ) -> Result<(), EvidenceError> {
        if self.issuer() != issuer.subject() {
            return Err(EvidenceError::Chain);
        }
        let signature = self.parsed.signature().as_bytes().ok_or(EvidenceError::Chain)?;
        issuer
            .verify(self.parsed.signature_algorithm(), &self.signed, signature, known)
            .map_err(|()| EvidenceError::Chain)
    }

    /// Whether this certificate's key made `signature` over `message`: by RSASSA-PSS with SHA-384
    /// (RFC 4055) for an RSA key, by ECDSA with SHA-256 (RFC 5758) for a key on P-256.
    pub(crate) fn verify(
        &self,
        algorithm: &AlgorithmIdentifierOwned,
        message: &[u8],
        signature: &[u8],
        known: &mut KnownSignatures,
    ) -> Result<(), ()> {
        let scheme = match algorithm.oid {
            RSASSA_PSS if self.key_algorithm() == RSA_ENCRYPTION => Scheme::RsaPssSha384,
            ECDSA_WITH_SHA256 if self.is_on(P256) => Scheme::P256Asn1,
            ECDSA_WITH_SHA384 if self.is_on(P384) => Scheme::P384Asn1,
            _ => return Err(()),
        };
        known.verify(scheme, self.public_key().map_err(|_| ())?, message, signature)
    }

    /// Whether this certificate's key on P-256 made `signature`, `r` and `s` of 32 bytes each, over
    /// the SHA-256 of a document that others will be judged by, too.
    pub(crate) fn signed_document(
        &self,
        document: &[u8],
        signature: &[u8; 64],
        known: &mut KnownSignatures,
    ) -> Result<(), ()> {
        if !self.is_on(P256) {
            return Err(());
        }
        let key = self.public_key().map_err(|_| ())?;
        known.verify(Scheme::P256Fixed, key, document, signature)
    }

    /// The same for a `message` that is signed for one occasion: nothing is remembered.
    pub(crate) fn signed_p256(&self, message: &[u8], signature: &[u8; 64]) -> Result<(), ()> {
        if !self.is_on(P256) {
            return Err(());
        }
        let key = self.public_key().map_err(|_| ())?;
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key)
            .verify(message, signature)
            .map_err(|_| ())
    }

    /// The same on P-384, with 48 bytes each and SHA-384.
    pub(crate) fn signed_p384(&self, message: &[u8], signature: &[u8]) -> Result<(), ()> {
        if !self.is_on(P384) {
            return Err(());
        }
        let key = self.public_key().map_err(|_| ())?;
        UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, key)
            .verify(message, signature)
            .map_err(|_| ())
    }

    fn key_algorithm(&self) -> ObjectIdentifier {
        self.parsed.tbs_certificate().subject_public_key_info().algorithm.oid
    }

    fn is_on(&self, expected: ObjectIdentifier) -> bool {
        let algorithm = &self.parsed.tbs_certificate().subject_public_key_info().algorithm;
        let curve = algorithm.parameters.as_ref().map(|curve| curve.decode_as());
        algorithm.oid == EC_PUBLIC_KEY && curve == Some(Ok(expected))
    }

    /// Checks that the certificate may not issue others and holds no critical extension that is not
    /// understood here (RFC 5280 §4.2).
    pub(crate) fn is_end_entity(&self) -> Result<(), EvidenceError> {
        if self.may_issue() || !self.critical_extensions_are_known() {
            return Err(EvidenceError::Chain);
        }
        Ok(())
    }

    /// Whether the basic constraints say so. What cannot be read is nothing that may issue.
    fn may_issue(&self) -> bool {
        let constraints =
            self.parsed.tbs_certificate().get_extension::<BasicConstraints>().ok().flatten();
        constraints.is_some_and(|(_, constraints)| constraints.ca)
    }

    /// Checks that the certificate may issue others and holds no critical extension that is not
    /// understood here (RFC 5280 §4.2).
    pub(crate) fn is_authority(&self) -> Result<(), EvidenceError> {
        if self.may_issue() && self.critical_extensions_are_known() {
            Ok(())
        } else {
            Err(EvidenceError::Chain)
        }
    }

    /// What the key may be used for (RFC 5280 §4.2.1.3); nothing if the certificate does not say.
    pub(crate) fn key_usage(&self) -> Result<KeyUsage, EvidenceError> {
        let usage = self.parsed.tbs_certificate().get_extension::<KeyUsage>();
        let usage = usage.map_err(|_| EvidenceError::Malformed("key usage"))?;
        Ok(usage.map_or(KeyUsage(FlagSet::default()), |(_, usage)| usage))
    }

    /// How many authorities may stand between this one and the last certificate of a chain;
    /// `None` if the certificate sets no limit (RFC 5280 §4.2.1.9).
    pub(crate) fn path_length(&self) -> Result<Option<usize>, EvidenceError> {
        let constraints = self.parsed.tbs_certificate().get_extension::<BasicConstraints>();
        let constraints = constraints.map_err(|_| EvidenceError::Malformed("basic constraints"))?;
        Ok(constraints
            .and_then(|(_, constraints)| constraints.path_len_constraint)
            .map(usize::from))
    }

    pub(crate) fn critical_extensions_are_known(&self) -> bool {
        let extensions = self.parsed.tbs_certificate().extensions();
        extensions.into_iter().flatten().all(|extension| {
            !extension.critical || [BASIC_CONSTRAINTS, KEY_USAGE].contains(&extension.extn_id)
        })
    }

    /// The value of the extension `oid`; `None` if absent.
    pub(crate) fn extension(&self, oid: ObjectIdentifier) -> Result<Option<&[u8]>, EvidenceError> {
        let extensions = self.parsed.tbs_certificate().extensions();
        let mut found =
            extensions.into_iter().flatten().filter(|extension| extension.extn_id == oid);
        match (found.next(), found.next()) {
            (None, _) => Ok(None),
            (Some(extension), None) => Ok(Some(extension.extn_value.as_bytes())),
            (Some(_), Some(_)) => Err(EvidenceError::Malformed("repeated extension")),
        }
    }

    /// The last moment of the certificate's validity.
    pub(crate) fn not_after(&self) -> Result<Timestamp, EvidenceError> {
        timestamp(self.parsed.tbs_certificate().validity().not_after)
    }

    /// Whether the certificate is valid at `at`.
    pub(crate) fn valid_at(&self, at: Timestamp) -> Result<(), EvidenceError> {
        let validity = self.parsed.tbs_certificate().validity();
        if at.unix_seconds() < seconds(validity.not_before)? {
            Err(EvidenceError::NotYetValid)
        } else if at.unix_seconds() > seconds(validity.not_after)? {
            Err(EvidenceError::Expired)
        } else {
            Ok(())
        }
    }
}

/// The attribute `oid` of `name` as text, if it is there exactly once.
pub(crate) fn attribute(name: &Name, oid: ObjectIdentifier) -> Option<&str> {
    let mut found = name.iter().filter(|attribute| attribute.oid == oid);
    match (found.next(), found.next()) {
        (Some(attribute), None) => std::str::from_utf8(attribute.value.value()).ok(),
        _ => None,
    }
}

pub(crate) fn seconds(time: Time) -> Result<i64, EvidenceError> {
    i64::try_from(time.to_unix_duration().as_secs())
        .map_err(|_| EvidenceError::Malformed("certificate validity"))
}

pub(crate) fn timestamp(time: Time) -> Result<Timestamp, EvidenceError> {
    Timestamp::from_unix_seconds(seconds(time)?)
        .map_err(|_| EvidenceError::Malformed("certificate validity"))
}

/// The bytes of the first element of the outer sequence: what an issuer signs.
pub(crate) fn first_element(der: &[u8]) -> Option<Vec<u8>> {
    let mut reader = SliceReader::new(der).ok()?;
    Header::decode(&mut reader).ok()?;
    reader.tlv_bytes().map(<[u8]>::to_vec).ok()
}

/// 2.5.4.3
pub(crate) const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
/// 2.5.4.10
pub(crate) const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSASSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const ECDSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const ECDSA_WITH_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
