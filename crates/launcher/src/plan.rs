//! Everything that decides what QEMU is asked to run, as data.

use std::fs;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use domain::claims::{GuestPolicy, HostData, Measurement};
use evidence::launch::{
    Boot, KernelHashes, LaunchInputs, SNP_GUEST_FEATURES, VcpuType, Vmm, expected_measurement,
};

use crate::platform::LaunchedFacts;
use crate::{Accelerator, LauncherError};

/// One virtual machine. Every field is public, so that tests can plan what a dishonest host would.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What executes the guest's instructions.
    pub accelerator: Accelerator,
    /// Whether security hardware surrounds the guest.
    pub machine: Machine,
    /// Processors and memory.
    pub size: Size,
    /// OVMF with SEV metadata. [`Machine::Plain`] is measured as if it ran, but does not run it.
    pub firmware: PathBuf,
    /// The kernel.
    pub kernel: PathBuf,
    /// The initrd.
    pub initrd: PathBuf,
    /// The kernel's command line.
    pub cmdline: String,
    /// HOST_DATA of the launch.
    pub host_data: HostData,
    /// POLICY of the launch.
    pub policy: GuestPolicy,
    /// Disks, all read-only.
    pub disks: Vec<Disk>,
    /// The guest's way to the broker and the airlock.
    pub network: Option<Network>,
    /// File that the guest's console is written to.
    pub console: PathBuf,
    /// Unix socket to which QEMU connects the progress port.
    pub progress: Option<PathBuf>,
    /// Unix socket to which QEMU connects the emulated platform's port.
    pub emulated_platform: Option<PathBuf>,
}

impl Plan {
    /// What the platform measures when this is launched: computed from the files named, now.
    ///
    /// # Errors
    /// [`LauncherError::Input`] or [`LauncherError::Measurement`].
    pub fn facts(&self) -> Result<LaunchedFacts, LauncherError> {
        let read = |path: &Path| fs::read(path).map_err(LauncherError::input(path));
        let hashes = KernelHashes::of(&read(&self.kernel)?, &read(&self.initrd)?, &self.cmdline);
        let measurement = measure(&read(&self.firmware)?, hashes, self.size.vcpus, MEASURED_CPU)?;
        Ok(LaunchedFacts { measurement, host_data: self.host_data, policy: self.policy })
    }
}

/// The launch digest of an SEV-SNP guest under QEMU.
pub(crate) fn measure(
    ovmf: &[u8],
    hashes: KernelHashes,
    vcpus: NonZeroU32,
    vcpu_type: VcpuType,
) -> Result<Measurement, LauncherError> {
    expected_measurement(&LaunchInputs {
        ovmf,
        boot: Boot::Direct(hashes),
        vcpus,
        vcpu_type,
        guest_features: SNP_GUEST_FEATURES,
        vmm: Vmm::Qemu,
    })
    .map_err(LauncherError::Measurement)
}

/// How the security hardware surrounds the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Machine {
    /// It does not: nothing is confidential. The platform answers on a virtio-serial port.
    Plain,
    /// AMD SEV-SNP.
    SevSnp,
}

/// Processors and memory of a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Virtual processors; measured.
    pub vcpus: NonZeroU32,
    /// Memory in MiB.
    pub memory_mib: u32,
}

impl Default for Size {
    /// Two processors (quicker to boot than one) and 1 GiB.
    fn default() -> Self {
        Self { vcpus: NonZeroU32::MIN.saturating_add(1), memory_mib: 1024 }
    }
}

/// A read-only virtio disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disk {
    /// Its serial, by which the agent finds it: at most 20 bytes.
    pub serial: &'static str,
    /// The file behind it.
    pub file: PathBuf,
}

/// The guest's way out: two addresses, each of which starts a relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Program that answers `relay ADDR:PORT` with [`crate::relay::run`].
    pub program: PathBuf,
    /// Where the relays connect to.
    pub targets: RelayTargets,
}

/// Where the relays connect to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RelayTargets {
    /// The broker.
    pub broker: SocketAddr,
    /// The airlock.
    pub airlock: SocketAddr,
}

/// POLICY of every launch (AMD 56860 §4.3): SMT allowed and the reserved bit that must be one; no
/// debugging, no migration agent.
pub const SNP_POLICY: GuestPolicy = GuestPolicy::new(0x30000);

/// The processor model of a confidential guest: the one that starts on every generation.
pub(crate) const MEASURED_CPU: VcpuType = VcpuType::EPYC_V4;
