//! From a folder of files to a sealed dataset, and the checks on one: the part of sealing that opens
//! files and starts a program. The bytes are crate `seal`'s; the format is described in
//! `docs/formats/sealed-dataset.md`.

mod description;
mod image;
mod inventory;
mod verify;

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::num::NonZeroU64;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use domain::dataset::{
    BlockSize, Cipher, Column, DatasetError, DatasetManifest, HashAlgorithm, Salt, SignedDataset,
    Verity,
};
use domain::keys::SecretKey;
use domain::{Digest, Reason, Timestamp};
use seal::dataset::Sealer;
use seal::luks2::{self, HeaderRandomness};
use seal::verity::BLOCK_BYTES;
use seal::{CryptoRng, DatasetSecret, VolumeKey};

pub use description::{ColumnDescription, DatasetDescription, DescriptionError};
use image::Plaintext;
use inventory::Inventory;
pub use verify::{check_secret, read_manifest, verify_folder};

/// The ciphertext.
pub const DATA: &str = "data.img";
/// The dm-verity tree over it.
pub const HASH: &str = "hash.img";
/// The detached LUKS2 header.
pub const HEADER: &str = "header.img";
/// The signed manifest, written last: a folder without it is no sealed dataset.
pub const MANIFEST: &str = "manifest.dsse.json";

/// Seals the folder `source` into the folder `out`, which is created if it does not exist.
///
/// The plaintext file system lies in a file without a name in the folder that holds `out`: it needs
/// as much room as the data, and the operating system frees it however this process ends.
/// `progress` is told how many bytes of how many are sealed. Durable order: images and header, then
/// the manifest under its name; what a crash leaves has no manifest and is overwritten next time.
///
/// # Errors
/// [`SealingError`]: the source, its description, `out` or the machine do not allow it.
#[expect(clippy::too_many_arguments, reason = "each is an input of its own, from another place")]
pub fn seal_folder(
    source: &Path,
    out: &Path,
    secret: &DatasetSecret,
    description: &DatasetDescription,
    signer: &SecretKey,
    created: Timestamp,
    rng: &mut impl CryptoRng,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<SignedDataset, SealingError> {
    let folder = OutFolder::open(source, out)?;
    let inventory = Inventory::take(source, description.separator)?;
    let columns = description.columns_of(&inventory.columns)?;
    let mut plaintext = Plaintext::make(source, &folder.parent)?;
    inventory.unchanged()?;

    let volume_key = VolumeKey::draw(rng)?;
    let mut salt = [0; 32];
    rng.fill_bytes(&mut salt);
    let salt = Salt::from_bytes(salt);
    let verity = folder.write_images(&mut plaintext, &volume_key, salt, progress)?;
    let header = luks2::write(&volume_key, secret, &HeaderRandomness::draw(rng))?;
    folder.write(HEADER, &header)?;

    let manifest = manifest(description, columns, inventory, verity, &header, created);
    let envelope = manifest.sign(signer)?;
    let json = serde_json::to_vec_pretty(&envelope).map_err(io::Error::from);
    folder.write(MANIFEST, &json.map_err(SealingError::at(&out.join(MANIFEST)))?)?;
    Ok(DatasetManifest::verify(&envelope, &signer.public())?)
}

fn manifest(
    description: &DatasetDescription,
    columns: Vec<Column>,
    inventory: Inventory,
    verity: Verity,
    header: &[u8],
    created: Timestamp,
) -> DatasetManifest {
    DatasetManifest {
        id: description.id.clone(),
        title: description.title.clone(),
        description: description.description.clone(),
        classification: description.classification,
        rows: inventory.rows,
        columns,
        files: inventory.files,
        cipher: Cipher::AesXtsPlain64,
        header_digest: Digest::of(header),
        verity,
        custodians: description.custodians.clone(),
        created,
    }
}

/// The folder that becomes the sealed dataset.
struct OutFolder {
    path: PathBuf,
    parent: PathBuf,
}

impl OutFolder {
    fn open(source: &Path, path: &Path) -> Result<Self, SealingError> {
        let source = source.canonicalize().map_err(SealingError::at(source))?;
        fs::create_dir_all(path).map_err(SealingError::at(path))?;
        let path = path.canonicalize().map_err(SealingError::at(path))?;
        if path.starts_with(source) {
            return Err(SealingError::OutInSource(path));
        }
        if path.join(MANIFEST).exists() {
            return Err(SealingError::Exists(path));
        }
        let parent = path.parent().unwrap_or(&path).to_owned();
        Ok(Self { path, parent })
    }

    /// Writes `data.img` and `hash.img` in one pass over the plaintext, in constant memory.
    fn write_images(
        &self,
        plaintext: &mut Plaintext,
        key: &VolumeKey,
        salt: Salt,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Verity, SealingError> {
        let (data_path, hash_path) = (self.path.join(DATA), self.path.join(HASH));
        let mut data = File::create(&data_path).map_err(SealingError::at(&data_path))?;
        let hashes = File::create(&hash_path).map_err(SealingError::at(&hash_path))?;
        let total = plaintext.bytes();
        let mut sealer =
            Sealer::new(key, salt, total, |offset, block: &_| hashes.write_all_at(block, offset))?;
        let mut chunk = Vec::with_capacity(CHUNK_BYTES);
        let mut done = 0;
        while done < total {
            chunk.clear();
            let read = plaintext.file().take(CHUNK_BYTES as u64).read_to_end(&mut chunk);
            let read = read.map_err(SealingError::at(&self.parent))?;
            sealer.push(&mut chunk)?;
            data.write_all(&chunk).map_err(SealingError::at(&data_path))?;
            if read == 0 {
                break; // shorter than it was: the sealer refuses
            }
            done += read as u64;
            progress(done, total);
        }
        let root_hash = sealer.finish()?;
        data.sync_all().map_err(SealingError::at(&data_path))?;
        hashes.sync_all().map_err(SealingError::at(&hash_path))?;
        let data_blocks = NonZeroU64::new(total / BLOCK_BYTES as u64);
        Ok(Verity {
            root_hash,
            salt,
            data_blocks: data_blocks.ok_or(SealingError::Seal(seal::Error::DataLength))?,
            block_size: BlockSize,
            hash_algorithm: HashAlgorithm::Sha256,
        })
    }

    /// Writes a file durably, whole or not at all.
    fn write(&self, name: &str, content: &[u8]) -> Result<(), SealingError> {
        let path = self.path.join(name);
        let write = || -> io::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(&self.path)?;
            file.write_all(content)?;
            let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
            file.as_file().set_permissions(readable)?;
            file.as_file().sync_all()?;
            file.persist(&path)?;
            File::open(&self.path)?.sync_all()
        };
        write().map_err(SealingError::at(&path))
    }
}

/// Why a folder was not sealed, or is no sealed dataset.
#[derive(Debug, thiserror::Error)]
pub enum SealingError {
    /// A table cannot be read.
    #[error("`{path}` is no table: give the right `separator` in the description, and equally long rows", path = .0.display())]
    Csv(PathBuf, #[source] csv::Error),
    /// The description does not fit the data.
    #[error(transparent)]
    Description(#[from] DescriptionError),
    /// There is a sealed dataset already.
    #[error("`{path}` is a sealed dataset already; choose another folder", path = .0.display())]
    Exists(PathBuf),
    /// A file or folder cannot be read or written.
    #[error("`{path}` cannot be read or written", path = .0.display())]
    File(PathBuf, #[source] io::Error),
    /// The header is another one than was signed.
    #[error("`header.img` is not the header that the manifest names")]
    HeaderDigest,
    /// `hash.img` begins with another superblock.
    #[error("`hash.img` does not begin with the superblock that the manifest implies")]
    HashSuperblock,
    /// The manifest is not one, or not signed by the expected key.
    #[error("the manifest is refused")]
    Manifest(#[from] DatasetError),
    /// The manifest is no DSSE envelope.
    #[error("`manifest.dsse.json` cannot be read as an envelope")]
    ManifestJson(#[source] serde_json::Error),
    /// `mkfs.erofs` ran and failed.
    #[error("`mkfs.erofs` failed: {0}")]
    Mkfs(String),
    /// `mkfs.erofs` is not installed.
    #[error("`mkfs.erofs` does not start; install the package `erofs-utils`")]
    MkfsMissing(#[source] io::Error),
    /// A name that is not UTF-8.
    #[error("`{name}` is no UTF-8 name; rename it", name = .0.display())]
    Name(PathBuf),
    /// The source holds no file.
    #[error("`{path}` holds no file", path = .0.display())]
    NoFiles(PathBuf),
    /// Neither file nor folder.
    #[error("`{path}` is neither a file nor a folder; put a copy in its place", path = .0.display())]
    NotPlain(PathBuf),
    /// A file or folder that a workload could not read.
    #[error(
        "`{path}` is closed to others, and so it would be to workloads; \
         run `chmod -R o+rX` on the source, inside a folder that only you may enter", path = .0.display()
    )]
    NotReadable(PathBuf),
    /// The sealed dataset would be among its own data.
    #[error("`{path}` is inside the source; choose a folder outside", path = .0.display())]
    OutInSource(PathBuf),
    /// The bytes do not seal, or do not verify.
    #[error(transparent)]
    Seal(#[from] seal::Error),
    /// A file changed while it was sealed.
    #[error("`{path}` changed while it was sealed; seal again when nothing writes there", path = .0.display())]
    SourceChanged(PathBuf),
}

impl SealingError {
    fn at(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |error| Self::File(path, error)
    }
}

impl Reason for SealingError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Csv(..) => "sealing.csv",
            Self::Description(cause) => cause.reason(),
            Self::Exists(_) => "sealing.exists",
            Self::File(..) => "sealing.file",
            Self::HeaderDigest => "sealing.header-digest",
            Self::HashSuperblock => "sealing.hash-superblock",
            Self::Manifest(cause) => cause.reason(),
            Self::ManifestJson(_) => "dataset.envelope-malformed",
            Self::Mkfs(_) => "sealing.mkfs",
            Self::MkfsMissing(_) => "sealing.mkfs-missing",
            Self::Name(_) => "sealing.name",
            Self::NoFiles(_) => "sealing.no-files",
            Self::NotPlain(_) => "sealing.not-plain",
            Self::NotReadable(_) => "sealing.not-readable",
            Self::OutInSource(_) => "sealing.out-in-source",
            Self::Seal(cause) => cause.reason(),
            Self::SourceChanged(_) => "sealing.source-changed",
        }
    }
}

const CHUNK_BYTES: usize = 1 << 20;

#[cfg(test)]
mod tests;
