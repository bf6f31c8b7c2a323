//! DSSE envelopes (github.com/secure-systems-lab/dsse, protocol v1): how every signed statement of
//! a person or service is kept.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::keys::{PublicKey, SecretKey};
use crate::{Digest, Reason};

/// A payload with its type and signatures. Nothing in it is trusted before [`Envelope::verify`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    payload: String,
    #[serde(rename = "payloadType")]
    payload_type: String,
    signatures: Vec<EnvelopeSignature>,
}

/// One signature of an envelope. `keyid` is a hint; the verifying key is always the caller's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EnvelopeSignature {
    keyid: String,
    sig: String,
}

impl Envelope {
    /// Signs `payload` as a `payload_type`.
    #[must_use]
    pub fn sign(payload_type: &str, payload: &[u8], key: &SecretKey) -> Self {
        let signature = EnvelopeSignature {
            keyid: key.public().id().hex(),
            sig: STANDARD.encode(key.sign(&pre_authentication_encoding(payload_type, payload))),
        };
        Self {
            payload: STANDARD.encode(payload),
            payload_type: payload_type.to_owned(),
            signatures: vec![signature],
        }
    }

    /// The payload, if it is a `payload_type` that `key` signed.
    ///
    /// # Errors
    /// [`DsseError::PayloadType`], [`DsseError::Malformed`], or [`DsseError::Signature`] if no
    /// signature is `key`'s.
    pub fn verify(&self, payload_type: &str, key: &PublicKey) -> Result<Vec<u8>, DsseError> {
        if self.payload_type != payload_type {
            return Err(DsseError::PayloadType);
        }
        let payload = decode(&self.payload)?;
        let message = pre_authentication_encoding(payload_type, &payload);
        for signature in &self.signatures {
            let bytes = decode(&signature.sig)?;
            let bytes: [u8; 64] = bytes.try_into().map_err(|_| DsseError::Malformed)?;
            if key.verify(&message, &bytes).is_ok() {
                return Ok(payload);
            }
        }
        Err(DsseError::Signature)
    }

    /// The payload as it stands, for display or for finding out whose key to ask for.
    /// Unauthenticated: no decision may rest on it.
    ///
    /// # Errors
    /// [`DsseError::Malformed`] if it is not base64.
    pub fn unverified_payload(&self) -> Result<Vec<u8>, DsseError> {
        decode(&self.payload)
    }

    /// The digest of the signed payload's bytes.
    ///
    /// # Errors
    /// [`DsseError::Malformed`] if the payload is not base64.
    pub fn payload_digest(&self) -> Result<Digest, DsseError> {
        decode(&self.payload).map(|bytes| Digest::of(&bytes))
    }
}

/// `PAE(type, body)` of DSSE v1: the bytes that are signed.
fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut message =
        format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    message.extend_from_slice(payload);
    message
}

fn decode(text: &str) -> Result<Vec<u8>, DsseError> {
    STANDARD.decode(text).map_err(|_| DsseError::Malformed)
}

/// Why an envelope was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DsseError {
    /// Payload or signature are not base64, or a signature is not 64 bytes.
    #[error("the envelope is malformed")]
    Malformed,
    /// A statement of another kind.
    #[error("the envelope holds a statement of another type")]
    PayloadType,
    /// No signature in it is the expected key's.
    #[error("the envelope is not signed by the expected key")]
    Signature,
}

impl Reason for DsseError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Malformed => "dsse.malformed",
            Self::PayloadType => "dsse.payload-type",
            Self::Signature => "dsse.signature",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeroize::Zeroizing;

    fn key(seed: u8) -> SecretKey {
        SecretKey::from_seed(&Zeroizing::new([seed; 32]))
    }

    #[test]
    fn encoding_is_the_published_one() {
        assert_eq!(
            pre_authentication_encoding("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }

    #[test]
    fn verifies_only_type_key_and_bytes_together() {
        let envelope = Envelope::sign("a", b"payload", &key(1));
        assert_eq!(envelope.verify("a", &key(1).public()), Ok(b"payload".to_vec()));
        assert_eq!(envelope.verify("b", &key(1).public()), Err(DsseError::PayloadType));
        assert_eq!(envelope.verify("a", &key(2).public()), Err(DsseError::Signature));
        let other = Envelope { payload: STANDARD.encode(b"other"), ..envelope };
        assert_eq!(other.verify("a", &key(1).public()), Err(DsseError::Signature));
    }
}
