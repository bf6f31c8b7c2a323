//! The two secrets of a sealed dataset. Both are wiped when dropped and print no bytes.

use std::fmt;

use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::{CryptoRng, Error};

/// The 32 random bytes that open a dataset's LUKS2 header: exactly the content of the key file.
pub struct DatasetSecret(Zeroizing<[u8; 32]>);

impl DatasetSecret {
    /// A new secret from the caller's generator.
    #[must_use]
    pub fn draw(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        rng.fill_bytes(bytes.as_mut_slice());
        Self(bytes)
    }

    /// The secret of these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(bytes)
    }

    /// Whether `other` is the same; how long that takes tells nothing of either.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.0.as_slice().ct_eq(other.0.as_slice()).into()
    }

    /// The secret that a key file holds.
    ///
    /// # Errors
    /// [`Error::SecretLength`] unless there are exactly 32 bytes.
    pub fn from_key_file(content: &[u8]) -> Result<Self, Error> {
        let bytes = content.try_into().map_err(|_| Error::SecretLength)?;
        Ok(Self(Zeroizing::new(bytes)))
    }

    /// The bytes, for a key file, libcryptsetup, or an envelope. Nothing else needs them.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for DatasetSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatasetSecret")
    }
}

/// The 64-byte key of AES-256-XTS: 32 bytes for the data, 32 for the tweak.
pub struct VolumeKey(Zeroizing<[u8; 64]>);

impl VolumeKey {
    /// A new key from the caller's generator.
    ///
    /// # Errors
    /// [`Error::EqualKeyHalves`] from a generator that repeats itself.
    pub fn draw(rng: &mut impl CryptoRng) -> Result<Self, Error> {
        let mut bytes = Zeroizing::new([0; 64]);
        rng.fill_bytes(bytes.as_mut_slice());
        Self::from_bytes(bytes)
    }

    /// The key of these bytes.
    ///
    /// # Errors
    /// [`Error::EqualKeyHalves`]: such a key makes XTS no stronger than its weakest block
    /// (FIPS 140 IG C.I).
    pub fn from_bytes(bytes: Zeroizing<[u8; 64]>) -> Result<Self, Error> {
        let (data, tweak) = bytes.split_at(32);
        if data.ct_eq(tweak).into() { Err(Error::EqualKeyHalves) } else { Ok(Self(bytes)) }
    }

    /// The bytes, for the cipher and the key slot.
    #[must_use]
    pub fn expose(&self) -> &[u8; 64] {
        &self.0
    }
}

impl fmt::Debug for VolumeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VolumeKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Reason as _;

    #[test]
    fn lengths_and_halves_are_checked() {
        let secret = DatasetSecret::from_key_file(&[1; 32]).unwrap();
        assert_eq!(secret.expose(), &[1; 32]);
        for length in [0, 31, 33] {
            let refused = DatasetSecret::from_key_file(&vec![1; length]).unwrap_err();
            assert_eq!(refused.reason(), "seal.secret-length");
        }
        let refused = VolumeKey::from_bytes(Zeroizing::new([7; 64])).unwrap_err();
        assert_eq!(refused.reason(), "seal.equal-key-halves");
    }

    #[test]
    fn nothing_is_printed() {
        let secret = DatasetSecret::from_bytes(Zeroizing::new([0xab; 32]));
        assert_eq!(format!("{secret:?}"), "DatasetSecret");
    }
}
