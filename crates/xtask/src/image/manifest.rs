//! `image.json`: what the image is made of, and the digests that its measurement starts from.

use std::path::Path;
use std::process::Command;

use anyhow::Result;
use serde::Serialize;

use super::{FIRMWARE_FILE, Inputs, kernel::Module};
use crate::apt::Package;
use crate::{cache, run};

/// Everything that decides the image's bytes, and the digests of the result.
#[derive(Debug, Serialize)]
pub(super) struct Manifest {
    name: &'static str,
    kernel: Package,
    firmware: Firmware,
    packages: Vec<Package>,
    compiler: String,
    /// In load order.
    modules: Vec<String>,
    cmdline: &'static str,
    files: Vec<File>,
}

#[derive(Debug, Serialize)]
struct Firmware {
    #[serde(flatten)]
    package: Package,
    file: &'static str,
}

/// One file of the image folder.
#[derive(Debug, Serialize)]
struct File {
    name: &'static str,
    bytes: usize,
    sha256: String,
    /// TDX's measurement registers are SHA-384.
    sha384: String,
}

impl Manifest {
    pub(super) fn new(
        inputs: &Inputs,
        modules: &[Module],
        files: &[(&'static str, Vec<u8>)],
    ) -> Result<Self> {
        let file = |(name, bytes): &(&'static str, Vec<u8>)| File {
            name,
            bytes: bytes.len(),
            sha256: cache::sha256(bytes),
            sha384: cache::sha384(bytes),
        };
        let compiler = run::stdout(Command::new("rustc").arg("--version"))?;
        Ok(Self {
            name: "cloister-guest",
            kernel: inputs.kernel.clone(),
            firmware: Firmware { package: inputs.firmware.clone(), file: FIRMWARE_FILE },
            packages: inputs.guest.clone(),
            compiler: String::from_utf8(compiler)?.trim().to_owned(),
            modules: modules.iter().map(|module| module.name.clone()).collect(),
            cmdline: super::CMDLINE,
            files: files.iter().map(file).collect(),
        })
    }
}

/// Prints what was built and where, with the inputs of both platforms' measurements.
pub(super) fn print(out: &Path, manifest: &Manifest, changed: bool) {
    let state = if changed { "built" } else { "unchanged" };
    println!("guest image {state}: {}", out.display());
    println!("  kernel    {} {}", manifest.kernel.name, manifest.kernel.version);
    println!("  modules   {}", manifest.modules.join(" "));
    for file in &manifest.files {
        println!("  {:<15} {:>9} bytes  sha384 {}", file.name, file.bytes, file.sha384);
    }
    let path = |name: &str| out.join(name).display().to_string();
    println!(
        "  SEV-SNP launch digest: cloister measure snp --ovmf {} --kernel {} --initrd {} \
         --append \"$(cat {})\" --vcpus N --vcpu-type T",
        path(FIRMWARE_FILE),
        path("vmlinuz"),
        path("initrd"),
        path("cmdline"),
    );
    println!(
        "  TDX: RTMR1 and RTMR2 extend from the SHA-384 of vmlinuz, cmdline and initrd above; \
         all digests are in {}",
        path("image.json"),
    );
}
