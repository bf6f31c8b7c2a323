//! The superblock of a hash device (`struct verity_sb` of cryptsetup's `lib/verity/verity.c`).

use super::{BLOCK_BYTES, Block, Parameters};

pub(super) fn encode(parameters: &Parameters) -> Box<Block> {
    let salt = parameters.salt.as_bytes();
    let block_bytes = u32::to_le_bytes(domain::dataset::BlockSize::BYTES);
    let fields: [&[u8]; 11] = [
        b"verity\0\0",
        &1_u32.to_le_bytes(), // version of the superblock
        &1_u32.to_le_bytes(), // version of the hash: salt before data
        &uuid(salt),
        b"sha256",
        &[0; 32 - b"sha256".len()],
        &block_bytes, // of the data
        &block_bytes, // of the tree
        &parameters.data_blocks.get().to_le_bytes(),
        &[32, 0, 0, 0, 0, 0, 0, 0], // length of the salt, padding
        salt,
    ];
    let mut block = Box::new([0; BLOCK_BYTES]);
    for (slot, byte) in block.iter_mut().zip(fields.into_iter().flatten()) {
        *slot = *byte;
    }
    block
}

/// A UUID (RFC 9562 §5.8, version 8) made of the salt, so that it is no input of its own.
fn uuid(salt: &[u8; 32]) -> [u8; 16] {
    let mut bytes = [0; 16];
    for (slot, byte) in bytes.iter_mut().zip(salt) {
        *slot = *byte;
    }
    let [.., version, _, variant, _, _, _, _, _, _, _] = &mut bytes;
    *version = (*version & 0x0f) | 0x80;
    *variant = (*variant & 0x3f) | 0x80;
    bytes
}
