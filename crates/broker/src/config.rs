//! What a broker is started with.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use domain::Timestamp;
use domain::keys::PublicKey;
use domain::launch::Deployment;
use evidence::snp::{Chips, PlatformRules, Roots, TcbFloors};
use ledger::Ledger;
use policy::ReleasePolicy;
use seal::SealingSecretKey;

use crate::BrokerError;
use crate::keystore::KeyStore;

/// The values of one deployment.
#[derive(Clone, Debug)]
pub struct Config {
    /// Whose datasets are accepted.
    pub custodians: BTreeSet<PublicKey>,
    /// What every launch is bound to.
    pub deployment: Deployment,
    /// The roots that evidence may chain up to.
    pub roots: Roots,
    /// The roots' revocation list.
    pub revocation: Revocation,
    /// The oldest acceptable firmware.
    pub floors: TcbFloors,
    /// The chips that may run enclaves.
    pub chips: Chips,
    /// What else guests and hosts must be like.
    pub platform_rules: PlatformRules,
    /// How long things are good for.
    pub lifetimes: Lifetimes,
}

/// Where the revocation list comes from.
#[derive(Clone, Debug)]
pub enum Revocation {
    /// A DER file, read at each attestation, so that a renewed one counts at once.
    File(PathBuf),
    /// None: accepted under the roots of an emulated platform alone.
    EmulatedNone,
}

impl Revocation {
    /// The list as DER; `None` for the emulated platform's lack of one.
    ///
    /// # Errors
    /// [`BrokerError::RevocationList`].
    pub(crate) fn read(&self) -> Result<Option<Vec<u8>>, BrokerError> {
        match self {
            Self::File(path) => std::fs::read(path).map(Some).map_err(BrokerError::RevocationList),
            Self::EmulatedNone => Ok(None),
        }
    }
}

/// How long things are good for, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// From the authorisation of a launch to the release of its key.
    pub launch_seconds: i64,
    /// From the issue of a nonce to the evidence that is bound to it.
    pub nonce_seconds: i64,
    /// From attestation to the release of the key.
    pub token_seconds: i64,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self { launch_seconds: 600, nonce_seconds: 300, token_seconds: 300 }
    }
}

/// The things that a broker works with.
pub struct Parts {
    /// The log and its objects.
    pub ledger: Arc<Ledger>,
    /// Where wrapped keys are kept.
    pub keys: Box<dyn KeyStore>,
    /// The key to which they are wrapped.
    pub sealing_key: SealingSecretKey,
    /// What decides on releases.
    pub policy: ReleasePolicy,
    /// The time.
    pub clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Parts({:?}, policy {})", self.sealing_key, self.policy.digest())
    }
}
