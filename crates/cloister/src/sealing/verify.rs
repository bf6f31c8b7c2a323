//! Every check on a sealed dataset that needs no device mapper.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use domain::Digest;
use domain::dataset::{DatasetManifest, SignedDataset};
use domain::dsse::Envelope;
use domain::keys::PublicKey;
use seal::DatasetSecret;
use seal::luks2::{AdmittedHeader, HEADER_BYTES};
use seal::verity::{self, BLOCK_BYTES, Parameters};

use super::{DATA, HASH, HEADER, MANIFEST, SealingError};

/// The sealed dataset in the folder `dir`, if `signer` signed its manifest, its header is the one
/// that was signed and is admitted, and every block of both images is as the manifest implies.
/// `progress` is told how many bytes of `data.img` are read, of how many.
///
/// # Errors
/// [`SealingError`]: the first check that fails.
pub fn verify_folder(
    dir: &Path,
    signer: &PublicKey,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<SignedDataset, SealingError> {
    let (_, dataset) = read_manifest(dir, signer)?;
    admitted_header(dir, &dataset)?;
    verify_images(dir, dataset.manifest(), progress)?;
    Ok(dataset)
}

/// The manifest in the folder `dir`, if `signer` signed it; says nothing about the other files.
///
/// # Errors
/// [`SealingError::File`], [`SealingError::ManifestJson`], [`SealingError::Manifest`].
pub fn read_manifest(
    dir: &Path,
    signer: &PublicKey,
) -> Result<(Envelope, SignedDataset), SealingError> {
    let json = read(&dir.join(MANIFEST), MANIFEST_BYTES)?;
    let envelope: Envelope = serde_json::from_slice(&json).map_err(SealingError::ManifestJson)?;
    let dataset = DatasetManifest::verify(&envelope, signer)?;
    Ok((envelope, dataset))
}

/// Whether `secret` opens the header of the verified `dataset` in `dir`.
///
/// # Errors
/// [`SealingError::Seal`] with `seal.luks-wrong-secret`, or if the header is another by now.
pub fn check_secret(
    dir: &Path,
    dataset: &SignedDataset,
    secret: &DatasetSecret,
) -> Result<(), SealingError> {
    admitted_header(dir, dataset)?.recover_volume_key(secret)?;
    Ok(())
}

fn admitted_header(dir: &Path, dataset: &SignedDataset) -> Result<AdmittedHeader, SealingError> {
    let header = read(&dir.join(HEADER), HEADER_BYTES as u64)?;
    if Digest::of(&header) != dataset.manifest().header_digest {
        return Err(SealingError::HeaderDigest);
    }
    Ok(AdmittedHeader::parse(&header)?)
}

fn verify_images(
    dir: &Path,
    manifest: &DatasetManifest,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), SealingError> {
    let parameters = Parameters::of(&manifest.verity)?;
    let (data_path, hash_path) = (dir.join(DATA), dir.join(HASH));
    let data = File::open(&data_path).map_err(SealingError::at(&data_path))?;
    let mut hashes = File::open(&hash_path).map_err(SealingError::at(&hash_path))?;
    let mut superblock = [0; BLOCK_BYTES];
    hashes.read_exact(&mut superblock).map_err(SealingError::at(&hash_path))?;
    if superblock != *parameters.superblock() {
        return Err(SealingError::HashSuperblock);
    }
    let total = parameters.data_bytes();
    let mut data = Counted { inner: data, done: 0, total, progress };
    Ok(verity::verify(&mut data, &mut hashes, &parameters, &manifest.verity.root_hash)?)
}

/// At most `limit` bytes and one, so that a longer file fails its check without filling memory.
fn read(path: &Path, limit: u64) -> Result<Vec<u8>, SealingError> {
    let mut content = Vec::new();
    let file = File::open(path).map_err(SealingError::at(path))?;
    file.take(limit + 1).read_to_end(&mut content).map_err(SealingError::at(path))?;
    Ok(content)
}

struct Counted<'a> {
    inner: File,
    done: u64,
    total: u64,
    progress: &'a mut dyn FnMut(u64, u64),
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.done += read as u64;
        (self.progress)(self.done, self.total);
        Ok(read)
    }
}

/// More than any manifest is long.
const MANIFEST_BYTES: u64 = 16 << 20;
