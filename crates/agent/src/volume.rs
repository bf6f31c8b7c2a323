//! The dataset, opened from the bottom up: dm-verity over the host's ciphertext, dm-crypt over
//! verity, erofs over dm-crypt, everything read-only.

use std::fs;
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use domain::dataset::{BlockSize, Verity};
use libcryptsetup_rs::consts::flags::{CryptActivate, CryptDeactivate, CryptVerity};
use libcryptsetup_rs::consts::vals::EncryptionFormat;
use libcryptsetup_rs::{
    CryptDevice, CryptInit, CryptParamsVerity, CryptParamsVerityRef, Either, LibcryptErr,
};
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use seal::DatasetSecret;
use seal::verity::Parameters;
use wire::guest::{DATA_DISK, TREE_DISK};

use crate::admit::Header;
use crate::container::DATA;
use crate::init::STRICT;
use crate::{AgentError, disks};

/// The mounted dataset.
pub struct Volume {
    verity: CryptDevice,
    crypt: CryptDevice,
}

impl std::fmt::Debug for Volume {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Volume(…)")
    }
}

impl Volume {
    /// Opens the dataset and mounts it at [`DATA`].
    ///
    /// # Errors
    /// [`AgentError::DatasetTree`], [`AgentError::DatasetCorrupted`], [`AgentError::DatasetVolume`].
    pub fn open(
        verity: &Verity,
        header: &Header,
        secret: &DatasetSecret,
    ) -> Result<Self, AgentError> {
        let (data, tree) = (disks::find(DATA_DISK)?, disks::find(TREE_DISK)?);
        check_superblock(&tree, verity)?;
        let verity = open_verity(&data, &tree, verity)?;
        let crypt = open_crypt(header, secret)?;
        let mut volume = Self { verity, crypt };
        fs::create_dir_all(DATA).map_err(AgentError::volume("making the mount point"))?;
        let mounted = mount(mapped(CRYPT), DATA, "erofs", MountFlags::RDONLY | STRICT, None);
        // A corrupted block can surface as any failure of the layers above.
        volume.check_corruption()?;
        mounted.map_err(AgentError::volume("mounting the file system"))?;
        Ok(volume)
    }

    /// Whether any block that was read so far is another than the tree's.
    ///
    /// # Errors
    /// [`AgentError::DatasetCorrupted`].
    pub fn check_corruption(&mut self) -> Result<(), AgentError> {
        let device = self.verity.runtime_handle(VERITY).get_active_device();
        let device = device.map_err(failed("asking for the state of dm-verity"))?;
        if device.flags.contains(CryptActivate::CORRUPTED) {
            Err(AgentError::DatasetCorrupted)
        } else {
            Ok(())
        }
    }

    /// Unmounts and closes everything; the volume key leaves the kernel with dm-crypt.
    ///
    /// # Errors
    /// [`AgentError::DatasetVolume`].
    pub fn close(mut self) -> Result<(), AgentError> {
        unmount(DATA, UnmountFlags::empty()).map_err(AgentError::volume("unmounting"))?;
        for (device, name) in [(&mut self.crypt, CRYPT), (&mut self.verity, VERITY)] {
            device
                .activate_handle()
                .deactivate(name, CryptDeactivate::empty())
                .map_err(failed("closing a device"))?;
        }
        Ok(())
    }
}

/// The tree disk's own superblock says nothing that is believed, but a wrong one means a wrong file.
fn check_superblock(tree: &Path, verity: &Verity) -> Result<(), AgentError> {
    let parameters = Parameters::of(verity).map_err(AgentError::Seal)?;
    let mut found = Vec::new();
    let disk = fs::File::open(tree).map_err(AgentError::system("opening a disk"))?;
    disk.take(BlockSize::BYTES.into())
        .read_to_end(&mut found)
        .map_err(AgentError::system("reading the tree disk"))?;
    if found == parameters.superblock().as_slice() { Ok(()) } else { Err(AgentError::DatasetTree) }
}

/// Every parameter is the signed manifest's; none is read from the disk.
fn open_verity(data: &Path, tree: &Path, verity: &Verity) -> Result<CryptDevice, AgentError> {
    let parameters = CryptParamsVerity {
        hash_name: "sha256".to_owned(),
        data_device: data.to_owned(),
        hash_device: None,
        fec_device: None,
        salt: verity.salt.as_bytes().to_vec(),
        hash_type: 1,
        data_block_size: BlockSize::BYTES,
        hash_block_size: BlockSize::BYTES,
        data_size: verity.data_blocks.get(),
        hash_area_offset: BlockSize::BYTES.into(),
        fec_area_offset: 0,
        fec_roots: 0,
        flags: CryptVerity::NO_HEADER,
    };
    let mut device = CryptInit::init(tree).map_err(failed("opening the tree disk"))?;
    let mut parameters: CryptParamsVerityRef<'_> =
        (&parameters).try_into().map_err(failed("describing dm-verity"))?;
    device
        .context_handle()
        .format(EncryptionFormat::Verity, ("", ""), None, Either::Right(0), Some(&mut parameters))
        .map_err(failed("describing dm-verity"))?;
    device
        .activate_handle()
        .activate_by_volume_key(
            Some(VERITY),
            Some(verity.root_hash.as_bytes()),
            CryptActivate::READONLY,
        )
        .map_err(failed("opening dm-verity"))?;
    Ok(device)
}

fn open_crypt(header: &Header, secret: &DatasetSecret) -> Result<CryptDevice, AgentError> {
    write_private(HEADER, header.bytes()).map_err(AgentError::volume("keeping the header"))?;
    let mut device = CryptInit::init_with_data_device(Either::Right((
        Path::new(HEADER),
        mapped(VERITY).as_path(),
    )))
    .map_err(failed("opening the header"))?;
    device
        .context_handle()
        .load::<()>(Some(EncryptionFormat::Luks2), None)
        .map_err(failed("reading the header"))?;
    device
        .activate_handle()
        .activate_by_passphrase(Some(CRYPT), None, secret.expose(), CryptActivate::READONLY)
        .map_err(failed("opening dm-crypt with the dataset key"))?;
    Ok(device)
}

fn write_private(path: &str, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    io::Write::write_all(&mut file, bytes)
}

fn mapped(name: &str) -> PathBuf {
    Path::new("/dev/mapper").join(name)
}

fn failed(what: &'static str) -> impl FnOnce(LibcryptErr) -> AgentError {
    move |error| {
        let source = match error {
            LibcryptErr::IOError(error) => error,
            other => io::Error::other(other.to_string()),
        };
        AgentError::DatasetVolume { what, source }
    }
}

const VERITY: &str = "cloister-verity";
const CRYPT: &str = "cloister-data";
const HEADER: &str = "/run/cloister-header.img";
