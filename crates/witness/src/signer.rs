//! The key of a witness: Ed25519, or ML-DSA-44 (FIPS 204), which a quantum computer does not break.

use std::fmt;

use aws_lc_rs::signature::{KeyPair as _, ML_DSA_44_SIGNING, PqdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Reason;
use domain::keys::SecretKey;
use tlog::cosignature::ML_DSA_44_KEY_LEN;
use tlog::{LogError, WitnessKey};
use zeroize::Zeroizing;

/// A witness's private key; never printed.
pub struct Signer(Key);

enum Key {
    Ed25519(Box<SecretKey>),
    MlDsa44(Box<PqdsaKeyPair>),
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer")
    }
}

impl From<SecretKey> for Signer {
    fn from(key: SecretKey) -> Self {
        Self(Key::Ed25519(Box::new(key)))
    }
}

impl Signer {
    /// A new ML-DSA-44 key.
    ///
    /// # Errors
    /// [`SignerError::Cryptography`] if there is no randomness.
    pub fn generate_ml_dsa_44() -> Result<Self, SignerError> {
        let pair = PqdsaKeyPair::generate(&ML_DSA_44_SIGNING);
        Ok(Self(Key::MlDsa44(Box::new(pair.map_err(|_| SignerError::Cryptography)?))))
    }

    /// Reads a `PRIVATE KEY` PEM (PKCS #8) of either kind.
    ///
    /// # Errors
    /// [`SignerError::Malformed`].
    pub fn from_pem(pem: &str) -> Result<Self, SignerError> {
        if let Ok(key) = SecretKey::from_pem(pem) {
            return Ok(key.into());
        }
        let inner = pem.trim().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END));
        let encoded: Zeroizing<String> =
            Zeroizing::new(inner.ok_or(SignerError::Malformed)?.split_whitespace().collect());
        let der = STANDARD.decode(encoded.as_bytes()).map_err(|_| SignerError::Malformed)?;
        let pair = PqdsaKeyPair::from_pkcs8(&ML_DSA_44_SIGNING, &Zeroizing::new(der));
        Ok(Self(Key::MlDsa44(Box::new(pair.map_err(|_| SignerError::Malformed)?))))
    }

    /// The key as a `PRIVATE KEY` PEM, for the file that keeps it.
    ///
    /// # Errors
    /// [`SignerError::Cryptography`] never in practice: every held key has an encoding.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, SignerError> {
        match &self.0 {
            Key::Ed25519(key) => key.to_pem().map_err(|_| SignerError::Cryptography),
            Key::MlDsa44(pair) => {
                let der = pair.to_pkcs8v1().map_err(|_| SignerError::Cryptography)?;
                let encoded = Zeroizing::new(STANDARD.encode(der.as_ref()));
                let mut pem = Zeroizing::new(format!("{BEGIN}\n"));
                for (place, digit) in encoded.chars().enumerate() {
                    if place > 0 && place.is_multiple_of(64) {
                        pem.push('\n');
                    }
                    pem.push(digit);
                }
                pem.push_str(&format!("\n{END}\n"));
                Ok(pem)
            }
        }
    }

    /// What verifiers need to know of the witness `name` with this key.
    ///
    /// # Errors
    /// `log.malformed` if that cannot be its name.
    pub fn key(&self, name: &str) -> Result<WitnessKey, LogError> {
        match &self.0 {
            Key::Ed25519(key) => WitnessKey::new(name, key.public()),
            Key::MlDsa44(pair) => {
                let malformed = || LogError::Malformed { what: "witness key" };
                let bytes: &[u8; ML_DSA_44_KEY_LEN] =
                    pair.public_key().as_ref().try_into().map_err(|_| malformed())?;
                WitnessKey::new_ml_dsa_44(name, bytes)
            }
        }
    }

    /// Signs exactly `message`.
    ///
    /// # Errors
    /// [`SignerError::Cryptography`] if there is no randomness.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        match &self.0 {
            Key::Ed25519(key) => Ok(key.sign(message).to_vec()),
            Key::MlDsa44(pair) => {
                let mut signature = vec![0; ML_DSA_44_SIGNING.signature_len()];
                let signed = pair.sign(message, &mut signature);
                signed.map(|_| signature).map_err(|_| SignerError::Cryptography)
            }
        }
    }
}

/// Why a key cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignerError {
    /// The library refused.
    #[error("the witness's key cannot be used")]
    Cryptography,
    /// Not a PEM of an Ed25519 or ML-DSA-44 key.
    #[error("not a `PRIVATE KEY` PEM with an Ed25519 or ML-DSA-44 key")]
    Malformed,
}

impl Reason for SignerError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Cryptography => "system.cryptography",
            Self::Malformed => "key.malformed",
        }
    }
}

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_both_kinds_keep_in_a_file() {
        let seed = Zeroizing::new([4; 32]);
        for signer in [SecretKey::from_seed(&seed).into(), Signer::generate_ml_dsa_44().unwrap()] {
            let pem = signer.to_pem().unwrap();
            let again = Signer::from_pem(&pem).unwrap();
            assert_eq!(again.key("w.example").unwrap(), signer.key("w.example").unwrap());
            assert!(pem.lines().all(|line| line.len() <= 64));
            for bad in [pem.replace("BEGIN", "BEGUN"), pem.replace('M', "N"), String::new()] {
                assert_eq!(Signer::from_pem(&bad).unwrap_err().reason(), "key.malformed");
            }
        }
    }
}
