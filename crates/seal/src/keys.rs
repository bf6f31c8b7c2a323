//! The key pairs to which dataset secrets and outputs are sealed: X-Wing (X25519 with ML-KEM-768,
//! draft-connolly-cfrg-xwing-kem), so that what is recorded today stays closed to a quantum
//! computer tomorrow.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Digest;
use hpke::kem::XWing;
use hpke::{Deserializable as _, Kem, Serializable as _};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{CryptoRng, Error};

/// The public half: whoever has it can seal, only the holder of the secret half can open. Its text
/// form is `xwing:` and the 1216 bytes in base64.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SealingPublicKey(pub(crate) <XWing as Kem>::PublicKey);

impl SealingPublicKey {
    /// The key's name: the SHA-256 of its 1216 bytes.
    #[must_use]
    pub fn id(&self) -> Digest {
        Digest::of(&self.0.to_bytes())
    }
}

impl fmt::Display for SealingPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PUBLIC_PREFIX}{}", STANDARD.encode(self.0.to_bytes()))
    }
}

impl fmt::Debug for SealingPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingPublicKey({})", self.id())
    }
}

impl FromStr for SealingPublicKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let encoded = text.strip_prefix(PUBLIC_PREFIX).ok_or(Error::KeyFormat)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| Error::KeyFormat)?;
        <XWing as Kem>::PublicKey::from_bytes(&bytes).map(Self).map_err(|_| Error::KeyFormat)
    }
}

impl TryFrom<String> for SealingPublicKey {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<SealingPublicKey> for String {
    fn from(key: SealingPublicKey) -> Self {
        key.to_string()
    }
}

/// The secret half; wiped when dropped, never printed.
pub struct SealingSecretKey(pub(crate) <XWing as Kem>::PrivateKey);

impl SealingSecretKey {
    /// A new key from the caller's generator.
    ///
    /// # Errors
    /// None in practice: every 32 bytes are a key.
    pub fn draw(rng: &mut impl CryptoRng) -> Result<Self, Error> {
        let mut seed = Zeroizing::new([0; 32]);
        rng.fill_bytes(seed.as_mut_slice());
        Self::from_seed(&seed)
    }

    /// The key of this seed.
    ///
    /// # Errors
    /// None in practice: every 32 bytes are a key.
    pub fn from_seed(seed: &Zeroizing<[u8; 32]>) -> Result<Self, Error> {
        let key = <XWing as Kem>::PrivateKey::from_bytes(seed.as_slice());
        key.map(Self).map_err(|_| Error::KeyFormat)
    }

    /// Reads the text of a key file, [`Self::to_key_file`]; white space at its end is ignored.
    ///
    /// # Errors
    /// [`Error::KeyFormat`] if it is no such text.
    pub fn from_key_file(text: &str) -> Result<Self, Error> {
        let encoded = text.trim_end().strip_prefix(SECRET_PREFIX).ok_or(Error::KeyFormat)?;
        let bytes = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| Error::KeyFormat)?);
        let seed = bytes.as_slice().try_into().map_err(|_| Error::KeyFormat)?;
        Self::from_seed(&Zeroizing::new(seed))
    }

    /// The secret as text, for the file that keeps it and nothing else.
    #[must_use]
    pub fn to_key_file(&self) -> Zeroizing<String> {
        let seed = Zeroizing::new(<[u8; 32]>::from(self.0.to_bytes()));
        let mut text = Zeroizing::new(String::with_capacity(SECRET_PREFIX.len() + 48));
        text.push_str(SECRET_PREFIX);
        STANDARD.encode_string(seed.as_slice(), &mut text);
        text.push('\n');
        text
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> SealingPublicKey {
        SealingPublicKey(XWing::sk_to_pk(&self.0))
    }
}

impl fmt::Debug for SealingSecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingSecretKey({})", self.public().id())
    }
}

const PUBLIC_PREFIX: &str = "xwing:";
const SECRET_PREFIX: &str = "xwing-secret:";

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Reason as _;

    fn key() -> SealingSecretKey {
        SealingSecretKey::from_seed(&Zeroizing::new([5; 32])).unwrap()
    }

    #[test]
    fn text_forms_round_trip() {
        let text = key().public().to_string();
        assert_eq!(text.parse::<SealingPublicKey>().unwrap(), key().public());
        let again = SealingSecretKey::from_key_file(&key().to_key_file()).unwrap();
        assert_eq!(again.public(), key().public());
        let json = serde_json::to_string(&key().public()).unwrap();
        assert_eq!(serde_json::from_str::<SealingPublicKey>(&json).unwrap(), key().public());
    }

    #[test]
    fn other_texts_are_refused() {
        let text = key().public().to_string();
        let cut = STANDARD.encode([1; 1215]);
        for wrong in [text.replace("xwing", "x25519"), format!("{text}A"), format!("xwing:{cut}")] {
            let refused = wrong.parse::<SealingPublicKey>().unwrap_err();
            assert_eq!(refused.reason(), "seal.key-format");
        }
        for wrong in ["", "xwing-secret:", "xwing-secret:AAAA", &text] {
            let refused = SealingSecretKey::from_key_file(wrong).unwrap_err();
            assert_eq!(refused.reason(), "seal.key-format");
        }
    }

    #[test]
    fn the_secret_is_not_printed() {
        assert!(!format!("{:?}", key()).contains("05050505"));
    }
}
