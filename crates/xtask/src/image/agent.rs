//! The programs of this tree that go into the image, built so that the folder they were
//! built in leaves no trace.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::{cache, run};

/// Builds the agent's two programs from the sources in `project`, with their intermediate
/// files in `target`; returns the folder that holds them.
pub(super) fn build(project: &Path, target: &Path) -> Result<PathBuf> {
    let home = cargo_home()?;
    let maps = [(project, "/cloister"), (&home, "/cargo"), (target, "/target")];
    let join = |flag: &str, separator: &str| {
        let flags: Vec<String> =
            maps.iter().map(|(from, to)| format!("{flag}={}={to}", from.display())).collect();
        flags.join(separator)
    };
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args(["build", "--quiet", "--release", "--locked", "--package", "agent"])
        .args(["--config", "profile.release.strip=\"symbols\""])
        .current_dir(project)
        .env("CARGO_TARGET_DIR", target)
        .env("CARGO_ENCODED_RUSTFLAGS", join("--remap-path-prefix", "\u{1f}"))
        // C libraries inside crates write their source paths into assertions.
        .env("CFLAGS", join("-ffile-prefix-map", " "))
        .env("CXXFLAGS", join("-ffile-prefix-map", " "))
        .env("SOURCE_DATE_EPOCH", "0")
        .env_remove("RUSTFLAGS");
    run::shown(&mut cargo).context("the agent does not build")?;
    Ok(target.join("release"))
}

/// Builds the empty init that only powers off: what a boot costs before any of our work.
pub(super) fn bare_init(project: &Path) -> Result<Vec<u8>> {
    let folder = tempfile::tempdir()?;
    let program = folder.path().join("init");
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc
        .args(["--edition=2024", "--target=x86_64-unknown-linux-musl"])
        .args(["-Cpanic=abort", "-Copt-level=s", "-Cstrip=symbols"])
        .args(["-Clink-self-contained=no", "-Clink-arg=-nostartfiles", "-Crelocation-model=static"])
        .arg("-o")
        .arg(&program)
        .arg(project.join("images/guest/bare-init.rs"));
    run::stdout(&mut rustc)?;
    cache::read(&program)
}

fn cargo_home() -> Result<PathBuf> {
    if let Some(home) = env::var_os("CARGO_HOME") {
        return Ok(PathBuf::from(home));
    }
    let home = env::var_os("HOME").context("neither CARGO_HOME nor HOME is set")?;
    Ok(PathBuf::from(home).join(".cargo"))
}
