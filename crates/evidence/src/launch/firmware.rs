//! The SEV metadata of an OVMF image (edk2 `OvmfPkg/ResetVector/X64/OvmfSevMetadata.asm`).

use super::LaunchError;
use super::table::{FOUR_GIB, Table, words};

/// A firmware image and what its tables say.
pub(super) struct Firmware<'a> {
    table: Table<'a>,
    pub(super) sections: Vec<Section>,
}

/// A piece of guest memory that is set up at launch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Section {
    pub(super) address: u64,
    pub(super) length: u64,
    pub(super) kind: SectionKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SectionKind {
    Memory,
    Secrets,
    Cpuid,
    KernelHashes,
}

impl<'a> Firmware<'a> {
    pub(super) fn parse(image: &'a [u8]) -> Result<Self, LaunchError> {
        let table = Table::parse(image)?;
        let sections = metadata(&table)?;
        Ok(Self { table, sections })
    }

    /// Guest address of the image, which ends at 4 GiB.
    pub(super) fn address(&self) -> u64 {
        FOUR_GIB.saturating_sub(self.table.image.len() as u64)
    }

    pub(super) fn sections_of(&self, kind: SectionKind) -> impl Iterator<Item = &Section> {
        self.sections.iter().filter(move |section| section.kind == kind)
    }

    /// Guest address of the table of kernel hashes.
    pub(super) fn hash_table_address(&self) -> Result<u32, LaunchError> {
        self.table.number(&HASH_TABLE).ok_or(LaunchError::Firmware("no hash table entry"))
    }

    /// Where virtual processors other than the first start.
    pub(super) fn reset_entry(&self) -> Result<u32, LaunchError> {
        self.table.number(&RESET_BLOCK).ok_or(LaunchError::Firmware("no reset block"))
    }
}

fn metadata(table: &Table<'_>) -> Result<Vec<Section>, LaunchError> {
    const BROKEN: LaunchError = LaunchError::Firmware("SEV metadata");
    let table = table.pointed_to(&SEV_METADATA).ok_or(BROKEN)?;
    let (signature, table) = table.split_first_chunk::<4>().ok_or(BROKEN)?;
    let (header, table) = words::<3>(table).ok_or(BROKEN)?;
    let [length, version, count] = header;
    let complete = count
        .checked_mul(12)
        .and_then(|items| items.checked_add(16))
        .is_some_and(|needed| needed <= length);
    if signature != b"ASEV" || version != 1 || !complete {
        return Err(BROKEN);
    }
    let mut rest = table;
    let mut sections = Vec::new();
    for _ in 0..count {
        let ([address, length, kind], after) = words::<3>(rest).ok_or(BROKEN)?;
        let kind = section_kind(kind).ok_or(LaunchError::Firmware("unknown section"))?;
        sections.push(Section { address: address.into(), length: length.into(), kind });
        rest = after;
    }
    // A table could name thousands of sections of 4 GiB each: hours of hashing.
    if sections.iter().map(|section| section.length).sum::<u64>() > LONGEST_SECTIONS {
        return Err(LaunchError::Firmware("sections of more than 256 MiB"));
    }
    Ok(sections)
}

fn section_kind(number: u32) -> Option<SectionKind> {
    match number {
        // 4 is the calling area of a service module (SVSM): zeros without one.
        1 | 4 => Some(SectionKind::Memory),
        2 => Some(SectionKind::Secrets),
        3 => Some(SectionKind::Cpuid),
        0x10 => Some(SectionKind::KernelHashes),
        _ => None,
    }
}

/// Firmware sets up a few MiB at launch.
const LONGEST_SECTIONS: u64 = 256 << 20;

// GUIDs as stored: the first three groups little-endian.
/// 7255371f-3a3b-4b04-927b-1da6efa8d454
const HASH_TABLE: [u8; 16] = [
    0x1f, 0x37, 0x55, 0x72, 0x3b, 0x3a, 0x04, 0x4b, 0x92, 0x7b, 0x1d, 0xa6, 0xef, 0xa8, 0xd4, 0x54,
];
/// 00f771de-1a7e-4fcb-890e-68c77e2fb44e
const RESET_BLOCK: [u8; 16] = [
    0xde, 0x71, 0xf7, 0x00, 0x7e, 0x1a, 0xcb, 0x4f, 0x89, 0x0e, 0x68, 0xc7, 0x7e, 0x2f, 0xb4, 0x4e,
];
/// dc886566-984a-4798-a75e-5585a7bf67cc
const SEV_METADATA: [u8; 16] = [
    0x66, 0x65, 0x88, 0xdc, 0x4a, 0x98, 0x98, 0x47, 0xa7, 0x5e, 0x55, 0x85, 0xa7, 0xbf, 0x67, 0xcc,
];
