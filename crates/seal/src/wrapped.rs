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

/// Seals an output package to the airlock, for the launch whose manifest has the digest `launch`. The
/// package is padded, so that its length, which the workload chooses, does not show to the relay.
///
/// # Errors
/// As [`seal`].
pub fn seal_output(
    package: &[u8],
    airlock: &SealingPublicKey,
    launch: &Digest,
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, Error> {
    seal(airlock, OUTPUT_INFO, launch.as_bytes(), &padded(package)?, rng)
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
    unpadded(&open(key, OUTPUT_INFO, launch.as_bytes(), sealed)?)
}

/// Length (8 bytes, little-endian), package, zeros up to a power of two of at least 64 KiB.
fn padded(package: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let length = u64::try_from(package.len()).map_err(|_| Error::EnvelopeFormat)?;
    let whole = package.len().checked_add(LENGTH_BYTES).ok_or(Error::EnvelopeFormat)?;
    let size =
        whole.max(SMALLEST_OUTPUT).checked_next_power_of_two().ok_or(Error::EnvelopeFormat)?;
    let mut padded = Zeroizing::new(Vec::with_capacity(size));
    padded.extend_from_slice(&length.to_le_bytes());
    padded.extend_from_slice(package);
    padded.resize(size, 0);
    Ok(padded)
}

fn unpadded(padded: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let (length, rest) = padded.split_first_chunk().ok_or(Error::EnvelopeFormat)?;
    let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| Error::EnvelopeFormat)?;
    let (package, zeros) = rest.split_at_checked(length).ok_or(Error::EnvelopeFormat)?;
    if zeros.iter().any(|byte| *byte != 0) {
        return Err(Error::EnvelopeFormat);
    }
    Ok(Zeroizing::new(package.to_vec()))
}

const DATASET_KEY_INFO: &[u8] = b"cloister dataset key v1";
const OUTPUT_INFO: &[u8] = b"cloister output v1";
const LENGTH_BYTES: usize = 8;
const SMALLEST_OUTPUT: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Counter;
    use domain::Reason as _;

    fn key(seed: u8) -> SealingSecretKey {
        SealingSecretKey::from_seed(&Zeroizing::new([seed; 32])).unwrap()
    }

    #[test]
    fn the_length_of_an_output_does_not_show() {
        let launch = Digest::of(b"launch");
        let sealed = |length: usize| {
            let package = vec![7; length];
            let sealed = seal_output(&package, &key(1).public(), &launch, &mut Counter(3)).unwrap();
            assert_eq!(*open_output(&sealed, &key(1), &launch).unwrap(), package);
            sealed.len()
        };
        assert_eq!(sealed(0), sealed(65_528));
        assert_eq!(sealed(65_529), sealed(131_064));
        for spoiled in [&[0; 7][..], &[9, 0, 0, 0, 0, 0, 0, 0, 1], &[0, 0, 0, 0, 0, 0, 0, 0, 1]] {
            assert_eq!(unpadded(spoiled).unwrap_err().reason(), "seal.envelope-format");
        }
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
