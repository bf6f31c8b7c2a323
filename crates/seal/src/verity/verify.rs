//! Verification of an image and its hash device against a root hash, without the device mapper.

use std::io::{self, Read, Seek, SeekFrom};

use domain::Digest;

use super::{BLOCK_BYTES, Block, Parameters, TreeBuilder};
use crate::Error;

/// Checks that `data` is the image with the root hash `root`, and `hashes` its hash device, to the
/// last byte of both.
///
/// # Errors
/// [`Error::DataLength`] or [`Error::HashLength`] for a device that is too short or too long,
/// [`Error::VerityData`] if the data are others, [`Error::VerityTree`] if only the hash device is
/// wrong, [`Error::Io`] if reading fails.
pub fn verify(
    data: &mut impl Read,
    hashes: &mut (impl Read + Seek),
    parameters: &Parameters,
    root: &Digest,
) -> Result<(), Error> {
    let hash_bytes = hashes.seek(SeekFrom::End(0)).map_err(Error::Io)?;
    if hash_bytes != parameters.hash_device_bytes() {
        return Err(Error::HashLength);
    }
    let mut first_wrong = None;
    let mut builder = TreeBuilder::new(*parameters, |offset, block: &Block| {
        if !holds(hashes, offset, block)? {
            first_wrong = Some(first_wrong.map_or(offset, |first: u64| first.min(offset)));
        }
        Ok(())
    });
    feed(data, &mut builder)?;
    if builder.finish()? != *root {
        return Err(Error::VerityData);
    }
    first_wrong.map_or(Ok(()), |offset| Err(Error::VerityTree { offset }))
}

fn holds(hashes: &mut (impl Read + Seek), offset: u64, block: &Block) -> io::Result<bool> {
    let mut stored = [0; BLOCK_BYTES];
    hashes.seek(SeekFrom::Start(offset))?;
    hashes.read_exact(&mut stored)?;
    Ok(stored == *block)
}

/// Reads `data` to its end; the builder refuses what is too much, its `finish` what is missing.
fn feed<S: FnMut(u64, &Block) -> io::Result<()>>(
    data: &mut impl Read,
    builder: &mut TreeBuilder<S>,
) -> Result<(), Error> {
    let mut chunk = Vec::with_capacity(CHUNK_BYTES);
    loop {
        chunk.clear();
        let limit = CHUNK_BYTES as u64;
        if data.by_ref().take(limit).read_to_end(&mut chunk).map_err(Error::Io)? == 0 {
            return Ok(());
        }
        builder.push(&chunk)?;
    }
}

const CHUNK_BYTES: usize = 256 * BLOCK_BYTES;
