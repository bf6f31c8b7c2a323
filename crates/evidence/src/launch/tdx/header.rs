//! What QEMU before 10.0 writes into a kernel's setup header (`hw/i386/x86-common.c`,
//! `x86_load_linux`; fields in Linux `Documentation/arch/x86/boot.rst`).

use super::super::LaunchError;

/// Memory of a guest, in MiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    mib: u32,
}

impl Memory {
    /// So many MiB.
    #[must_use]
    pub const fn from_mib(mib: u32) -> Self {
        Self { mib }
    }

    pub(super) const fn bytes(self) -> u64 {
        (self.mib as u64) << 20
    }

    /// How much of it a q35 machine has below 4 GiB (QEMU `hw/i386/pc_q35.c`).
    pub(super) const fn below_4g(self) -> u64 {
        if self.bytes() < Q35_LOW { self.bytes() } else { 2 << 30 }
    }
}

/// The kernel with the header that QEMU makes for an initrd of `initrd` bytes.
pub(super) fn patched(kernel: &[u8], initrd: u64, memory: Memory) -> Result<Vec<u8>, LaunchError> {
    if kernel.get(MAGIC..MAGIC + 4) != Some(b"HdrS") || kernel.len() < SHORTEST {
        return Err(LaunchError::Kernel("no setup header"));
    }
    let mut kernel = kernel.to_vec();
    let version = u16::from_le_bytes(field(&kernel, VERSION)?);
    let [flags] = field(&kernel, LOAD_FLAGS)?;
    if version < 0x202 || flags & LOADED_HIGH == 0 {
        return Err(LaunchError::Kernel("boot protocol before 2.02"));
    }
    set(&mut kernel, LOADER_TYPE, &[0xb0]);
    set(&mut kernel, LOAD_FLAGS, &[flags | CAN_USE_HEAP]);
    set(&mut kernel, HEAP_END, &(COMMAND_LINE - SETUP - 0x200).to_le_bytes());
    set(&mut kernel, COMMAND_LINE_POINTER, &COMMAND_LINE.to_le_bytes());
    if initrd > 0 {
        let highest = highest_initrd(&kernel, version)?;
        let (address, length) = initrd_place(highest, initrd, memory)?;
        set(&mut kernel, RAMDISK_IMAGE, &address.to_le_bytes());
        set(&mut kernel, RAMDISK_SIZE, &length.to_le_bytes());
    }
    Ok(kernel)
}

/// The highest address that the initrd may reach.
fn highest_initrd(kernel: &[u8], version: u16) -> Result<u64, LaunchError> {
    const OLD: u64 = 0x37ff_ffff;
    if version >= 0x20c {
        let flags = u16::from_le_bytes(field(kernel, XLOAD_FLAGS)?);
        return Ok(if flags & ABOVE_4G == 0 { OLD } else { u32::MAX.into() });
    }
    match u32::from_le_bytes(field(kernel, INITRD_ADDR_MAX)?) {
        highest if version >= 0x203 && highest != 0 => Ok(highest.into()),
        _ => Ok(OLD),
    }
}

/// Address and length: as high as it may be, below what QEMU keeps for ACPI tables.
fn initrd_place(highest: u64, length: u64, memory: Memory) -> Result<(u32, u32), LaunchError> {
    let free = memory.below_4g().checked_sub(ACPI_DATA).ok_or(LaunchError::Initrd)?;
    let highest = if highest >= free { free.saturating_sub(1) } else { highest };
    let address =
        highest.checked_sub(length).filter(|room| *room > 0).ok_or(LaunchError::Initrd)?;
    let narrow = |value: u64| u32::try_from(value).map_err(|_| LaunchError::Initrd);
    Ok((narrow(address & !0xfff)?, narrow(length)?))
}

fn field<const N: usize>(kernel: &[u8], offset: usize) -> Result<[u8; N], LaunchError> {
    kernel
        .get(offset..)
        .and_then(|from| from.first_chunk())
        .copied()
        .ok_or(LaunchError::Kernel("no setup header"))
}

fn set(kernel: &mut [u8], offset: usize, bytes: &[u8]) {
    for (to, from) in kernel.iter_mut().skip(offset).zip(bytes) {
        *to = *from;
    }
}

const Q35_LOW: u64 = 0xb000_0000;
/// Where QEMU puts the setup code and the command line.
const SETUP: u32 = 0x1_0000;
const COMMAND_LINE: u32 = 0x2_0000;
/// `acpi_data_size` of QEMU's machines since 2.3.
const ACPI_DATA: u64 = 0x2_8000;
const SHORTEST: usize = 0x1000;

const MAGIC: usize = 0x202;
const VERSION: usize = 0x206;
const LOADER_TYPE: usize = 0x210;
const LOAD_FLAGS: usize = 0x211;
const RAMDISK_IMAGE: usize = 0x218;
const RAMDISK_SIZE: usize = 0x21c;
const HEAP_END: usize = 0x224;
const COMMAND_LINE_POINTER: usize = 0x228;
const INITRD_ADDR_MAX: usize = 0x22c;
const XLOAD_FLAGS: usize = 0x236;
const LOADED_HIGH: u8 = 0x01;
const CAN_USE_HEAP: u8 = 0x80;
/// XLF_CAN_BE_LOADED_ABOVE_4G.
const ABOVE_4G: u16 = 0x40;
