//! The tables at the end of an OVMF image: a list of GUIDed entries below the reset vector
//! (edk2 `OvmfPkg/ResetVector/Ia16/ResetVectorVtf0.asm`), one of which leads to the SEV metadata
//! (`OvmfPkg/ResetVector/X64/OvmfSevMetadata.asm`).

use super::LaunchError;

/// A firmware image and what its tables say.
pub(super) struct Firmware<'a> {
    image: &'a [u8],
    entries: Vec<Entry<'a>>,
    pub(super) sections: Vec<Section>,
}

/// An entry of the footer table.
struct Entry<'a> {
    guid: [u8; 16],
    data: &'a [u8],
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
        if image.len() as u64 > FOUR_GIB {
            return Err(LaunchError::Firmware("larger than 4 GiB"));
        }
        let mut firmware = Self { image, entries: footer_entries(image)?, sections: Vec::new() };
        firmware.sections = firmware.metadata()?;
        Ok(firmware)
    }

    /// Guest address of the image, which ends at 4 GiB.
    pub(super) fn address(&self) -> u64 {
        FOUR_GIB.saturating_sub(self.image.len() as u64)
    }

    pub(super) fn sections_of(&self, kind: SectionKind) -> impl Iterator<Item = &Section> {
        self.sections.iter().filter(move |section| section.kind == kind)
    }

    /// Guest address of the table of kernel hashes.
    pub(super) fn hash_table_address(&self) -> Result<u32, LaunchError> {
        self.number(&HASH_TABLE).ok_or(LaunchError::Firmware("no hash table entry"))
    }

    /// Where virtual processors other than the first start.
    pub(super) fn reset_entry(&self) -> Result<u32, LaunchError> {
        self.number(&RESET_BLOCK).ok_or(LaunchError::Firmware("no reset block"))
    }

    fn metadata(&self) -> Result<Vec<Section>, LaunchError> {
        const BROKEN: LaunchError = LaunchError::Firmware("SEV metadata");
        let from_end = self.number(&SEV_METADATA).ok_or(BROKEN)?;
        let start = self.image.len().checked_sub(from_end as usize).ok_or(BROKEN)?;
        let table = self.image.get(start..).ok_or(BROKEN)?;
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
        Ok(sections)
    }

    /// The first four bytes of the entry `guid`.
    fn number(&self, guid: &[u8; 16]) -> Option<u32> {
        let entry = self.entries.iter().find(|entry| entry.guid == *guid)?;
        words::<1>(entry.data).map(|([number], _)| number)
    }
}

/// Reads the table backwards from its footer, which ends 32 bytes before the image does. Each
/// entry is its data, then its whole length, then its GUID.
fn footer_entries(image: &[u8]) -> Result<Vec<Entry<'_>>, LaunchError> {
    const BROKEN: LaunchError = LaunchError::Firmware("table of GUIDed entries");
    let (before, _) = image.split_last_chunk::<32>().ok_or(BROKEN)?;
    let (footer, length, before) = last_entry(before).ok_or(BROKEN)?;
    let data_length = length.checked_sub(ENTRY_HEADER).ok_or(BROKEN)?;
    if footer != TABLE_FOOTER {
        return Err(BROKEN);
    }
    let start = before.len().checked_sub(data_length).ok_or(BROKEN)?;
    let mut table = before.get(start..).ok_or(BROKEN)?;
    let mut entries = Vec::new();
    while table.len() >= ENTRY_HEADER {
        let (guid, length, before) = last_entry(table).ok_or(BROKEN)?;
        let data_length = length.checked_sub(ENTRY_HEADER).ok_or(BROKEN)?;
        let start = before.len().checked_sub(data_length).ok_or(BROKEN)?;
        let (rest, data) = before.split_at_checked(start).ok_or(BROKEN)?;
        entries.push(Entry { guid, data });
        table = rest;
    }
    Ok(entries)
}

/// GUID and length at the end of `table`, and what is before them.
fn last_entry(table: &[u8]) -> Option<([u8; 16], usize, &[u8])> {
    let (table, guid) = table.split_last_chunk::<16>()?;
    let (table, length) = table.split_last_chunk::<2>()?;
    Some((*guid, u16::from_le_bytes(*length).into(), table))
}

fn words<const N: usize>(mut bytes: &[u8]) -> Option<([u32; N], &[u8])> {
    let mut words = [0; N];
    for word in &mut words {
        let (four, rest) = bytes.split_first_chunk::<4>()?;
        *word = u32::from_le_bytes(*four);
        bytes = rest;
    }
    Some((words, bytes))
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

const FOUR_GIB: u64 = 1 << 32;
const ENTRY_HEADER: usize = 18;

// GUIDs as stored: the first three groups little-endian.
/// 96b582de-1fb2-45f7-baea-a366c55a082d
const TABLE_FOOTER: [u8; 16] = [
    0xde, 0x82, 0xb5, 0x96, 0xb2, 0x1f, 0xf7, 0x45, 0xba, 0xea, 0xa3, 0x66, 0xc5, 0x5a, 0x08, 0x2d,
];
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
