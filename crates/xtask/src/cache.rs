//! Where downloads and built artefacts live, and the digests that name them.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256, Sha384};

/// The cache folder: `$CLOISTER_CACHE`, or `cloister` under the user's cache folder.
pub(crate) fn folder() -> Result<PathBuf> {
    if let Some(path) = env::var_os("CLOISTER_CACHE") {
        return std::path::absolute(path).context("CLOISTER_CACHE is not a usable path");
    }
    if let Some(path) = env::var_os("XDG_CACHE_HOME") {
        return Ok(PathBuf::from(path).join("cloister"));
    }
    let home = env::var_os("HOME").context("neither CLOISTER_CACHE nor HOME is set")?;
    Ok(PathBuf::from(home).join(".cache/cloister"))
}

/// The root of this work tree.
pub(crate) fn project() -> Result<PathBuf> {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .map(Path::to_path_buf)
        .context("xtask is not two folders below the project's root")
}

/// Reads a whole file; the error names it.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))
}

/// Writes a whole file, creating its folder; the error names it.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)
            .with_context(|| format!("cannot create `{}`", parent.display()))?;
    }
    fs::write(path, bytes).with_context(|| format!("cannot write `{}`", path.display()))
}

/// SHA-256 in lower-case hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// SHA-384 in lower-case hexadecimal, as the TDX measurement registers use it.
pub(crate) fn sha384(bytes: &[u8]) -> String {
    hex::encode(Sha384::digest(bytes))
}
