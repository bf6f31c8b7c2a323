//! Sealing: a plaintext file-system image becomes ciphertext and its hash tree, in one pass and in
//! constant memory.

use std::fmt;
use std::io;
use std::num::NonZeroU64;

use domain::Digest;
use domain::dataset::Salt;

use crate::verity::{BLOCK_BYTES, Block, Parameters, TreeBuilder};
use crate::xts::Xts;
use crate::{Error, VolumeKey};

/// Encrypts an image of known length chunk by chunk and builds the dm-verity tree over the result.
/// The caller writes each chunk to `data.img`; blocks of `hash.img` go to the sink.
pub struct Sealer<S> {
    xts: Xts,
    tree: TreeBuilder<S>,
    next_sector: u64,
}

impl<S: FnMut(u64, &Block) -> io::Result<()>> Sealer<S> {
    /// A sealer of `data_bytes` bytes.
    ///
    /// # Errors
    /// [`Error::DataLength`] unless `data_bytes` is a positive multiple of 4096.
    pub fn new(key: &VolumeKey, salt: Salt, data_bytes: u64, sink: S) -> Result<Self, Error> {
        if !data_bytes.is_multiple_of(BLOCK_BYTES as u64) {
            return Err(Error::DataLength);
        }
        let blocks = NonZeroU64::new(data_bytes / BLOCK_BYTES as u64).ok_or(Error::DataLength)?;
        let tree = TreeBuilder::new(Parameters::new(blocks, salt)?, sink);
        Ok(Self { xts: Xts::new(key), tree, next_sector: 0 })
    }

    /// Turns the next plaintext, whole blocks of 4096 bytes, into ciphertext in place.
    ///
    /// # Errors
    /// [`Error::DataLength`] if it is no whole number of blocks or more than was announced,
    /// [`Error::Io`] if the sink fails. The chunk's content is then of no use.
    pub fn push(&mut self, chunk: &mut [u8]) -> Result<(), Error> {
        // Small enough that what was just encrypted is hashed from the processor's first cache.
        for part in chunk.chunks_mut(PART_BYTES) {
            self.xts.encrypt(part, self.next_sector)?;
            self.tree.push(part)?;
            self.next_sector += (part.len() / BLOCK_BYTES) as u64;
        }
        Ok(())
    }

    /// Writes the rest of the tree; the root hash.
    ///
    /// # Errors
    /// [`Error::DataLength`] if less came than was announced, [`Error::Io`] if the sink fails.
    pub fn finish(self) -> Result<Digest, Error> {
        self.tree.finish()
    }
}

impl<S> fmt::Debug for Sealer<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer").field("tree", &self.tree).finish_non_exhaustive()
    }
}

const PART_BYTES: usize = 4 * BLOCK_BYTES;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Cursor;

    use domain::Reason as _;
    use zeroize::Zeroizing;

    use super::*;

    fn key() -> VolumeKey {
        VolumeKey::from_bytes(Zeroizing::new(std::array::from_fn(|i| u8::try_from(i).unwrap())))
            .unwrap()
    }

    #[test]
    fn chunking_does_not_matter_and_the_result_verifies_and_decrypts() {
        let plaintext: Vec<u8> = (0..=255_u8).cycle().take(300 * BLOCK_BYTES).collect();
        let salt = Salt::from_bytes([9; 32]);
        let mut results = Vec::new();
        for chunk_blocks in [1, 7, 300] {
            let mut data = plaintext.clone();
            let mut hashes = BTreeMap::new();
            let mut sealer =
                Sealer::new(&key(), salt, data.len() as u64, |offset, block: &Block| {
                    assert_eq!(hashes.insert(offset, *block), None);
                    Ok(())
                })
                .unwrap();
            for chunk in data.chunks_mut(chunk_blocks * BLOCK_BYTES) {
                sealer.push(chunk).unwrap();
            }
            let root = sealer.finish().unwrap();
            results.push((data, hashes.into_values().flatten().collect::<Vec<u8>>(), root));
        }
        assert_eq!(results[0], results[1]);
        assert_eq!(results[0], results[2]);
        let (mut data, hashes, root) = results.remove(0);
        let parameters = Parameters::new(NonZeroU64::new(300).unwrap(), salt).unwrap();
        crate::verity::verify(&mut &*data, &mut Cursor::new(hashes), &parameters, &root).unwrap();
        assert_ne!(data, plaintext);
        Xts::new(&key()).decrypt(&mut data, 0).unwrap();
        assert_eq!(data, plaintext);
    }

    #[test]
    fn lengths_are_held_to() {
        let sealer =
            |bytes| Sealer::new(&key(), Salt::from_bytes([0; 32]), bytes, |_, _: &Block| Ok(()));
        for bytes in [0, 1, 4095, 4097] {
            assert_eq!(sealer(bytes).unwrap_err().reason(), "seal.data-length");
        }
        let mut early = sealer(8192).unwrap();
        assert_eq!(early.push(&mut [0; 4095]).unwrap_err().reason(), "seal.data-length");
        let mut short = sealer(8192).unwrap();
        short.push(&mut [0; 4096]).unwrap();
        assert_eq!(short.finish().unwrap_err().reason(), "seal.data-length");
        let mut long = sealer(4096).unwrap();
        assert_eq!(long.push(&mut [0; 8192]).unwrap_err().reason(), "seal.data-length");
    }

    #[test]
    fn a_failing_sink_is_reported() {
        let full = |_: u64, _: &Block| Err(io::Error::from(io::ErrorKind::StorageFull));
        let mut sealer = Sealer::new(&key(), Salt::from_bytes([0; 32]), 128 * 4096, full).unwrap();
        let refused = sealer.push(&mut vec![0; 128 * 4096]).unwrap_err();
        assert_eq!(refused.reason(), "seal.io");
    }
}
