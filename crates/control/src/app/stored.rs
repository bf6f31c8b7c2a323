//! The workloads that lie in their folder, for when nothing lists them any more.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;
use std::time::UNIX_EPOCH;

use domain::ids::PersonId;
use domain::{Digest, Timestamp};
use sha2::{Digest as _, Sha256};

use super::workloads::kind_of;
use crate::ControlError;
use crate::db::rebuild::NOT_IN_LOG;
use crate::db::workloads::Workload;

/// What is in the folder of workloads.
#[derive(Debug, Default)]
pub struct Stored {
    pub(crate) listed: Vec<Workload>,
    unusable: Vec<Digest>,
}

impl Stored {
    /// The workloads that are listed again.
    pub fn listed(&self) -> impl Iterator<Item = Digest> {
        self.listed.iter().map(|workload| workload.digest)
    }

    /// The files that are not the workload whose name they have. They are not listed, and stay.
    #[must_use]
    pub fn unusable(&self) -> &[Digest] {
        &self.unusable
    }
}

/// Looks through `folder`, in the order of the names. Blocks on the disk.
pub(crate) fn stored(folder: &Path) -> Result<Stored, ControlError> {
    let mut found = Stored::default();
    let mut names = Vec::new();
    if folder.is_dir() {
        for entry in fs::read_dir(folder)? {
            names.push(entry?.file_name());
        }
    }
    names.sort();
    for digest in names.iter().filter_map(|name| named(name.to_str()?)) {
        match workload(folder, digest) {
            Ok(workload) => found.listed.push(workload),
            Err(ControlError::WorkloadDigest) => found.unusable.push(digest),
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// Bundles and unfinished uploads have other names.
fn named(name: &str) -> Option<Digest> {
    let digest: Digest = format!("sha256:{name}").parse().ok()?;
    (digest.hex() == name).then_some(digest)
}

fn workload(folder: &Path, digest: Digest) -> Result<Workload, ControlError> {
    let file = folder.join(digest.hex());
    let content = content(&file)?;
    let metadata = fs::metadata(&file)?;
    Ok(Workload {
        digest,
        content,
        kind: kind_of(&file, content, digest)?,
        bytes: metadata.len(),
        bundle: folder.join(format!("{}.bundle.json", digest.hex())).exists(),
        owner: owner()?,
        uploaded: modified(&metadata)?,
    })
}

fn content(file: &Path) -> io::Result<Digest> {
    let (mut file, mut hash) = (File::open(file)?, Sha256::new());
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = file.read(&mut buffer)?;
        match buffer.get(..read) {
            None | Some([]) => return Ok(Digest::from_bytes(hash.finalize().into())),
            Some(bytes) => hash.update(bytes),
        }
    }
}

/// Nobody's: an operator may replace it.
fn owner() -> Result<PersonId, ControlError> {
    NOT_IN_LOG.parse().map_err(|_| ControlError::Aborted)
}

fn modified(metadata: &fs::Metadata) -> Result<Timestamp, ControlError> {
    let since = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or_default();
    Timestamp::from_unix_seconds(seconds).map_err(|_| ControlError::Aborted)
}
