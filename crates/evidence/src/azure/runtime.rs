//! The runtime claims: JSON by the HCL whose digest the hardware's report binds.

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::EvidenceError;

/// What the runtime claims say. Read only after the hardware vouched for their bytes.
#[derive(Clone, Debug)]
pub(super) struct Runtime {
    pub(super) key: AttestationKey,
    /// Everything but the keys, as it is: members that Azure adds stay visible.
    pub(super) others: Map<String, Value>,
}

/// The virtual TPM's attestation key: RSA with 2048 bits and the exponent 65537.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AttestationKey {
    modulus: Vec<u8>,
}

#[derive(Deserialize)]
struct Claims {
    keys: Vec<Value>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// RFC 7517 §4 and RFC 7518 §6.3.1.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Jwk {
    #[serde(rename = "kid")]
    _kid: String,
    kty: String,
    key_ops: Vec<String>,
    e: String,
    n: String,
}

impl Runtime {
    pub(super) fn parse(json: &[u8]) -> Result<Self, EvidenceError> {
        let claims: Claims =
            serde_json::from_slice(json).map_err(|_| EvidenceError::Malformed("runtime claims"))?;
        let mut named = claims
            .keys
            .into_iter()
            .filter(|key| key.get("kid").and_then(Value::as_str) == Some(ATTESTATION_KEY));
        let (Some(key), None) = (named.next(), named.next()) else {
            return Err(EvidenceError::AzureAttestationKey);
        };
        let key = serde_json::from_value(key).ok().and_then(AttestationKey::from_jwk);
        Ok(Self { key: key.ok_or(EvidenceError::AzureAttestationKey)?, others: claims.others })
    }
}

impl AttestationKey {
    fn from_jwk(key: Jwk) -> Option<Self> {
        let modulus = URL_SAFE_NO_PAD.decode(key.n).ok()?;
        let right = key.kty == "RSA"
            && key.key_ops == ["sign"]
            && key.e == EXPONENT_65537
            && modulus.len() == 256
            && modulus.first().is_some_and(|byte| *byte >= 0x80);
        right.then_some(Self { modulus })
    }

    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), EvidenceError> {
        RsaPublicKeyComponents { n: self.modulus.as_slice(), e: [1, 0, 1].as_slice() }
            .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            .map_err(|_| EvidenceError::AzureQuoteSignature)
    }
}

const ATTESTATION_KEY: &str = "HCLAkPub";
const EXPONENT_65537: &str = "AQAB";
