//! Which sealed dataset lies in which folder: the log does not say, the folders do.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use domain::Digest;
use domain::dsse::Envelope;

use super::RebuildError;

/// The folders below `datasets` that hold a dataset's manifest, by its digest. Of several with the
/// same one, the first by name.
pub(super) fn of_datasets(datasets: &Path) -> Result<BTreeMap<Digest, String>, RebuildError> {
    let unreadable = |error| RebuildError::Folder(datasets.to_owned(), error);
    let mut names = Vec::new();
    for entry in fs::read_dir(datasets).map_err(unreadable)? {
        names.extend(entry.map_err(unreadable)?.file_name().into_string());
    }
    names.sort();
    let mut found = BTreeMap::new();
    for name in names {
        if let Some(digest) = manifest_in(&datasets.join(&name)) {
            found.entry(digest).or_insert(name);
        }
    }
    Ok(found)
}

/// What else lies there is no dataset of the log's, and one that is will be missed.
fn manifest_in(folder: &Path) -> Option<Digest> {
    let bytes = fs::read(folder.join("manifest.dsse.json")).ok()?;
    serde_json::from_slice::<Envelope>(&bytes).ok()?.payload_digest().ok()
}
