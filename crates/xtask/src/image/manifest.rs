//! `image.json`: what the image is made of, and the digests that its measurement starts from.

use std::num::NonZeroU32;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};
use domain::claims::{Measurement, RuntimeMeasurement};
use evidence::launch::tdx::{DirectBoot, InitrdArgument, KernelImage, mrtd};
use evidence::launch::{
    Boot, KernelHashes, LaunchInputs, SNP_GUEST_FEATURES, VcpuType, Vmm, expected_measurement,
};
use serde::Serialize;

use super::{Inputs, SNP_FIRMWARE, TDX_FIRMWARE, kernel::Module};
use crate::apt::Package;
use crate::{cache, run};

/// Everything that decides the image's bytes, and the digests of the result.
#[derive(Debug, Serialize)]
pub(super) struct Manifest {
    name: &'static str,
    kernel: Package,
    firmware: Firmware,
    tdx_firmware: Firmware,
    packages: Vec<Package>,
    compiler: String,
    /// In load order.
    modules: Vec<String>,
    cmdline: &'static str,
    files: Vec<File>,
    /// What SEV-SNP measures when the launcher starts the image with its default size.
    snp_launch: SnpLaunch,
    /// What TDX measures, whatever the size.
    tdx_launch: TdxLaunch,
}

#[derive(Debug, Serialize)]
struct SnpLaunch {
    vcpus: NonZeroU32,
    vcpu_type: String,
    digest: Measurement,
}

impl SnpLaunch {
    fn of(files: &[(&'static str, Vec<u8>)]) -> Result<Self> {
        let (kernel, initrd) = (file(files, "vmlinuz")?, file(files, "initrd")?);
        let hashes = KernelHashes::of(kernel, initrd, super::CMDLINE);
        let vcpu_type = VcpuType::EPYC_V4;
        let digest = expected_measurement(&LaunchInputs {
            ovmf: file(files, SNP_FIRMWARE.file)?,
            boot: Boot::Direct(hashes),
            vcpus: VCPUS,
            vcpu_type,
            guest_features: SNP_GUEST_FEATURES,
            vmm: Vmm::Qemu,
        })?;
        Ok(Self { vcpus: VCPUS, vcpu_type: vcpu_type.to_string(), digest })
    }
}

/// RTMR0 has ACPI tables in it and so depends on the machine: it comes from the event log of a first
/// boot (docs/evidence.md).
#[derive(Debug, Serialize)]
struct TdxLaunch {
    mrtd: Measurement,
    rtmrs: [Option<RuntimeMeasurement>; 4],
}

impl TdxLaunch {
    fn of(files: &[(&'static str, Vec<u8>)]) -> Result<Self> {
        let boot = DirectBoot {
            kernel: file(files, "vmlinuz")?,
            initrd: file(files, "initrd")?,
            cmdline: super::CMDLINE,
            // QEMU 10.0 and the firmware of sid, which is later than edk2-stable202508.
            image: KernelImage::Original,
            initrd_argument: InitrdArgument::First,
        };
        let untouched = RuntimeMeasurement::from_bytes([0; 48]);
        Ok(Self {
            mrtd: mrtd(file(files, TDX_FIRMWARE.file)?)?,
            rtmrs: [None, Some(boot.rtmr1()?), Some(boot.rtmr2()?), Some(untouched)],
        })
    }
}

fn file<'a>(files: &'a [(&'static str, Vec<u8>)], wanted: &str) -> Result<&'a [u8]> {
    let found = files.iter().find(|(name, _)| *name == wanted);
    found.map(|(_, bytes)| bytes.as_slice()).with_context(|| format!("no `{wanted}`"))
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
            firmware: Firmware { package: inputs.snp_firmware.clone(), file: SNP_FIRMWARE.file },
            tdx_firmware: Firmware {
                package: inputs.tdx_firmware.clone(),
                file: TDX_FIRMWARE.file,
            },
            packages: inputs.guest.clone(),
            compiler: String::from_utf8(compiler)?.trim().to_owned(),
            modules: modules.iter().map(|module| module.name.clone()).collect(),
            cmdline: super::CMDLINE,
            files: files.iter().map(file).collect(),
            snp_launch: SnpLaunch::of(files)?,
            tdx_launch: TdxLaunch::of(files)?,
        })
    }
}

/// Prints what was built and where, with the measurements of both platforms.
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
        path(SNP_FIRMWARE.file),
        path("vmlinuz"),
        path("initrd"),
        path("cmdline"),
    );
    let TdxLaunch { mrtd, rtmrs } = &manifest.tdx_launch;
    println!("  TDX MRTD with {}: {mrtd}", TDX_FIRMWARE.file);
    for (index, rtmr) in rtmrs.iter().enumerate() {
        match rtmr {
            Some(rtmr) => println!("  TDX RTMR{index}: {rtmr}"),
            None => println!("  TDX RTMR{index}: from the event log of a first boot"),
        }
    }
    println!("  all digests are in {}", path("image.json"));
}

/// As many as the launcher gives a guest by default.
const VCPUS: NonZeroU32 = NonZeroU32::MIN.saturating_add(1);
