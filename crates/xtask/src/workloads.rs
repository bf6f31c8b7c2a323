//! `cargo xtask workloads`: the demo's two programs, an OCI image and a WebAssembly component.
//! They are built here and signed by whoever runs them (`images/sign.sh`).

mod python;

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::json;

use crate::oci;
use crate::tree::Tree;
use crate::{cache, run};

/// Options of `cargo xtask workloads`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Ask the mirror for newer packages (otherwise what was downloaded before is used)
    #[arg(long)]
    update: bool,
}

/// Builds both and writes them to `workloads/` in the cache, with `workloads.json` beside them.
pub(crate) fn build(options: &Options) -> Result<()> {
    let project = cache::project()?;
    let out = cache::folder()?.join("workloads");

    let image = oci::layout(
        &[python::layer(&project, options.update)?, script(&project)?],
        &["/usr/bin/python3", "/analyse.py"],
    )?;
    let folder = out.join("analysis");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    image.write(&folder)?;
    let archive = image.archive()?;
    cache::write(&out.join("analysis.oci.tar"), &archive)?;

    let component = component(&project)?;
    cache::write(&out.join("wasm-counts.wasm"), &component)?;

    let summary = json!({
        "analysis": {
            "kind": "oci",
            "layout": "analysis",
            "archive": "analysis.oci.tar",
            "archive_bytes": archive.len(),
            "archive_sha256": cache::sha256(&archive),
            "digest": format!("sha256:{}", image.digest),
            "signed": format!("analysis/blobs/sha256/{}", image.digest),
        },
        "wasm-counts": {
            "kind": "wasm",
            "file": "wasm-counts.wasm",
            "bytes": component.len(),
            "digest": format!("sha256:{}", cache::sha256(&component)),
            "signed": "wasm-counts.wasm",
        },
    });
    let text = serde_json::to_string_pretty(&summary)? + "\n";
    cache::write(&out.join("workloads.json"), text.as_bytes())?;
    println!("workloads built: {}\n{text}", out.display());
    Ok(())
}

/// The upper layer: the analysis alone, so that a changed script is a small change.
fn script(project: &Path) -> Result<Tree> {
    let mut tree = Tree::default();
    let script = cache::read(&project.join("images/analysis/analyse.py"))?;
    tree.file("analyse.py", script)?;
    Ok(tree)
}

fn component(project: &Path) -> Result<Vec<u8>> {
    let source = project.join("images/wasm-counts");
    let target = cache::folder()?.join("wasm-target");
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args(["build", "--quiet", "--release", "--locked", "--target=wasm32-wasip2"])
        .current_dir(&source)
        .env("CARGO_TARGET_DIR", &target)
        .env_remove("RUSTFLAGS")
        .env(
            "CARGO_ENCODED_RUSTFLAGS",
            format!("--remap-path-prefix={}=/wasm-counts", source.display()),
        );
    run::shown(&mut cargo).context("the component does not build")?;
    cache::read(&target.join("wasm32-wasip2/release/wasm-counts.wasm"))
}
