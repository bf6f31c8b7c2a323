//! The trust file: the public keys with which anyone verifies a deployment's log and exports.

use std::collections::BTreeSet;

use domain::claims::CspId;
use domain::keys::PublicKey;
use serde::{Deserialize, Serialize};
use tlog::{LogError, VerifierKey};

/// `trust.json`. Handed out by the custodian, on a way that the operator does not control.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trust {
    /// Version of this format.
    pub version: TrustVersion,
    /// The log's origin.
    pub log_origin: String,
    /// The log's key.
    pub log_key: PublicKey,
    /// The airlock's signing key.
    pub airlock: PublicKey,
    /// The custodians whose datasets may be in exports.
    pub custodians: BTreeSet<PublicKey>,
    /// Cloud providers whose keys (VLEK) may sign evidence in exports.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub provider_keys: BTreeSet<CspId>,
    /// The root of a laboratory's emulated platform (base64 DER). `cloister` never trusts it;
    /// `cloister-lab` does, and says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emulated_root: Option<String>,
}

/// The one known version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TrustVersion {
    /// Version 1.
    #[serde(rename = "cloister-trust/1")]
    V1,
}

impl Trust {
    /// The log's verifier key.
    ///
    /// # Errors
    /// [`LogError`] if the origin is not one.
    pub fn log(&self) -> Result<VerifierKey, LogError> {
        VerifierKey::new(&self.log_origin, self.log_key)
    }
}
