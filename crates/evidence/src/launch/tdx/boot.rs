//! What the firmware and the kernel's EFI stub measure on their way to the kernel.

use domain::claims::RuntimeMeasurement;

use super::super::LaunchError;
use super::header::{Memory, patched};
use super::pe::authenticode;
use crate::register::{Register, sha384};

/// A kernel that QEMU hands to the firmware.
#[derive(Clone, Copy, Debug)]
pub struct DirectBoot<'a> {
    /// The kernel file: a bzImage with an EFI stub.
    pub kernel: &'a [u8],
    /// The initrd file; empty if there is none.
    pub initrd: &'a [u8],
    /// The command line as given to QEMU.
    pub cmdline: &'a str,
    /// The kernel as the firmware gets it.
    pub image: KernelImage,
    /// Where the firmware puts its own argument.
    pub initrd_argument: InitrdArgument,
}

/// The kernel as the firmware gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KernelImage {
    /// As the file is: QEMU 10.0 and later with edk2-stable202502 and later, where the firmware reads
    /// `etc/boot/kernel`.
    Original,
    /// With the setup header that an older QEMU or firmware makes of it, which depends on memory.
    Patched(Memory),
}

/// Where the firmware puts the argument `initrd=initrd` on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InitrdArgument {
    /// Before everything else: since edk2-stable202508.
    First,
    /// At the end.
    Last,
}

impl DirectBoot<'_> {
    /// RTMR1: the kernel, and how far the firmware got (TCG PC Client Platform Firmware Profile,
    /// events of PCR 4 and 5, which TDX maps to this register: UEFI 2.10 §38.4.1).
    ///
    /// # Errors
    /// [`LaunchError::Kernel`] or [`LaunchError::Initrd`] if QEMU or the firmware could not start it.
    pub fn rtmr1(&self) -> Result<RuntimeMeasurement, LaunchError> {
        let mut register = Register::START;
        register.extend(&self.kernel_digest()?);
        register.measure(b"Calling EFI Application from Boot Option");
        register.measure(&SEPARATOR);
        register.measure(b"Exit Boot Services Invocation");
        register.measure(b"Exit Boot Services Returned with Success");
        Ok(register.value())
    }

    /// RTMR2: command line and initrd, both measured by the kernel's EFI stub (Linux 6.9 and later,
    /// `efi_measure_tagged_event`).
    ///
    /// # Errors
    /// [`LaunchError::CommandLine`] if the command line holds a zero byte.
    pub fn rtmr2(&self) -> Result<RuntimeMeasurement, LaunchError> {
        let mut register = Register::START;
        let options = self.load_options()?;
        if !options.is_empty() {
            register.measure(&options);
        }
        if !self.initrd.is_empty() {
            register.measure(self.initrd);
        }
        Ok(register.value())
    }

    fn kernel_digest(&self) -> Result<[u8; 48], LaunchError> {
        match self.image {
            KernelImage::Original => Ok(sha384(authenticode(self.kernel)?)),
            KernelImage::Patched(memory) => {
                let kernel = patched(self.kernel, self.initrd.len() as u64, memory)?;
                Ok(sha384(authenticode(&kernel)?))
            }
        }
    }

    /// The load options as the firmware makes them (edk2 `X86QemuLoadImageLib`): each byte becomes
    /// 16 bits, with 16 zero bits at the end; nothing if there is neither command line nor initrd.
    fn load_options(&self) -> Result<Vec<u8>, LaunchError> {
        if self.cmdline.contains('\0') {
            return Err(LaunchError::CommandLine);
        }
        let (before, after) = match (self.initrd.is_empty(), self.initrd_argument) {
            (true, _) => ("", ""),
            (false, InitrdArgument::First) => ("initrd=initrd ", ""),
            (false, InitrdArgument::Last) => ("", " initrd=initrd"),
        };
        let mut options: Vec<u8> = [before, self.cmdline, after]
            .iter()
            .flat_map(|part| part.bytes())
            .flat_map(|byte| u16::from(byte).to_le_bytes())
            .collect();
        if !options.is_empty() {
            options.extend_from_slice(&[0, 0]);
        }
        Ok(options)
    }
}

const SEPARATOR: [u8; 4] = [0; 4];
