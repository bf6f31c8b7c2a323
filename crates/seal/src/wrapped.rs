//! The two things that are sealed: dataset secrets to the broker, output packages to the airlock.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Digest;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::envelope::{open, seal};
use crate::{CryptoRng, DatasetSecret, Error, SealingPublicKey, SealingSecretKey};

/// A dataset secret sealed to a broker, for the dataset of one manifest. Its text form is base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WrappedDatasetKey(Vec<u8>);

impl WrappedDatasetKey {
    /// Seals `secret` to `broker`, for the dataset whose signed manifest has the digest `manifest`.
    ///
    /// # Errors
    /// As [`seal`].
    pub fn wrap(
        secret: &DatasetSecret,
        broker: &SealingPublicKey,
        manifest: &Digest,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, Error> {
        seal(broker, DATASET_KEY_INFO, manifest.as_bytes(), secret.expose(), rng).map(Self)
    }

    /// The secret, if it was sealed to `key` for the dataset of `manifest`.
    ///
    /// # Errors
    /// As [`open`], and [`Error::SecretLength`] if something else was sealed.
    pub fn open(&self, key: &SealingSecretKey, manifest: &Digest) -> Result<DatasetSecret, Error> {
        let secret = open(key, DATASET_KEY_INFO, manifest.as_bytes(), &self.0)?;
        DatasetSecret::from_key_file(&secret)
    }
}

impl TryFrom<String> for WrappedDatasetKey {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        STANDARD.decode(text).map(Self).map_err(|_| Error::EnvelopeFormat)
    }
}

impl From<WrappedDatasetKey> for String {
    fn from(key: WrappedDatasetKey) -> Self {
        STANDARD.encode(key.0)
    }
}

/// Seals an output package to the airlock, for the launch whose manifest has the digest `launch`.
///
/// # Errors
/// As [`seal`].
pub fn seal_output(
    package: &[u8],
    airlock: &SealingPublicKey,
    launch: &Digest,
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, Error> {
    seal(airlock, OUTPUT_INFO, launch.as_bytes(), package, rng)
}

/// The package, if it was sealed to `key` by the launch of `launch`.
///
/// # Errors
/// As [`open`].
pub fn open_output(
    sealed: &[u8],
    key: &SealingSecretKey,
    launch: &Digest,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    open(key, OUTPUT_INFO, launch.as_bytes(), sealed)
}

const DATASET_KEY_INFO: &[u8] = b"cloister dataset key v1";
const OUTPUT_INFO: &[u8] = b"cloister output v1";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Counter;
    use domain::Reason as _;

    fn key(seed: u8) -> SealingSecretKey {
        SealingSecretKey::from_seed(&Zeroizing::new([seed; 32])).unwrap()
    }

    #[test]
    fn a_secret_opens_for_its_broker_and_manifest_alone() {
        let (secret, manifest) = (DatasetSecret::draw(&mut Counter(1)), Digest::of(b"m"));
        let wrapped =
            WrappedDatasetKey::wrap(&secret, &key(1).public(), &manifest, &mut Counter(2)).unwrap();
        let json = serde_json::to_string(&wrapped).unwrap();
        let wrapped: WrappedDatasetKey = serde_json::from_str(&json).unwrap();
        assert_eq!(wrapped.open(&key(1), &manifest).unwrap().expose(), secret.expose());
        for refused in [wrapped.open(&key(2), &manifest), wrapped.open(&key(1), &Digest::of(b"n"))]
        {
            assert_eq!(refused.unwrap_err().reason(), "seal.envelope-authentication");
        }
    }

    #[test]
    fn an_output_opens_for_its_airlock_and_launch_alone_and_is_no_dataset_key() {
        let (package, launch) = ([7; 32], Digest::of(b"l"));
        let sealed = seal_output(&package, &key(1).public(), &launch, &mut Counter(3)).unwrap();
        assert_eq!(*open_output(&sealed, &key(1), &launch).unwrap(), package);
        let other = open_output(&sealed, &key(1), &Digest::of(b"n")).unwrap_err();
        assert_eq!(other.reason(), "seal.envelope-authentication");
        let confused = WrappedDatasetKey(sealed).open(&key(1), &launch).unwrap_err();
        assert_eq!(confused.reason(), "seal.envelope-authentication");
    }
}
