//! Keys of a made-up authority.

use aws_lc_rs::digest::{Algorithm, SHA256, SHA384, SHA512};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
};
use x509_cert::der::asn1::ObjectIdentifier;

use crate::der;

/// How a token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// ECDSA on P-256 with SHA-256.
    P256,
    /// ECDSA on P-384 with SHA-384.
    P384,
    /// RSASSA-PKCS1-v1_5 with SHA-256 and 2048 bits, named as CMS does: rsaEncryption.
    Rsa,
    /// RSASSA-PSS with SHA-256 and the same key.
    RsaPss,
    /// Ed25519, with SHA-512 for the content.
    Ed25519,
}

impl KeyKind {
    /// With what the content is hashed.
    #[must_use]
    pub fn hash(self) -> &'static Algorithm {
        match self {
            Self::P256 | Self::Rsa | Self::RsaPss => &SHA256,
            Self::P384 => &SHA384,
            Self::Ed25519 => &SHA512,
        }
    }

    /// The AlgorithmIdentifier of that.
    #[must_use]
    pub fn hash_identifier(self) -> Vec<u8> {
        match self {
            Self::P256 | Self::Rsa | Self::RsaPss => {
                identifier("2.16.840.1.101.3.4.2.1", &der::null())
            }
            Self::P384 => identifier("2.16.840.1.101.3.4.2.2", &[]),
            Self::Ed25519 => identifier("2.16.840.1.101.3.4.2.3", &[]),
        }
    }

    /// The AlgorithmIdentifier of the signature.
    #[must_use]
    pub fn signature_identifier(self) -> Vec<u8> {
        match self {
            Self::P256 => identifier("1.2.840.10045.4.3.2", &[]),
            Self::P384 => identifier("1.2.840.10045.4.3.3", &[]),
            Self::Rsa => identifier("1.2.840.113549.1.1.1", &der::null()),
            Self::RsaPss => {
                let hash = self.hash_identifier();
                let mask = identifier("1.2.840.113549.1.1.8", &hash);
                let parameters = [
                    der::context(0, &[&hash]),
                    der::context(1, &[&mask]),
                    der::context(2, &[&der::integer(&[32])]),
                ];
                identifier("1.2.840.113549.1.1.10", &der::sequence(&[&parameters.concat()]))
            }
            Self::Ed25519 => identifier("1.3.101.112", &[]),
        }
    }
}

/// A key of each kind.
pub(super) struct Keys {
    p256: EcdsaKeyPair,
    p384: EcdsaKeyPair,
    rsa: RsaKeyPair,
    ed25519: Ed25519KeyPair,
}

impl Keys {
    pub(super) fn generate() -> Result<Self, Unspecified> {
        Ok(Self {
            p256: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING)?,
            p384: EcdsaKeyPair::generate(&ECDSA_P384_SHA384_ASN1_SIGNING)?,
            rsa: RsaKeyPair::generate(KeySize::Rsa2048)?,
            ed25519: Ed25519KeyPair::generate()?,
        })
    }

    /// SubjectPublicKeyInfo.
    pub(super) fn public(&self, kind: KeyKind) -> Vec<u8> {
        let point = |curve: &str, key: &EcdsaKeyPair| {
            let curve = der::oid(ObjectIdentifier::new_unwrap(curve));
            let algorithm = identifier("1.2.840.10045.2.1", &curve);
            der::sequence(&[&algorithm, &der::bits(key.public_key().as_ref())])
        };
        match kind {
            KeyKind::P256 => point("1.2.840.10045.3.1.7", &self.p256),
            KeyKind::P384 => point("1.3.132.0.34", &self.p384),
            KeyKind::Rsa | KeyKind::RsaPss => der::sequence(&[
                &identifier("1.2.840.113549.1.1.1", &der::null()),
                &der::bits(self.rsa.public_key().as_ref()),
            ]),
            KeyKind::Ed25519 => der::sequence(&[
                &identifier("1.3.101.112", &[]),
                &der::bits(self.ed25519.public_key().as_ref()),
            ]),
        }
    }

    pub(super) fn sign(&self, kind: KeyKind, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let random = SystemRandom::new();
        let rsa = |scheme| {
            let mut signature = vec![0; self.rsa.public_modulus_len()];
            self.rsa.sign(scheme, &random, message, &mut signature)?;
            Ok(signature)
        };
        match kind {
            KeyKind::P256 => Ok(self.p256.sign(&random, message)?.as_ref().to_vec()),
            KeyKind::P384 => Ok(self.p384.sign(&random, message)?.as_ref().to_vec()),
            KeyKind::Rsa => rsa(&RSA_PKCS1_SHA256),
            KeyKind::RsaPss => rsa(&RSA_PSS_SHA256),
            KeyKind::Ed25519 => Ok(self.ed25519.sign(message).as_ref().to_vec()),
        }
    }
}

/// An AlgorithmIdentifier with these parameters, which may be absent.
pub(super) fn identifier(oid: &str, parameters: &[u8]) -> Vec<u8> {
    der::sequence(&[&der::oid(ObjectIdentifier::new_unwrap(oid)), parameters])
}
