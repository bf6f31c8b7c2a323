//! `cargo xtask cosign`: the real signer. Debian 12 has none; trixie's is one static program.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use anyhow::Result;

use crate::apt::{self, Apt};
use crate::cache;

/// Unpacks cosign to `bin/cosign` in the cache, once, and prints its path.
pub(crate) fn install() -> Result<()> {
    let path = cache::folder()?.join("bin/cosign");
    if !path.exists() {
        let package = Apt::new("trixie", false)?.single("cosign")?;
        let tree = apt::unpack("cosign", &[package])?;
        let partial = path.with_extension("partial");
        cache::write(&partial, &cache::read(&tree.join("usr/bin/cosign"))?)?;
        fs::set_permissions(&partial, fs::Permissions::from_mode(0o755))?;
        fs::rename(&partial, &path)?;
    }
    println!("{}", path.display());
    Ok(())
}
