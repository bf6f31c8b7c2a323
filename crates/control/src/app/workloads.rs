//! Workloads come in by digest. The enclave checks digest and signature; what is checked here only
//! saves the person a refused job.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::pin::Pin;

use axum::body::{Body, Bytes, HttpBody as _};
use domain::Digest;
use sha2::{Digest as _, Sha256};
use tokio::fs;
use tokio::io::AsyncWriteExt as _;

use crate::authz::{Caller, Role};
use crate::db::workloads::{self, UploadKind, Workload};
use crate::{Control, ControlError};

/// What came in.
struct Upload {
    file: PathBuf,
    content: Digest,
    bytes: u64,
}

impl Control {
    /// Keeps the bytes of the workload that proposals call `digest`.
    pub(crate) async fn put_workload(
        &self,
        caller: &Caller,
        digest: Digest,
        body: Body,
    ) -> Result<Workload, ControlError> {
        let temporary = self.temporary()?;
        let kept = self.take_in(caller, digest, body, &temporary).await;
        // Gone already if it was kept.
        let _gone = fs::remove_file(&temporary).await;
        kept?;
        self.workload(digest).await
    }

    /// Keeps the workload's signature.
    pub(crate) async fn put_bundle(
        &self,
        caller: &Caller,
        digest: Digest,
        bundle: &[u8],
    ) -> Result<Workload, ControlError> {
        serde_json::from_slice::<serde_json::Value>(bundle)
            .map_err(|cause| ControlError::Malformed(cause.to_string()))?;
        may_replace(caller, &self.workload(digest).await?)?;
        let temporary = self.temporary()?;
        let mut file = fs::File::create_new(&temporary).await?;
        file.write_all(bundle).await?;
        file.sync_all().await?;
        self.place(&temporary, &self.bundle_file(digest)).await?;
        // CRASH: the file is there and unlisted; the next upload replaces it.
        workloads::set_bundle(&self.pool, digest).await?;
        self.workload(digest).await
    }

    /// Where a workload is, and its bundle.
    pub(crate) async fn workload_files(
        &self,
        digest: Digest,
    ) -> Result<(PathBuf, Vec<u8>), ControlError> {
        let found = workloads::find(&self.pool, digest).await?;
        if !found.ok_or(ControlError::WorkloadMissing)?.bundle {
            return Err(ControlError::BundleMissing);
        }
        Ok((self.workload_file(digest), fs::read(self.bundle_file(digest)).await?))
    }

    async fn take_in(
        &self,
        caller: &Caller,
        digest: Digest,
        body: Body,
        temporary: &Path,
    ) -> Result<(), ControlError> {
        let upload = receive(body, temporary).await?;
        if let Some(held) = workloads::find(&self.pool, digest).await? {
            if held.content == upload.content {
                // Again in its place: a restored database may list what the folder has lost.
                return self.place(temporary, &self.workload_file(digest)).await;
            }
            may_replace(caller, &held)?;
        }
        let (file, content) = (upload.file, upload.content);
        let kind = tokio::task::spawn_blocking(move || kind_of(&file, content, digest))
            .await
            .map_err(|_| ControlError::Aborted)??;
        self.place(temporary, &self.workload_file(digest)).await?;
        // CRASH: the file is there and unlisted; the next upload replaces it.
        let workload = Workload {
            digest,
            content,
            kind,
            bytes: upload.bytes,
            bundle: false,
            owner: caller.person.clone(),
            uploaded: self.now(),
        };
        workloads::put(&self.pool, &workload).await
    }

    /// Gives a whole file its name, durably: it is listed after that.
    async fn place(&self, temporary: &Path, file: &Path) -> Result<(), ControlError> {
        fs::rename(temporary, file).await?;
        fs::File::open(&self.config.workloads).await?.sync_all().await?;
        Ok(())
    }

    async fn workload(&self, digest: Digest) -> Result<Workload, ControlError> {
        workloads::find(&self.pool, digest).await?.ok_or(ControlError::NotFound)
    }

    fn workload_file(&self, digest: Digest) -> PathBuf {
        self.config.workloads.join(digest.hex())
    }

    fn bundle_file(&self, digest: Digest) -> PathBuf {
        self.config.workloads.join(format!("{}.bundle.json", digest.hex()))
    }

    fn temporary(&self) -> Result<PathBuf, ControlError> {
        let mut name = [0; 16];
        getrandom::fill(&mut name)?;
        Ok(self.config.workloads.join(format!(".{}{TEMPORARY}", hex::encode(name))))
    }
}

/// Removes what uploads left that did not come to their end.
pub(crate) async fn sweep(folder: &Path) -> io::Result<()> {
    let mut files = fs::read_dir(folder).await?;
    while let Some(file) = files.next_entry().await? {
        let name = file.file_name();
        if name.to_str().is_some_and(|name| name.starts_with('.') && name.ends_with(TEMPORARY)) {
            fs::remove_file(file.path()).await?;
        }
    }
    Ok(())
}

/// A stranger's replacement could stop a job, though never alter it.
fn may_replace(caller: &Caller, held: &Workload) -> Result<(), ControlError> {
    if caller.person == held.owner || caller.role == Role::Operator {
        Ok(())
    } else {
        Err(ControlError::WorkloadExists)
    }
}

/// Writes a body to `path` as it comes in, up to the limit.
async fn receive(mut body: Body, path: &Path) -> Result<Upload, ControlError> {
    let mut file = fs::File::create_new(path).await?;
    let (mut hash, mut bytes) = (Sha256::new(), 0_u64);
    while let Some(chunk) = next_chunk(&mut body).await? {
        bytes = bytes.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        if bytes > WORKLOAD_BYTES {
            return Err(ControlError::TooLarge);
        }
        hash.update(&chunk);
        file.write_all(&chunk).await?;
    }
    file.sync_all().await?;
    Ok(Upload { file: path.to_owned(), content: Digest::from_bytes(hash.finalize().into()), bytes })
}

/// The next data of a body; `None` at its end.
async fn next_chunk(body: &mut Body) -> Result<Option<Bytes>, ControlError> {
    loop {
        let frame = std::future::poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await;
        match frame {
            None => return Ok(None),
            Some(Err(cause)) => return Err(ControlError::Malformed(cause.to_string())),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}

/// What a file is: the workload itself, or an image layout that holds its manifest.
pub(crate) fn kind_of(
    file: &Path,
    content: Digest,
    digest: Digest,
) -> Result<UploadKind, ControlError> {
    if content == digest {
        return Ok(UploadKind::Component);
    }
    match holds_blob(File::open(file)?, digest) {
        Ok(true) => Ok(UploadKind::ImageLayout),
        Ok(false) | Err(_) => Err(ControlError::WorkloadDigest),
    }
}

/// Whether a tar archive holds `blobs/sha256/<digest>` with that content (OCI image layout 1.0).
fn holds_blob(archive: File, digest: Digest) -> io::Result<bool> {
    let wanted = PathBuf::from(format!("blobs/sha256/{}", digest.hex()));
    let mut archive = tar::Archive::new(io::BufReader::new(archive));
    for entry in archive.entries()?.take(MEMBERS) {
        let entry = entry?;
        let path = entry.path()?;
        if path.strip_prefix(".").unwrap_or(&path) != wanted {
            continue;
        }
        let mut manifest = Vec::new();
        entry.take(MANIFEST_BYTES).read_to_end(&mut manifest)?;
        return Ok(Digest::of(&manifest) == digest);
    }
    Ok(false)
}

/// How the names of files end that are not whole yet.
const TEMPORARY: &str = ".new";
const WORKLOAD_BYTES: u64 = 256 * 1024 * 1024;
/// As much as registries take for a manifest.
const MANIFEST_BYTES: u64 = 4 * 1024 * 1024;
const MEMBERS: usize = 10_000;
