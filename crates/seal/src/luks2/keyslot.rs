//! The key slot: argon2id (RFC 9106) makes the area's key from the dataset secret; the area holds
//! the volume key in stripes, encrypted with `aes-xts-plain64` in 512-byte sectors.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use zeroize::Zeroizing;

use super::{AREA_BYTES, anti_forensic};
use crate::xts::Xts;
use crate::{DatasetSecret, Error, VolumeKey};

/// What argon2id costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cost {
    /// Passes over the memory.
    pub(super) time: u32,
    /// In KiB.
    pub(super) memory: u32,
    /// Lanes.
    pub(super) cpus: u32,
}

impl Cost {
    /// What headers are written with. The secret is 256 random bits: no work makes up for more, and
    /// the guest may have to do it under emulation.
    pub(super) const WRITTEN: Self = Self { time: 4, memory: 32_768, cpus: 1 };

    /// # Errors
    /// [`Error::LuksWeakKeyslot`] below what is written, [`Error::LuksKeyslotCost`] beyond 16
    /// passes, 256 MiB or 4 lanes.
    pub(super) const fn check(self) -> Result<Self, Error> {
        if self.time < Self::WRITTEN.time || self.memory < Self::WRITTEN.memory || self.cpus == 0 {
            Err(Error::LuksWeakKeyslot)
        } else if self.time > 16 || self.memory > 262_144 || self.cpus > 4 {
            Err(Error::LuksKeyslotCost)
        } else {
            Ok(self)
        }
    }
}

/// The key of the area.
///
/// # Errors
/// [`Error::KeyDerivation`] if argon2id cannot run.
pub(super) fn area_key(
    secret: &DatasetSecret,
    salt: &[u8; 32],
    cost: Cost,
) -> Result<Zeroizing<[u8; 64]>, Error> {
    let mut key = Zeroizing::new([0; 64]);
    let params = Params::new(cost.memory, cost.time, cost.cpus, Some(64))
        .map_err(|_| Error::KeyDerivation)?;
    let mut memory = Zeroizing::new(vec![Block::default(); params.block_count()]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(secret.expose(), salt, key.as_mut_slice(), &mut **memory)
        .map_err(|_| Error::KeyDerivation)?;
    Ok(key)
}

/// The area that holds `volume_key`; what is left of it is zero.
///
/// # Errors
/// None in practice: the stripes are whole sectors.
pub(super) fn encode(
    volume_key: &VolumeKey,
    seed: &[u8; 32],
    area_key: &[u8; 64],
) -> Result<Vec<u8>, Error> {
    let mut material = anti_forensic::split(volume_key.expose(), seed);
    Xts::from_bytes(area_key).encrypt_sectors::<512>(&mut material, 0)?;
    let mut area = std::mem::take(&mut *material);
    area.resize(AREA_BYTES, 0);
    Ok(area)
}

/// The key that the area holds, right or wrong.
///
/// # Errors
/// None in practice: the stripes are whole sectors.
pub(super) fn decode(stripes: &[u8], area_key: &[u8; 64]) -> Result<Zeroizing<[u8; 64]>, Error> {
    let mut material = Zeroizing::new(stripes.to_vec());
    Xts::from_bytes(area_key).decrypt_sectors::<512>(&mut material, 0)?;
    Ok(anti_forensic::merge(&material))
}
