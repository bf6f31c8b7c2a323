//! Whom a verifier of a log believes: one key, or a trust policy.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use airlock::export::Trust;
use clap::Args;
use domain::Timestamp;
use domain::keys::PublicKey;
use serde_json::{Value, json};
use tlog::{LogError, Policy, VerifierKey};

use super::failure;
use crate::cli::files::{malformed, read_text};
use crate::cli::{Answer, Failure};

/// The log's name and key, or a policy that names them and its witnesses.
#[derive(Debug, Args)]
pub struct Believed {
    /// The log's name
    #[arg(long, required_unless_present = "policy", requires = "key")]
    origin: Option<String>,
    /// The log's public key: PEM, a C2SP verifier key, or a deployment's trust.json
    #[arg(long, required_unless_present = "policy", requires = "origin")]
    key: Option<PathBuf>,
    /// A trust policy (C2SP tlog-policy): logs, witnesses, and who must have cosigned
    #[arg(long, conflicts_with_all = ["origin", "key"])]
    policy: Option<PathBuf>,
}

/// The key that signed a checkpoint, and under a policy when each of its witnesses cosigned it.
pub(super) struct Believable {
    pub(super) key: VerifierKey,
    cosigned: Option<BTreeMap<String, Timestamp>>,
    fresh: Option<Timestamp>,
}

impl Believable {
    /// When each witness cosigned, by its name; `None` without a policy.
    pub(super) const fn cosigned(&self) -> Option<&BTreeMap<String, Timestamp>> {
        self.cosigned.as_ref()
    }

    /// Since when a quorum cosigned it, if anybody has to.
    pub(super) const fn fresh(&self) -> Option<Timestamp> {
        self.fresh
    }

    /// `answer`, with the times of the witnesses if there is a policy.
    pub(super) fn told(&self, mut json: Value, mut text: String) -> Answer {
        if let (Some(cosigned), Some(members)) = (&self.cosigned, json.as_object_mut()) {
            members.insert("cosigned".to_owned(), json!(cosigned));
            text.extend(
                cosigned.iter().map(|(name, time)| format!("\ncosigned by {name} at {time}")),
            );
        }
        Answer::new(json, text)
    }
}

impl Believed {
    /// Checks the signatures of the checkpoint `note`; with a key alone that is left to whoever
    /// verifies the tree.
    pub(super) fn check(&self, note: &str) -> Result<Believable, Failure> {
        match (&self.policy, &self.origin, &self.key) {
            (Some(path), ..) => {
                let witnessed = policy(path)?.verify(note).map_err(|error| failure(&error))?;
                let key = witnessed.log().clone();
                let (cosigned, fresh) = (Some(witnessed.cosigned().clone()), witnessed.as_of());
                Ok(Believable { key, cosigned, fresh })
            }
            (None, Some(origin), Some(path)) => {
                Ok(Believable { key: verifier_key(origin, path)?, cosigned: None, fresh: None })
            }
            _ => Err(Failure::unusable_because(
                "usage",
                "give either `--policy`, or `--origin` and `--key`",
            )),
        }
    }

    /// Checks the log's own signature on the checkpoint `note` of an empty log, which nobody cosigns.
    pub(super) fn check_empty(&self, note: &str) -> Result<Believable, Failure> {
        let Some(path) = &self.policy else { return self.check(note) };
        let policy = policy(path)?;
        let (key, _) = policy.signed(note).map_err(|error| failure(&error))?;
        let key = key.clone();
        Ok(Believable { key, cosigned: Some(BTreeMap::new()), fresh: None })
    }
}

fn policy(path: &Path) -> Result<Policy, Failure> {
    read_text(path)?.parse().map_err(|error| malformed(path, &error))
}

/// The log's key from a PEM file, or from a file with a C2SP verifier key or a trust file, whose
/// name must be `origin`.
pub(super) fn verifier_key(origin: &str, path: &Path) -> Result<VerifierKey, Failure> {
    let text = read_text(path)?;
    let unusable = |error| malformed(path, &error);
    if let Ok(key) = PublicKey::from_pem(&text) {
        return VerifierKey::new(origin, key).map_err(unusable);
    }
    let key = match serde_json::from_str::<Trust>(&text) {
        Ok(trust) => trust.log(),
        Err(_) => text.trim().parse(),
    };
    let key = key.map_err(unusable)?;
    if key.origin() == origin {
        return Ok(key);
    }
    let (expected, found) = (origin.to_owned(), key.origin().to_owned());
    Err(failure(&LogError::Origin { expected, found }))
}
