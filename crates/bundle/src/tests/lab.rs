//! A log, an authority and a signing key of the test's own, so that any bundle can be made, wrong
//! ones with right signatures too.

use std::sync::{Mutex, OnceLock};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::keys::SecretKey;
use domain::leaf::PublishedSignature;
use domain::{Digest, Reason, Timestamp};
use serde_json::{Value, json};
use tlog::{LeafProof, Log, VerifierKey};
use tlog_files::FileStore;
use zeroize::Zeroizing;

use super::authority::Authority;
use crate::write::{Draft, SigningKey, TimeAuthority, TrustedRoot};
use crate::{Artifact, Signer, verify_published};

pub(crate) const ARTIFACT: &[u8] = b"region;count\nnorth;12\n";
pub(crate) const ORIGIN: &str = "log.example/audit";

pub(crate) struct Lab {
    log: Mutex<Log<FileStore>>,
    _folder: tempfile::TempDir,
    pub(crate) authority: Authority,
    pub(crate) stranger: Authority,
    pub(crate) key: SigningKey,
    pub(crate) root: Value,
}

/// The one lab of this test process.
pub(crate) fn lab() -> &'static Lab {
    static LAB: OnceLock<Lab> = OnceLock::new();
    LAB.get_or_init(Lab::new)
}

pub(crate) fn secret() -> SecretKey {
    SecretKey::from_seed(&Zeroizing::new([9; 32]))
}

pub(crate) fn log_key() -> VerifierKey {
    VerifierKey::new(ORIGIN, secret().public()).unwrap()
}

/// A key that signed nothing.
pub(crate) fn other_key() -> SigningKey {
    SigningKey::from_pkcs8(&lab().stranger.signing_key()).unwrap()
}

/// After every stamp that a test makes.
pub(crate) fn later() -> Timestamp {
    "2100-01-01T00:00:00Z".parse().unwrap()
}

impl Lab {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = FileStore::open(&folder.path().join("log"), &folder.path().join("cell"));
        let mut log = Log::open(store.unwrap(), ORIGIN, secret()).unwrap();
        log.append(&(0..5_u8).map(|n| vec![n]).collect::<Vec<_>>()).unwrap();
        let authority = Authority::new();
        let key = authority.signing_key();
        let root = TrustedRoot {
            log: &log_key(),
            authorities: &[TimeAuthority {
                name: "stamps.example".to_owned(),
                certificates: authority.chain(),
            }],
            since: "2026-01-01T00:00:00Z".parse().unwrap(),
        };
        let root = serde_json::from_str(&root.to_json()).unwrap();
        Self {
            log: Mutex::new(log),
            _folder: folder,
            authority,
            stranger: Authority::new(),
            key: SigningKey::from_pkcs8(&key).unwrap(),
            root,
        }
    }

    /// Records any bytes in the log: their proof.
    pub(crate) fn record(&self, leaf: &[u8]) -> LeafProof {
        let mut log = self.log.lock().unwrap();
        let index = log.append(&[leaf.to_vec(), b"after".to_vec()]).unwrap().first_index;
        log.prove(index).unwrap()
    }

    /// A draft recorded, stamped and written.
    pub(crate) fn publish(&self, draft: &Draft) -> Value {
        let proof = self.record(&draft.leaf().to_leaf().unwrap());
        let stamp = self.authority.stamp(draft.signature());
        serde_json::from_str(&draft.bundle(&log_key(), &proof, &[stamp]).unwrap()).unwrap()
    }

    /// A log entry with any body, truly in the log, of the kind that it says.
    pub(crate) fn entry(&self, body: &Value) -> Value {
        let leaf = body.to_string().into_bytes();
        let proof = self.record(&leaf);
        let size = proof.checkpoint.split('\n').nth(1).unwrap();
        let root = proof.checkpoint.split('\n').nth(2).unwrap();
        json!({
            "logIndex": proof.index.to_string(),
            "logId": self.root["tlogs"][0]["logId"],
            "kindVersion": { "kind": body["kind"], "version": body["apiVersion"] },
            "inclusionProof": {
                "logIndex": proof.index.to_string(),
                "rootHash": root,
                "treeSize": size,
                "hashes": proof.hashes.iter().map(|h| STANDARD.encode(h.as_bytes())).collect::<Vec<_>>(),
                "checkpoint": { "envelope": proof.checkpoint },
            },
            "canonicalizedBody": STANDARD.encode(&leaf),
        })
    }
}

/// The verdict on a bundle made here: `verified`, or the reason; by the file and by its digest.
pub(crate) fn verdict(bundle: &str, artifact: &[u8], root: &str, now: Timestamp) -> &'static str {
    let pem = lab().key.public_pem();
    let judge = |artifact| verify_published(bundle, artifact, &Signer::Key(&pem), root, now);
    let [file, digest] = [Artifact::Bytes(artifact), Artifact::Digest(Digest::of(artifact))]
        .map(|artifact| judge(artifact).map_or_else(|error| error.reason(), |_| "verified"));
    assert_eq!(file, digest, "the file and its digest get different verdicts");
    file
}

/// The body of a draft's log entry, as JSON to be changed.
pub(crate) fn body(published: &PublishedSignature) -> Value {
    serde_json::from_slice(&published.to_leaf().unwrap()).unwrap()
}

/// An in-toto statement about [`ARTIFACT`].
pub(crate) fn statement() -> Vec<u8> {
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": "visits.csv", "digest": { "sha256": Digest::of(ARTIFACT).hex() } }],
        "predicateType": "https://cloister.example/export/v1",
        "predicate": {},
    })
    .to_string()
    .into_bytes()
}
