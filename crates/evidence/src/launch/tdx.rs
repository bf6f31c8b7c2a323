//! What Intel TDX measures when QEMU starts a kernel directly (`-kernel`, `-initrd`, `-append`) in
//! OVMF: MRTD from the firmware, RTMR1 and RTMR2 from kernel, initrd and command line.
//!
//! RTMR0 also holds ACPI tables and boot variables that QEMU makes for one machine; it cannot be
//! computed from files. [`rtmr0`] takes it from the event log of a reference boot and checks what of
//! it comes from files. RTMR3 belongs to the guest and starts as zeros.
//!
//! Sources: Intel TDX Module 1.5 base architecture and ABI specifications (TDH.MEM.PAGE.ADD,
//! TDH.MR.EXTEND), Intel TDVF design guide, edk2 `OvmfPkg` since edk2-stable202411, QEMU `hw/i386`,
//! Linux `drivers/firmware/efi/libstub`.

mod boot;
mod header;
mod hob;
mod metadata;
mod mrtd;
mod pe;

use domain::claims::{Measurement, RuntimeMeasurement};

use super::LaunchError;
use crate::eventlog::{Event, EventKind, EventLog};
use crate::register::sha384;
pub use boot::{DirectBoot, InitrdArgument, KernelImage};
pub use header::Memory;
use metadata::{Metadata, SectionKind};
pub use pe::authenticode;

/// MRTD of a guest that starts with the firmware `ovmf`.
///
/// # Errors
/// [`LaunchError::Firmware`] if it has no readable TDX metadata.
pub fn mrtd(ovmf: &[u8]) -> Result<Measurement, LaunchError> {
    Ok(mrtd::of(&Metadata::parse(ovmf)?))
}

/// RTMR0 as in `log`, which a guest with the firmware `ovmf` and, if given, so much `memory` wrote.
///
/// What of it comes from files is checked: the configuration volume, which holds the variables that
/// the firmware starts with, and the map of memory. The rest, ACPI tables above all, is what the host
/// made; a guest that is measured so had the same.
///
/// # Errors
/// - [`LaunchError::Firmware`] if the firmware has no readable TDX metadata;
/// - [`LaunchError::OtherFirmware`] or [`LaunchError::OtherMemory`] if the log is of another one.
pub fn rtmr0(
    log: &EventLog,
    ovmf: &[u8],
    memory: Option<Memory>,
) -> Result<RuntimeMeasurement, LaunchError> {
    let metadata = Metadata::parse(ovmf)?;
    let logged = |kind: EventKind, digest: [u8; 48]| {
        let is_it = |event: &Event| {
            event.register() == Some(0) && event.kind() == kind && *event.digest() == digest
        };
        log.events().iter().any(is_it)
    };
    let mut volumes = metadata.sections_of(SectionKind::Configuration);
    let volume = volumes.next().ok_or(LaunchError::Firmware("no configuration volume"))?;
    if !logged(EventKind::FIRMWARE_BLOB, sha384([volume.data])) {
        return Err(LaunchError::OtherFirmware);
    }
    if let Some(memory) = memory
        && !logged(EventKind::HANDOFF_TABLES, hob::digest(&metadata, memory)?)
    {
        return Err(LaunchError::OtherMemory);
    }
    let [rtmr0, ..] = log.replay();
    Ok(rtmr0)
}
