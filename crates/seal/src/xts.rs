//! AES-256-XTS (IEEE 1619-2018) over whole sectors, with the LUKS tweak `plain64`: the position of
//! the sector in units of 512 bytes, whatever the sector size, as 16 little-endian bytes.

use std::fmt;

use aes::cipher::consts::{U32, U64};
use aes::cipher::{Array, BlockCipherDecrypt as _, BlockCipherEncrypt as _, KeyInit as _};
use aes::{Aes256, Aes256Enc, Block};

use crate::{Error, VolumeKey};

/// Sectors of a sealed image, in bytes.
pub const SECTOR_BYTES: usize = 4096;

/// A volume key made ready for use. The round keys are wiped when it is dropped.
pub struct Xts {
    data: Aes256,
    tweak: Aes256Enc,
}

impl Xts {
    /// Expands `key`.
    #[must_use]
    pub fn new(key: &VolumeKey) -> Self {
        Self::from_bytes(key.expose())
    }

    /// Expands a key that is no volume key: that of a key slot's area.
    pub(crate) fn from_bytes(key: &[u8; 64]) -> Self {
        let key: &Array<u8, U64> = key.into();
        let (data, tweak) = key.split_ref::<U32>();
        Self { data: Aes256::new(data), tweak: Aes256Enc::new(tweak) }
    }

    /// Encrypts `data` in place, the image's 4096-byte sectors from `first_sector` on.
    ///
    /// # Errors
    /// [`Error::DataLength`] unless `data` is whole sectors below 2^64 units of 512 bytes.
    pub fn encrypt(&self, data: &mut [u8], first_sector: u64) -> Result<(), Error> {
        self.encrypt_sectors::<SECTOR_BYTES>(data, first_sector)
    }

    /// The inverse of [`Self::encrypt`].
    ///
    /// # Errors
    /// As [`Self::encrypt`].
    pub fn decrypt(&self, data: &mut [u8], first_sector: u64) -> Result<(), Error> {
        self.decrypt_sectors::<SECTOR_BYTES>(data, first_sector)
    }

    pub(crate) fn encrypt_sectors<const BYTES: usize>(
        &self,
        data: &mut [u8],
        first_sector: u64,
    ) -> Result<(), Error> {
        each_sector::<BYTES>(data, first_sector, |blocks, unit| {
            self.sector(blocks, unit, |blocks| self.data.encrypt_blocks(blocks));
        })
    }

    pub(crate) fn decrypt_sectors<const BYTES: usize>(
        &self,
        data: &mut [u8],
        first_sector: u64,
    ) -> Result<(), Error> {
        each_sector::<BYTES>(data, first_sector, |blocks, unit| {
            self.sector(blocks, unit, |blocks| self.data.decrypt_blocks(blocks));
        })
    }

    /// One sector (IEEE 1619 §5.3): the masks are made first, so that the cipher sees all blocks at
    /// once and can work on as many in parallel as the processor allows.
    #[inline(always)]
    fn sector(&self, blocks: &mut [Block], unit: u64, cipher: impl FnOnce(&mut [Block])) {
        let mut first = Block::from(u128::from(unit).to_le_bytes());
        self.tweak.encrypt_block(&mut first);
        let mut mask = u128::from_le_bytes(first.into());
        let mut masks = [0_u128; SECTOR_BYTES / BLOCK_BYTES];
        for (block, slot) in blocks.iter_mut().zip(&mut masks) {
            *slot = mask;
            xor(block, mask);
            mask = double(mask);
        }
        cipher(blocks);
        for (block, mask) in blocks.iter_mut().zip(&masks) {
            xor(block, *mask);
        }
    }
}

impl fmt::Debug for Xts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Xts")
    }
}

/// Calls `f` with the blocks of each sector and its position in units of 512 bytes.
#[inline(always)]
fn each_sector<const BYTES: usize>(
    data: &mut [u8],
    first_sector: u64,
    mut f: impl FnMut(&mut [Block], u64),
) -> Result<(), Error> {
    const { assert!(BYTES <= SECTOR_BYTES && BYTES.is_multiple_of(UNIT_BYTES)) }
    let units = (BYTES / UNIT_BYTES) as u64;
    let (sectors, rest) = data.as_chunks_mut::<BYTES>();
    let last_sector = first_sector.checked_add(sectors.len() as u64).ok_or(Error::DataLength)?;
    if !rest.is_empty() || last_sector.checked_mul(units).is_none() {
        return Err(Error::DataLength);
    }
    for (sector, number) in sectors.iter_mut().zip(first_sector..) {
        f(Array::slice_as_chunks_mut(sector).0, number * units);
    }
    Ok(())
}

#[inline(always)]
fn xor(block: &mut Block, mask: u128) {
    let value = u128::from_le_bytes((*block).into()) ^ mask;
    *block = value.to_le_bytes().into();
}

/// Multiplication by x in GF(2^128), little-endian (IEEE 1619 §5.2), without a branch.
#[inline(always)]
const fn double(mask: u128) -> u128 {
    (mask << 1) ^ ((mask >> 127) * 0x87)
}

const BLOCK_BYTES: usize = 16;
const UNIT_BYTES: usize = 512;

#[cfg(test)]
mod tests;
