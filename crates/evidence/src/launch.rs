//! What a guest will be measured as, before it is launched and from its files alone: here the launch
//! digest that AMD SEV-SNP firmware computes (AMD 56860 §8.17), in [`tdx`] Intel TDX's registers.
//!
//! The pages and their order are those of QEMU with `sev-snp-guest` and `kernel-hashes=on`, and of
//! Amazon EC2.

mod digest;
mod firmware;
mod hashes;
mod table;
pub mod tdx;
mod vcpu;
mod vmsa;

use std::num::NonZeroU32;

use domain::Reason;
use domain::claims::Measurement;

use digest::{LaunchDigest, PAGE};
use firmware::{Firmware, Section, SectionKind};
pub use hashes::KernelHashes;
pub use vcpu::VcpuType;
use vmsa::save_area;

/// What a launch is made of.
#[derive(Clone, Copy, Debug)]
pub struct LaunchInputs<'a> {
    /// The firmware image (OVMF), mapped to end at 4 GiB.
    pub ovmf: &'a [u8],
    /// What the firmware starts.
    pub boot: Boot,
    /// Number of virtual processors at launch.
    pub vcpus: NonZeroU32,
    /// Processor model that the guest sees.
    pub vcpu_type: VcpuType,
    /// SEV_FEATURES of the virtual processors; bit 0 (SNP active) is always on in practice.
    pub guest_features: u64,
    /// Whose page order and processor state.
    pub vmm: Vmm,
}

/// What the firmware starts.
#[derive(Clone, Copy, Debug)]
pub enum Boot {
    /// Whatever it finds on a disk: not measured.
    Firmware,
    /// This kernel, and no other: the firmware compares the hashes.
    Direct(KernelHashes),
}

/// The virtual machine monitor, each of which sets up virtual processors in its own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vmm {
    /// QEMU with KVM.
    Qemu,
    /// Amazon EC2.
    Ec2,
}

/// SEV_FEATURES that KVM sets for an SNP guest: SNP active (AMD 24593, VMSA layout).
pub const SNP_GUEST_FEATURES: u64 = 1;

/// The launch digest of `inputs`.
///
/// # Errors
/// [`LaunchError`] if the firmware has no readable metadata, or cannot be started so.
pub fn expected_measurement(inputs: &LaunchInputs<'_>) -> Result<Measurement, LaunchError> {
    let firmware = Firmware::parse(inputs.ovmf)?;
    let mut digest = LaunchDigest::default();
    digest.normal_pages(firmware.address(), inputs.ovmf)?;
    for section in &firmware.sections {
        let deferred = inputs.vmm == Vmm::Ec2 && section.kind == SectionKind::Cpuid;
        if !deferred {
            measure_section(&mut digest, section, &firmware, &inputs.boot)?;
        }
    }
    if inputs.vmm == Vmm::Ec2 {
        for section in firmware.sections_of(SectionKind::Cpuid) {
            digest.cpuid_page(section.address);
        }
    }
    let measured_kernel = firmware.sections_of(SectionKind::KernelHashes).next().is_some();
    if matches!(inputs.boot, Boot::Direct(_)) && !measured_kernel {
        return Err(LaunchError::NoKernelHashes);
    }
    for index in 0..inputs.vcpus.get() {
        let entry = if index == 0 { BOOT_PROCESSOR_ENTRY } else { firmware.reset_entry()? };
        digest.vmsa_page(&save_area(entry, inputs));
    }
    Ok(digest.finish())
}

fn measure_section(
    digest: &mut LaunchDigest,
    section: &Section,
    firmware: &Firmware<'_>,
    boot: &Boot,
) -> Result<(), LaunchError> {
    match (section.kind, boot) {
        (SectionKind::Secrets, _) => digest.secrets_page(section.address),
        (SectionKind::Cpuid, _) => digest.cpuid_page(section.address),
        (SectionKind::KernelHashes, Boot::Direct(hashes)) => {
            if section.length != PAGE as u64 {
                return Err(LaunchError::Firmware("kernel hashes section"));
            }
            let page = hashes.page(firmware.hash_table_address()?)?;
            digest.normal_pages(section.address, &page)?;
        }
        (SectionKind::Memory | SectionKind::KernelHashes, _) => {
            digest.zero_pages(section.address, section.length)?;
        }
    }
    Ok(())
}

/// Why no measurement can be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LaunchError {
    /// The command line holds a zero byte, where the firmware would end it.
    #[error("the command line holds a zero byte")]
    CommandLine,
    /// The firmware image is not one with metadata for the platform.
    #[error("the firmware image is unusable: {0}")]
    Firmware(&'static str),
    /// The initrd does not fit into the guest's memory.
    #[error("the initrd does not fit into the guest's memory")]
    Initrd,
    /// The kernel is not one that the firmware starts.
    #[error("the kernel is unusable: {0}")]
    Kernel(&'static str),
    /// The firmware does not check a kernel's hashes, so a kernel would not be measured.
    #[error("the firmware has no section for kernel hashes")]
    NoKernelHashes,
    /// The event log does not hold the configuration volume of this firmware.
    #[error("the event log is of another firmware")]
    OtherFirmware,
    /// The event log does not hold the map of so much memory.
    #[error("the event log is of a guest with other memory")]
    OtherMemory,
    /// No processor model has that name.
    #[error("unknown processor model")]
    VcpuType,
}

impl Reason for LaunchError {
    fn reason(&self) -> &'static str {
        match self {
            Self::CommandLine => "launch.command-line",
            Self::Firmware(_) => "launch.firmware",
            Self::Initrd => "launch.initrd",
            Self::Kernel(_) => "launch.kernel",
            Self::NoKernelHashes => "launch.no-kernel-hashes",
            Self::OtherFirmware => "launch.other-firmware",
            Self::OtherMemory => "launch.other-memory",
            Self::VcpuType => "launch.vcpu-type",
        }
    }
}

/// Where the first virtual processor starts: the reset vector.
const BOOT_PROCESSOR_ENTRY: u32 = 0xffff_fff0;
