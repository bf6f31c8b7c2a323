//! `image.json`: what the image is made of, and the digests that its measurement starts from.

use std::num::NonZeroU32;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};
use domain::claims::Measurement;
use evidence::launch::{
    Boot, KernelHashes, LaunchInputs, SNP_GUEST_FEATURES, VcpuType, Vmm, expected_measurement,
};
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
    /// What SEV-SNP measures when the launcher starts the image with its default size.
    snp_launch: SnpLaunch,
}

#[derive(Debug, Serialize)]
struct SnpLaunch {
    vcpus: NonZeroU32,
    vcpu_type: String,
    digest: Measurement,
}

impl SnpLaunch {
    fn of(files: &[(&'static str, Vec<u8>)]) -> Result<Self> {
        let file = |wanted: &str| {
            let found = files.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, bytes)| bytes.as_slice()).with_context(|| format!("no `{wanted}`"))
        };
        let hashes = KernelHashes::of(file("vmlinuz")?, file("initrd")?, super::CMDLINE);
        let vcpu_type = VcpuType::EPYC_V4;
        let digest = expected_measurement(&LaunchInputs {
            ovmf: file(FIRMWARE_FILE)?,
            boot: Boot::Direct(hashes),
            vcpus: VCPUS,
            vcpu_type,
            guest_features: SNP_GUEST_FEATURES,
            vmm: Vmm::Qemu,
        })?;
        Ok(Self { vcpus: VCPUS, vcpu_type: vcpu_type.to_string(), digest })
    }
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
            snp_launch: SnpLaunch::of(files)?,
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
    let SnpLaunch { vcpus, vcpu_type, digest } = &manifest.snp_launch;
    println!("  SEV-SNP launch digest with {vcpus} vCPUs of type {vcpu_type}: {digest}");
    println!(
        "  for another size: cloister measure snp --ovmf {} --kernel {} --initrd {} \
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

/// As many as the launcher gives a guest by default.
const VCPUS: NonZeroU32 = NonZeroU32::MIN.saturating_add(1);
