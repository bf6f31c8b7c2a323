//! What is asked of an authority (RFC 3161 §2.4.1).

use std::str::FromStr;

use domain::Digest;
use x509_cert::der::asn1::{AnyRef, ObjectIdentifier};
use x509_cert::der::{Encode as _, Error, Tag};

use crate::StampError;

/// The length of a nonce in bytes.
pub const NONCE_LEN: usize = 16;

/// A request for a time stamp of a SHA-256 digest, with a nonce, and for the signer's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    digest: Digest,
    /// Content of an INTEGER.
    nonce: Vec<u8>,
    policy: Option<PolicyId>,
    der: Vec<u8>,
}

/// The policy under which an authority stamps, an object identifier such as `1.3.6.1.4.1.13762.3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyId(pub(crate) ObjectIdentifier);

impl Request {
    /// A request. `nonce` must be random and not used again: by it an answer is known to be to this
    /// request. Without `policy` the authority chooses.
    ///
    /// # Errors
    /// `timestamp.malformed` never in practice: all parts are short.
    pub fn new(
        digest: &Digest,
        nonce: &[u8; NONCE_LEN],
        policy: Option<PolicyId>,
    ) -> Result<Self, StampError> {
        let nonce = integer(nonce);
        let der = encode(digest, &nonce, policy).map_err(|_| StampError::Malformed("request"))?;
        Ok(Self { digest: *digest, nonce, policy, der })
    }

    /// The DER of a `TimeStampReq`, to be posted as `application/timestamp-query` (RFC 3161 §3.4).
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// What is to be stamped.
    #[must_use]
    pub const fn digest(&self) -> &Digest {
        &self.digest
    }

    pub(crate) fn nonce(&self) -> &[u8] {
        &self.nonce
    }

    pub(crate) const fn policy(&self) -> Option<PolicyId> {
        self.policy
    }
}

impl FromStr for PolicyId {
    type Err = StampError;

    fn from_str(text: &str) -> Result<Self, StampError> {
        ObjectIdentifier::new(text).map(Self).map_err(|_| StampError::Malformed("policy"))
    }
}

fn encode(digest: &Digest, nonce: &[u8], policy: Option<PolicyId>) -> Result<Vec<u8>, Error> {
    let mut content = element(Tag::Integer, &[1])?;
    let hashed = element(Tag::OctetString, digest.as_bytes())?;
    content.extend(element(Tag::Sequence, &[SHA256_IDENTIFIER, &hashed].concat())?);
    if let Some(PolicyId(policy)) = policy {
        content.extend(policy.to_der()?);
    }
    content.extend(element(Tag::Integer, nonce)?);
    content.extend(element(Tag::Boolean, &[0xff])?); // certReq
    element(Tag::Sequence, &content)
}

fn element(tag: Tag, content: &[u8]) -> Result<Vec<u8>, Error> {
    AnyRef::new(tag, content)?.to_der()
}

/// The shortest content of an INTEGER, not negative.
fn integer(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let mut short: Vec<u8> = bytes.iter().skip(zeros).copied().collect();
    if short.first().is_none_or(|first| *first >= 0x80) {
        short.insert(0, 0);
    }
    short
}

/// AlgorithmIdentifier of SHA-256 with the parameters NULL, as openssl writes it.
const SHA256_IDENTIFIER: &[u8] =
    &[0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_written_as_specified() {
        let digest = Digest::of(b"data");
        let request = Request::new(&digest, &[0x80; 16], None).unwrap();
        let expected = [
            &[0x30, 0x4c, 0x02, 1, 1, 0x30, 0x31][..],
            SHA256_IDENTIFIER,
            &[0x04, 0x20],
            digest.as_bytes(),
            &[0x02, 0x11, 0],
            &[0x80; 16],
            &[0x01, 1, 0xff],
        ];
        assert_eq!(request.as_der(), expected.concat());
        let policy = "1.3.6.1.4.1.13762.3".parse().unwrap();
        let request = Request::new(&digest, &[0; 16], Some(policy)).unwrap();
        let text = hex::encode(request.as_der());
        assert!(text.ends_with("06082b06010401eb42030201000101ff"), "{text}");
    }

    #[test]
    fn integers_are_short_and_not_negative() {
        for (bytes, content) in [
            (&[0, 0][..], &[0][..]),
            (&[0, 1], &[1]),
            (&[0, 0x80], &[0, 0x80]),
            (&[0x7f, 0], &[0x7f, 0]),
        ] {
            assert_eq!(integer(bytes), content);
        }
    }

    #[test]
    fn a_policy_is_an_object_identifier() {
        assert_eq!("policy".parse::<PolicyId>(), Err(StampError::Malformed("policy")));
    }
}
