//! The dataset manifest: what a sealed dataset is, signed by its custodian as an in-toto statement
//! (in-toto Attestation Framework v1) in a DSSE envelope. `docs/formats/sealed-dataset.md`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::canonical::{self, CanonicalError};
use crate::dsse::{DsseError, Envelope};
use crate::ids::DatasetId;
use crate::keys::{PublicKey, SecretKey};
use crate::{Digest, Reason, Timestamp};

mod parts;
mod statement;

pub use parts::{
    BlockSize, Cipher, Classification, Column, Custodians, DataFile, HashAlgorithm, Kind,
    PartError, Role, Salt, Verity,
};
use statement::Statement;

/// The DSSE payload type of in-toto statements.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
/// The predicate type of a dataset manifest.
pub const PREDICATE_TYPE: &str = "https://cloister.example/dataset/v1";

/// Everything that is promised about one sealed dataset. A value is only a claim until
/// [`DatasetManifest::verify`] has turned its envelope into a [`SignedDataset`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatasetManifest {
    /// The dataset's name.
    pub id: DatasetId,
    /// One line for people.
    pub title: String,
    /// What the data are, where they come from, under which terms.
    pub description: String,
    /// How much harm a disclosure would do.
    pub classification: Classification,
    /// Rows over all tables.
    pub rows: u64,
    /// The columns, in the order of the table.
    pub columns: Vec<Column>,
    /// The files of the sealed file system.
    pub files: Vec<DataFile>,
    /// How `data.img` is encrypted.
    pub cipher: Cipher,
    /// SHA-256 of `header.img`, the detached LUKS2 header.
    pub header_digest: Digest,
    /// The dm-verity tree over the ciphertext `data.img`.
    pub verity: Verity,
    /// Who decides on uses of the dataset.
    pub custodians: Custodians,
    /// When the dataset was sealed.
    pub created: Timestamp,
}

impl DatasetManifest {
    /// Signs the manifest as an in-toto statement over `header.img` and `data.img`.
    ///
    /// # Errors
    /// [`DatasetError::Contents`] for a manifest that [`Self::verify`] would refuse,
    /// [`DatasetError::Canonical`] for a number without an exact JSON form (above 2^53).
    pub fn sign(&self, key: &SecretKey) -> Result<Envelope, DatasetError> {
        let payload = canonical::to_vec(&Statement::of(self.clone()))?;
        Self::from_payload(&payload)?;
        Ok(Envelope::sign(PAYLOAD_TYPE, &payload, key))
    }

    /// The manifest in `envelope`, if `key` signed it and it is well formed.
    ///
    /// # Errors
    /// [`DatasetError::Envelope`] for a wrong type or signature, [`DatasetError::Canonical`] for
    /// bytes that are no manifest in canonical JSON, [`DatasetError::Statement`] for a statement
    /// of another kind or about other files, [`DatasetError::Contents`] for a list with doublets.
    pub fn verify(envelope: &Envelope, key: &PublicKey) -> Result<SignedDataset, DatasetError> {
        let payload = envelope.verify(PAYLOAD_TYPE, key)?;
        let manifest = Self::from_payload(&payload)?;
        Ok(SignedDataset { manifest, digest: Digest::of(&payload), signer: *key })
    }

    /// What an envelope says of a dataset, for whoever knows from elsewhere that it was accepted: a log
    /// names the payload's digest. Unauthenticated: no decision may rest on it alone.
    ///
    /// # Errors
    /// As [`Self::verify`], but that no signature is looked at.
    pub fn unverified(envelope: &Envelope) -> Result<Self, DatasetError> {
        Self::from_payload(&envelope.unverified_payload()?)
    }

    fn from_payload(payload: &[u8]) -> Result<Self, DatasetError> {
        let statement: Statement = canonical::from_slice(payload)?;
        let manifest = statement.into_manifest().ok_or(DatasetError::Statement)?;
        if manifest.names_are_unique() { Ok(manifest) } else { Err(DatasetError::Contents) }
    }

    fn names_are_unique(&self) -> bool {
        let columns: BTreeSet<_> = self.columns.iter().map(|column| &column.name).collect();
        let files: BTreeSet<_> = self.files.iter().map(|file| &file.name).collect();
        columns.len() == self.columns.len() && files.len() == self.files.len()
    }
}

/// A dataset manifest whose signature was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedDataset {
    manifest: DatasetManifest,
    digest: Digest,
    signer: PublicKey,
}

impl SignedDataset {
    /// What was signed.
    #[must_use]
    pub const fn manifest(&self) -> &DatasetManifest {
        &self.manifest
    }

    /// The digest of the signed payload's bytes: the dataset's identity in approvals, launch
    /// manifests and wrapped keys.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// Who must approve uses of it.
    #[must_use]
    pub const fn custodians(&self) -> &Custodians {
        &self.manifest.custodians
    }

    /// The key that signed it.
    #[must_use]
    pub const fn signer(&self) -> PublicKey {
        self.signer
    }
}

/// Why an envelope is no dataset manifest.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// Not the expected JSON, or not in canonical form.
    #[error("the dataset manifest cannot be read")]
    Canonical(#[from] CanonicalError),
    /// Two columns or two files of one name.
    #[error("the dataset manifest names a column or a file twice")]
    Contents,
    /// Not signed by the expected key, or another type of payload.
    #[error("the dataset manifest is not signed as expected")]
    Envelope(#[from] DsseError),
    /// An in-toto statement of another type, or whose subjects are not the manifest's own files.
    #[error("the statement is not a dataset manifest over its own header and image")]
    Statement,
}

impl Reason for DatasetError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Canonical(CanonicalError::NotJson(_)) => "dataset.malformed",
            Self::Canonical(CanonicalError::NotCanonical) => "dataset.not-canonical",
            Self::Contents => "dataset.duplicate-name",
            Self::Envelope(DsseError::Malformed) => "dataset.envelope-malformed",
            Self::Envelope(DsseError::PayloadType) => "dataset.payload-type",
            Self::Envelope(DsseError::Signature) => "dataset.signature",
            Self::Statement => "dataset.statement",
        }
    }
}

#[cfg(test)]
mod tests;
