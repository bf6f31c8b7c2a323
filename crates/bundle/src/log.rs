//! Is a log entry in a trusted log?

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::canonical;
use jiff::Timestamp;
use serde::Serialize;
use sigstore_verify::crypto::VerificationKey;
use sigstore_verify::trust_root::{TransparencyLog, TrustedRoot};
use sigstore_verify::types::SignatureBytes;
use tlog::leaf_hash;
use tlog::merkle::verify_inclusion;

use crate::BundleError;
use crate::checkpoint::{Checkpoint, Signature};
use crate::parse::{Entry, Kind, Proof, Version};

/// A log of the trusted root, with the key by which it signs.
pub(crate) struct Log<'a> {
    described: &'a TransparencyLog,
    key: VerificationKey,
}

impl<'a> Log<'a> {
    /// The log that the entry says it is in.
    pub(crate) fn of(entry: &Entry, root: &'a TrustedRoot) -> Result<Self, BundleError> {
        let described = root
            .tlogs
            .iter()
            .find(|log| log.log_id.key_id.as_bytes() == entry.log_id)
            .ok_or(BundleError::LogUnknown)?;
        let key = VerificationKey::from_spki(&described.public_key.raw_bytes)
            .map_err(|error| BundleError::TrustedRoot(error.into()))?;
        Ok(Self { described, key })
    }

    /// Checks everything by which the log itself vouches for the entry.
    ///
    /// Version 0.1 requires the promise, later ones the proof; either is checked where it is.
    pub(crate) fn verify(&self, entry: &Entry, version: Version) -> Result<(), BundleError> {
        match &entry.proof {
            Some(proof) => self.verify_proof(entry, proof)?,
            None if version > Version::V01 => return Err(BundleError::NoInclusionProof),
            None => {}
        }
        match &entry.promise {
            Some(promise) => self.verify_promise(entry, promise),
            None if version == Version::V01 => Err(BundleError::NoLogPromise),
            None => Ok(()),
        }
    }

    fn verify_proof(&self, entry: &Entry, proof: &Proof) -> Result<(), BundleError> {
        // Rekor v1 counts over all its trees, so there the two indices differ.
        if proof.index >= proof.size || (is_rekor_2(entry) && proof.index != entry.index) {
            return Err(BundleError::LogIndex);
        }
        let leaf = leaf_hash(&entry.body);
        verify_inclusion(&leaf, proof.index, proof.size, &proof.hashes, &proof.root)
            .map_err(|_| BundleError::LogInclusion)?;
        let checkpoint = proof.checkpoint.as_ref().ok_or(BundleError::NoCheckpoint)?;
        if (checkpoint.size, checkpoint.root) != (proof.size, proof.root) {
            return Err(BundleError::CheckpointRoot);
        }
        let by_the_log = |line: &Signature| self.signed(checkpoint, line, is_rekor_2(entry));
        if checkpoint.signatures.iter().any(by_the_log) {
            Ok(())
        } else {
            Err(BundleError::CheckpointSignature)
        }
    }

    /// Whether a signature line is this log's. Others may stand beside it: witnesses', other keys'.
    fn signed(&self, checkpoint: &Checkpoint, line: &Signature, is_rekor_2: bool) -> bool {
        let id = self.described.log_id.key_id.as_bytes();
        // Rekor v1 appends the number of the tree to its name.
        let named = match checkpoint.origin.strip_prefix(line.name.as_str()) {
            Some("") => true,
            Some(rest) => !is_rekor_2 && rest.starts_with(" - "),
            None => false,
        };
        let signature = SignatureBytes::from_bytes(&line.bytes);
        named
            && id.starts_with(&line.hint)
            && self.key.verify(checkpoint.signed(), &signature).is_ok()
    }

    /// Rekor v1's promise ("signed entry timestamp"), which is what vouches for the time.
    fn verify_promise(&self, entry: &Entry, promise: &[u8]) -> Result<(), BundleError> {
        let payload = Promised {
            body: STANDARD.encode(&entry.body),
            integrated_time: entry.integrated.unwrap_or_default(),
            log_index: entry.index,
            log_id: entry.log_id.iter().map(|byte| format!("{byte:02x}")).collect(),
        };
        let payload = canonical::to_vec(&payload).map_err(|_| BundleError::LogPromise)?;
        self.key
            .verify(&payload, &SignatureBytes::from_bytes(promise))
            .map_err(|_| BundleError::LogPromise)
    }

    /// Checks that the log's key was valid when the entry was made: at the time that the log
    /// itself vouches for, or else at every time that an authority does.
    ///
    /// `sigstore-verify` asks this only of the former; without it, only whether the key's time has
    /// begun by now.
    pub(crate) fn verify_validity(
        &self,
        entry: &Entry,
        stamps: &[Timestamp],
    ) -> Result<(), BundleError> {
        let Some(window) = self.described.public_key.valid_for else { return Ok(()) };
        let promised = promised_time(entry)?;
        let times = if promised.is_some() { promised.as_slice() } else { stamps };
        match times.iter().find(|&&time| !window.contains(time)) {
            Some(time) => Err(BundleError::LogValidity(time.to_string())),
            None => Ok(()),
        }
    }
}

/// The time that the log's promise vouches for: Rekor v1 alone gives one.
pub(crate) fn promised_time(entry: &Entry) -> Result<Option<Timestamp>, BundleError> {
    match (&entry.promise, entry.integrated) {
        (Some(_), Some(seconds)) if !is_rekor_2(entry) => Timestamp::from_second(seconds)
            .map(Some)
            .map_err(|error| BundleError::Malformed(error.into())),
        _ => Ok(None),
    }
}

fn is_rekor_2(entry: &Entry) -> bool {
    entry.kind == Kind::HashedRekord2
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Promised {
    body: String,
    integrated_time: i64,
    log_index: u64,
    #[serde(rename = "logID")]
    log_id: String,
}
