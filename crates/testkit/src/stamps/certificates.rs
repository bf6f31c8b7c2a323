//! Certificates of a made-up authority.

use aws_lc_rs::error::Unspecified;
use domain::Timestamp;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::pem::{LineEnding, encode_string};

use super::keys::{KeyKind, Keys, identifier};
use crate::der;

/// What a certificate says.
#[derive(Clone, Debug)]
pub struct CertificatePlan {
    /// The serial number, big-endian.
    pub serial: Vec<u8>,
    /// The issuer's common name.
    pub issuer: &'static str,
    /// The subject's common name.
    pub subject: &'static str,
    /// First and last moment of validity.
    pub validity: (Timestamp, Timestamp),
    /// Extensions as DER ([`extension`]).
    pub extensions: Vec<Vec<u8>>,
    /// Whether one bit of its signature is wrong.
    pub forged: bool,
}

impl CertificatePlan {
    pub(super) fn root(validity: (Timestamp, Timestamp)) -> Self {
        let subject = "test stamp root";
        Self {
            serial: vec![1],
            issuer: subject,
            subject,
            validity,
            extensions: issuer(),
            forged: false,
        }
    }

    pub(super) fn middle(validity: (Timestamp, Timestamp)) -> Self {
        let (issuer_name, subject) = ("test stamp root", "test stamp issuer");
        let extensions = issuer();
        Self { serial: vec![2], issuer: issuer_name, subject, validity, extensions, forged: false }
    }

    pub(super) fn signer(validity: (Timestamp, Timestamp)) -> Self {
        let extensions = vec![
            extension(KEY_USAGE, true, &[0x03, 2, 7, 0x80]),
            extension(PURPOSES, true, &der::sequence(&[&der::oid(TIME_STAMPING)])),
        ];
        let (issuer, subject) = ("test stamp issuer", "test stamp authority");
        Self { serial: vec![3], issuer, subject, validity, extensions, forged: false }
    }

    pub(super) fn sign(
        &self,
        public: &[u8],
        (keys, kind): (&Keys, KeyKind),
    ) -> Result<Vec<u8>, Unspecified> {
        let algorithm = identifier("1.2.840.10045.4.3.2", &[]);
        let (from, until) = self.validity;
        let content = der::sequence(&[
            &der::context(0, &[&der::integer(&[2])]),
            &der::integer(&self.serial),
            &algorithm,
            &name(self.issuer),
            &der::sequence(&[&der::time(from), &der::time(until)]),
            &name(self.subject),
            public,
            &der::context(3, &[&der::sequence(&[&self.extensions.concat()])]),
        ]);
        let mut signature = keys.sign(kind, &content)?;
        if let (true, Some(last)) = (self.forged, signature.last_mut()) {
            *last ^= 1;
        }
        Ok(der::sequence(&[&content, &algorithm, &der::bits(&signature)]))
    }
}

/// The extensions of a certificate that may issue others.
fn issuer() -> Vec<Vec<u8>> {
    vec![
        extension(BASIC_CONSTRAINTS, true, &der::sequence(&[&der::yes()])),
        extension(KEY_USAGE, true, &[0x03, 2, 1, 0x06]),
    ]
}

/// A name that is this common name.
#[must_use]
pub fn name(common_name: &str) -> Vec<u8> {
    der::sequence(&[&der::set(&[&der::sequence(&[
        &der::oid(COMMON_NAME),
        &der::utf8(common_name),
    ])])])
}

/// An extension of a certificate or of a time stamp.
#[must_use]
pub fn extension(oid: ObjectIdentifier, critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if critical { der::yes() } else { Vec::new() };
    der::sequence(&[&der::oid(oid), &critical, &der::octets(value)])
}

/// Certificates as PEM.
#[must_use]
pub fn pem(certificates: &[&[u8]]) -> String {
    let one = |der: &&[u8]| encode_string("CERTIFICATE", LineEnding::LF, der).unwrap_or_default();
    certificates.iter().map(one).collect()
}

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const PURPOSES: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");
