//! Stage 1: a sealed dataset becomes known.

use std::path::PathBuf;

use domain::Digest;
use domain::dataset::DatasetManifest;
use domain::dsse::Envelope;
use wire::broker::{RegisterDataset, Registered};

use crate::db::datasets::{self, Dataset};
use crate::{Control, ControlError};

impl Control {
    /// Has the broker take in a dataset whose ciphertext lies in `folder`, then lists it.
    pub(crate) async fn register_dataset(
        &self,
        request: RegisterDataset,
        folder: String,
    ) -> Result<Dataset, ControlError> {
        // For the catalogue; whether the signer counts is the broker's decision.
        let signed = DatasetManifest::verify(&request.manifest, &request.signer)
            .map_err(ControlError::Dataset)?;
        self.check_folder(&folder, signed.digest()).await?;
        let registered: Registered = self.broker.post("/v0/datasets", &request).await?;
        // CRASH: the broker takes the same registration again.
        let manifest = signed.manifest().clone();
        let dataset = Dataset {
            digest: signed.digest(),
            id: manifest.id,
            title: manifest.title,
            description: manifest.description,
            classification: manifest.classification,
            rows: manifest.rows,
            columns: manifest.columns,
            folder,
            registered: self.now(),
            log_index: registered.log_index,
        };
        datasets::put(&self.pool, &dataset).await?;
        datasets::find(&self.pool, dataset.digest).await?.ok_or(ControlError::NotFound)
    }

    /// Where the ciphertext of a registered dataset is.
    pub(crate) async fn dataset_folder(&self, dataset: Digest) -> Result<PathBuf, ControlError> {
        let found = datasets::find(&self.pool, dataset).await?;
        let found = found.ok_or(ControlError::DatasetMissing)?;
        Ok(self.config.datasets.join(found.folder))
    }

    /// A wrong folder would only show as a refusal in the guest, minutes later.
    async fn check_folder(&self, folder: &str, dataset: Digest) -> Result<(), ControlError> {
        if !is_plain_name(folder) {
            return Err(ControlError::DatasetFolder);
        }
        let manifest = self.config.datasets.join(folder).join("manifest.dsse.json");
        let bytes = tokio::fs::read(manifest).await.map_err(|_| ControlError::DatasetFolder)?;
        let digest = serde_json::from_slice::<Envelope>(&bytes)
            .ok()
            .and_then(|envelope| envelope.payload_digest().ok());
        if digest == Some(dataset) { Ok(()) } else { Err(ControlError::DatasetFolder) }
    }
}

/// One path segment that goes neither up nor away.
fn is_plain_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=64).contains(&name.len()) && name.bytes().all(plain) && !name.starts_with('.')
}

#[cfg(test)]
mod tests {
    use super::is_plain_name;

    #[test]
    fn folders_are_single_plain_names() {
        for good in ["randhie", "a.b-c_D", &"x".repeat(64)] {
            assert!(is_plain_name(good), "{good}");
        }
        for bad in ["", ".", "..", ".hidden", "a/b", "/etc", "a\\b", "ä", "a\0", &"x".repeat(65)] {
            assert!(!is_plain_name(bad), "{bad}");
        }
    }
}
