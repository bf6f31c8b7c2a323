//! The dm-verity hash tree over a ciphertext image: format version 1, SHA-256, blocks of 4096
//! bytes, as `veritysetup format` writes it (cryptsetup wiki "DMVerity"; Linux
//! `Documentation/admin-guide/device-mapper/verity.rst`).
//!
//! The hash device begins with a superblock of one block; the tree follows, its root block first.
//! Every byte of it follows from the data and the salt, the superblock's UUID included, so that
//! nothing in `hash.img` is left to trust: see [`Parameters::superblock`].

use std::fmt;
use std::io;
use std::num::NonZeroU64;

use domain::Digest;
use domain::dataset::{Salt, Verity};
use sha2::{Digest as _, Sha256};

use crate::Error;

mod superblock;
mod verify;

pub use verify::verify;

/// Blocks of the data and of the tree, in bytes.
pub const BLOCK_BYTES: usize = 4096;

/// One block.
pub type Block = [u8; BLOCK_BYTES];

/// What determines a tree besides the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    data_blocks: NonZeroU64,
    salt: Salt,
}

impl Parameters {
    /// A tree over `data_blocks` blocks with `salt`.
    ///
    /// # Errors
    /// [`Error::DataLength`] for 2^52 blocks or more: their bytes cannot be counted.
    pub fn new(data_blocks: NonZeroU64, salt: Salt) -> Result<Self, Error> {
        if data_blocks.get() < 1 << 52 {
            Ok(Self { data_blocks, salt })
        } else {
            Err(Error::DataLength)
        }
    }

    /// The tree that a dataset manifest promises.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn of(verity: &Verity) -> Result<Self, Error> {
        Self::new(verity.data_blocks, verity.salt)
    }

    /// Length of the data, in bytes.
    #[must_use]
    pub const fn data_bytes(&self) -> u64 {
        self.data_blocks.get() * BLOCK_BYTES as u64
    }

    /// Length of the hash device, in bytes: the superblock and every level.
    #[must_use]
    pub fn hash_device_bytes(&self) -> u64 {
        (1 + self.level_sizes().iter().sum::<u64>()) * BLOCK_BYTES as u64
    }

    /// The first block of the hash device. Whoever hands a hash device to libcryptsetup compares
    /// its first block with this one before, so that no field of it is taken from the device.
    #[must_use]
    pub fn superblock(&self) -> Box<Block> {
        superblock::encode(self)
    }

    /// Blocks per level, from the leaves up; none for a single data block, whose hash is the root.
    fn level_sizes(&self) -> Vec<u64> {
        let mut sizes = Vec::new();
        let mut below = self.data_blocks.get();
        while below > 1 {
            below = below.div_ceil(HASHES_PER_BLOCK);
            sizes.push(below);
        }
        sizes
    }
}

/// Builds a tree while its data pass by, in memory for one block per level. Each finished block of
/// the hash device goes to the sink with its offset; blocks of different levels alternate.
pub struct TreeBuilder<S> {
    parameters: Parameters,
    salted: Sha256,
    levels: Vec<Level>,
    blocks_left: u64,
    root: Option<[u8; 32]>,
    sink: S,
}

impl<S: FnMut(u64, &Block) -> io::Result<()>> TreeBuilder<S> {
    /// A tree that writes to `sink`.
    #[must_use]
    pub fn new(parameters: Parameters, sink: S) -> Self {
        // The root block lies first, right behind the superblock; the leaves last.
        let mut position = 1;
        let mut levels = Vec::new();
        for size in parameters.level_sizes().into_iter().rev() {
            levels.insert(0, Level::at(position));
            position += size;
        }
        Self {
            parameters,
            salted: Sha256::new_with_prefix(parameters.salt.as_bytes()),
            levels,
            blocks_left: parameters.data_blocks.get(),
            root: None,
            sink,
        }
    }

    /// Takes the next blocks of the data.
    ///
    /// # Errors
    /// [`Error::DataLength`] if `data` is no whole number of blocks or more than was announced,
    /// [`Error::Io`] if the sink fails.
    pub fn push(&mut self, data: &[u8]) -> Result<(), Error> {
        let (blocks, rest) = data.as_chunks::<BLOCK_BYTES>();
        let left = self.blocks_left.checked_sub(blocks.len() as u64);
        self.blocks_left = left.filter(|_| rest.is_empty()).ok_or(Error::DataLength)?;
        for block in blocks {
            let hash = self.hash(block);
            self.add(0, hash)?;
        }
        Ok(())
    }

    /// Writes what is left and the superblock; the root hash.
    ///
    /// # Errors
    /// [`Error::DataLength`] if fewer blocks came than were announced, [`Error::Io`] if the sink
    /// fails.
    pub fn finish(mut self) -> Result<Digest, Error> {
        if self.blocks_left != 0 {
            return Err(Error::DataLength);
        }
        for level in 0..self.levels.len() {
            if self.levels.get(level).is_some_and(|level| level.hashes > 0) {
                self.flush(level)?;
            }
        }
        (self.sink)(0, &self.parameters.superblock()).map_err(Error::Io)?;
        self.root.map(Digest::from_bytes).ok_or(Error::DataLength)
    }

    fn hash(&self, block: &Block) -> [u8; 32] {
        self.salted.clone().chain_update(block).finalize().into()
    }

    /// Adds a hash to `level`; the hash above the top level is the root.
    fn add(&mut self, level: usize, hash: [u8; 32]) -> Result<(), Error> {
        match self.levels.get_mut(level) {
            None => self.root = Some(hash),
            Some(slots) => {
                if slots.append(&hash) {
                    self.flush(level)?;
                }
            }
        }
        Ok(())
    }

    /// Writes the current block of `level` and adds its hash to the level above.
    fn flush(&mut self, level: usize) -> Result<(), Error> {
        let Some(slots) = self.levels.get_mut(level) else { return Ok(()) };
        let block = std::mem::replace(&mut slots.block, Box::new([0; BLOCK_BYTES]));
        let offset = slots.position * BLOCK_BYTES as u64;
        slots.position += 1;
        slots.hashes = 0;
        (self.sink)(offset, &block).map_err(Error::Io)?;
        let hash = self.hash(&block);
        self.add(level + 1, hash)
    }
}

impl<S> fmt::Debug for TreeBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TreeBuilder")
            .field("parameters", &self.parameters)
            .field("blocks_left", &self.blocks_left)
            .finish_non_exhaustive()
    }
}

/// The block that a level is filling.
struct Level {
    block: Box<Block>,
    hashes: usize,
    /// Where in the hash device it goes, in blocks.
    position: u64,
}

impl Level {
    fn at(position: u64) -> Self {
        Self { block: Box::new([0; BLOCK_BYTES]), hashes: 0, position }
    }

    /// Adds a hash; whether the block is now full.
    fn append(&mut self, hash: &[u8; 32]) -> bool {
        if let Some(slot) = self.block.as_chunks_mut().0.get_mut(self.hashes) {
            *slot = *hash;
        }
        self.hashes += 1;
        self.hashes as u64 == HASHES_PER_BLOCK
    }
}

const HASHES_PER_BLOCK: u64 = BLOCK_BYTES as u64 / 32;

#[cfg(test)]
mod tests;
