//! Inputs of several parts, and the first inputs of targets. crates/disclosure/fuzz compiles this file,
//! too.

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
