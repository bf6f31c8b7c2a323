//! Workload signatures as `cosign sign-blob --new-bundle-format --tlog-upload=false` writes them:
//! sigstore bundle v0.3 with a message signature and a key hint, without log entry or time stamp.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use x509_cert::der::pem::{LineEnding, encode_string};

use crate::emulated::EmulatedError;

/// A P-256 key that signs blobs, as `cosign generate-key-pair` makes one. Kept in memory only.
pub struct BlobSigner {
    key: EcdsaKeyPair,
    public_der: Vec<u8>,
}

impl BlobSigner {
    /// A new key.
    ///
    /// # Errors
    /// [`EmulatedError::Crypto`] if the cryptographic library fails.
    pub fn create() -> Result<Self, EmulatedError> {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING)
            .map_err(|_| EmulatedError::Crypto)?;
        let der: PublicKeyX509Der<'_> =
            key.public_key().as_der().map_err(|_| EmulatedError::Crypto)?;
        let public_der = der.as_ref().to_vec();
        Ok(Self { key, public_der })
    }

    /// The key's `PUBLIC KEY` PEM: what a proposal names as the workload's signer.
    ///
    /// # Errors
    /// [`EmulatedError::Malformed`] never in practice: every key has an encoding.
    pub fn public_key_pem(&self) -> Result<String, EmulatedError> {
        encode_string("PUBLIC KEY", LineEnding::LF, &self.public_der)
            .map_err(|_| EmulatedError::Malformed("public key"))
    }

    /// The bundle (JSON) with this key's signature over exactly `artifact`.
    ///
    /// # Errors
    /// [`EmulatedError::Crypto`] if the cryptographic library fails.
    pub fn sign(&self, artifact: &[u8]) -> Result<String, EmulatedError> {
        let signature =
            self.key.sign(&SystemRandom::new(), artifact).map_err(|_| EmulatedError::Crypto)?;
        let sha256 = |bytes: &[u8]| STANDARD.encode(digest(&SHA256, bytes));
        let bundle = json!({
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {"publicKey": {"hint": sha256(&self.public_der)}},
            "messageSignature": {
                "messageDigest": {"algorithm": "SHA2_256", "digest": sha256(artifact)},
                "signature": STANDARD.encode(signature.as_ref()),
            },
        });
        Ok(bundle.to_string())
    }
}

impl std::fmt::Debug for BlobSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlobSigner").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
    use serde_json::Value;

    #[test]
    fn a_bundle_holds_what_cosign_writes_and_its_signature_is_the_keys() {
        let signer = BlobSigner::create().unwrap();
        let bundle: Value = serde_json::from_str(&signer.sign(b"artifact").unwrap()).unwrap();
        // A set: the order of members is serde_json's, and depends on who else is built with it.
        let names = |value: &Value| -> BTreeSet<String> {
            value.as_object().unwrap().keys().cloned().collect()
        };
        let set = |names: &[&str]| -> BTreeSet<String> {
            names.iter().map(|name| (*name).to_owned()).collect()
        };
        assert_eq!(names(&bundle), set(&["mediaType", "messageSignature", "verificationMaterial"]));
        assert_eq!(names(&bundle["verificationMaterial"]), set(&["publicKey"]));
        let message = &bundle["messageSignature"];
        assert_eq!(names(message), set(&["messageDigest", "signature"]));
        let signature = STANDARD.decode(message["signature"].as_str().unwrap()).unwrap();
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &signer.public_der);
        key.verify(b"artifact", &signature).unwrap();
        assert!(signer.public_key_pem().unwrap().starts_with("-----BEGIN PUBLIC KEY-----\n"));
    }
}
