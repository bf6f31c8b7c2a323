//! Inputs of several parts, changes to right bytes, and the first inputs of targets. The other fuzz folders compile
//! this file, too.

use std::path::{Path, PathBuf};

/// The parts of `data`, each after its length (two bytes, big-endian); the last takes what is left.
#[must_use]
pub fn parts<const N: usize>(data: &[u8]) -> [&[u8]; N] {
    let mut rest = data;
    std::array::from_fn(|index| {
        let Some((length, after)) = rest.split_first_chunk() else {
            return std::mem::take(&mut rest);
        };
        if index + 1 == N {
            return std::mem::take(&mut rest);
        }
        let length = usize::from(u16::from_be_bytes(*length)).min(after.len());
        let (part, left) = after.split_at(length);
        rest = left;
        part
    })
}

/// The inverse of [`parts`].
#[must_use]
pub fn joined(parts: &[&[u8]]) -> Vec<u8> {
    let Some((last, first)) = parts.split_last() else { return Vec::new() };
    let mut data = Vec::new();
    for part in first {
        let length = u16::try_from(part.len()).expect("a seed's part below 64 KiB");
        data.extend(length.to_be_bytes());
        data.extend(*part);
    }
    data.extend(*last);
    data
}

/// `base` changed as `edits` says: each edit is a position (two bytes, big-endian), a kind and one
/// byte. Kinds replace a byte, flip bits of one, insert one, or cut the rest off.
#[must_use]
pub fn edited(base: &[u8], edits: &[u8]) -> Vec<u8> {
    let mut bytes = base.to_vec();
    for edit in edits.chunks_exact(4) {
        let [high, low, kind, value] = edit else { continue };
        let position = usize::from(u16::from_be_bytes([*high, *low])) % (bytes.len() + 1);
        match (kind % 16, bytes.get_mut(position)) {
            (0, _) => bytes.insert(position, *value),
            (1, _) => bytes.truncate(position),
            (2..=8, Some(byte)) => *byte = *value,
            (_, Some(byte)) => *byte ^= 1 << (value % 8),
            (_, None) => bytes.push(*value),
        }
    }
    bytes
}

/// The first inputs of targets, by name.
pub type Seeds = Vec<(&'static str, Vec<Vec<u8>>)>;

/// Writes them below the folder that `CLOISTER_FUZZ_SEEDS` names, a folder for each target.
pub fn write_seeds(seeds: Seeds) {
    let folder = std::env::var_os("CLOISTER_FUZZ_SEEDS").expect("CLOISTER_FUZZ_SEEDS");
    for (target, seeds) in seeds {
        write(&PathBuf::from(&folder).join(target), &seeds).expect("a folder to write to");
    }
}

fn write(folder: &Path, seeds: &[Vec<u8>]) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for (number, seed) in seeds.iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{number}")), seed)?;
    }
    Ok(())
}
