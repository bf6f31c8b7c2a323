//! The one place that unwraps dataset keys.

use std::fmt;

use domain::grant::KeyGrant;
use domain::{Digest, Recorded};
use seal::{SealingPublicKey, SealingSecretKey, WrappedDatasetKey};
use wire::kbs::Response;

use crate::BrokerError;
use crate::jwe;
use crate::keystore::{KeyStore, KeyStoreError};
use crate::tee_key::TeeKey;

/// The wrapped keys and the key that opens them. Nothing outside this module can unwrap one.
pub(crate) struct Vault {
    keys: Box<dyn KeyStore>,
    sealing_key: SealingSecretKey,
}

impl Vault {
    pub(crate) fn new(keys: Box<dyn KeyStore>, sealing_key: SealingSecretKey) -> Self {
        Self { keys, sealing_key }
    }

    /// To what dataset secrets are wrapped.
    pub(crate) fn public(&self) -> SealingPublicKey {
        self.sealing_key.public()
    }

    /// Takes in the key of `dataset`, if it opens here. That of a `registered` dataset stays while it is there: who
    /// got no answer may wrap the same secret anew, and nobody can send another one.
    ///
    /// # Errors
    /// [`BrokerError::WrappedKey`], [`BrokerError::DatasetRegistered`], [`BrokerError::KeyStore`].
    pub(crate) fn admit(
        &self,
        dataset: &Digest,
        key: &WrappedDatasetKey,
        registered: bool,
    ) -> Result<(), BrokerError> {
        let open = |key: &WrappedDatasetKey| {
            key.open(&self.sealing_key, dataset).map_err(BrokerError::WrappedKey)
        };
        let secret = open(key)?;
        match self.keys.get(dataset) {
            Ok(held) if registered && open(&held).is_ok_and(|held| held.is(&secret)) => Ok(()),
            Ok(_) if registered => Err(BrokerError::DatasetRegistered),
            Err(error) if registered && !matches!(error, KeyStoreError::Missing(_)) => {
                Err(error.into())
            }
            _ => Ok(self.keys.put(dataset, key)?),
        }
    }

    /// The key of `dataset`, still wrapped.
    ///
    /// # Errors
    /// [`BrokerError::KeyStore`].
    pub(crate) fn wrapped(&self, dataset: &Digest) -> Result<WrappedDatasetKey, BrokerError> {
        Ok(self.keys.get(dataset)?)
    }

    /// Unwraps the key that was granted and encrypts it to the enclave. It takes the proof that
    /// the grant is in the log: this is where a key leaves.
    ///
    /// # Errors
    /// [`BrokerError::WrappedKey`], [`BrokerError::Cryptography`].
    pub(crate) fn release(
        &self,
        grant: &Recorded<KeyGrant>,
        wrapped: &WrappedDatasetKey,
        recipient: &TeeKey,
    ) -> Result<Response, BrokerError> {
        let secret = wrapped
            .open(&self.sealing_key, &grant.get().dataset())
            .map_err(BrokerError::WrappedKey)?;
        jwe::encrypt(recipient, secret.expose())
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vault({:?})", self.sealing_key)
    }
}
