//! The TDX metadata of an OVMF image (Intel TDVF design guide, "TDVF metadata"; edk2
//! `OvmfPkg/ResetVector/X64/IntelTdxMetadata.asm`).

use super::super::LaunchError;
use super::super::digest::PAGE;
use super::super::table::{Table, words};

/// The pieces of guest memory that are there at launch, in the order in which they are added.
pub(super) struct Metadata<'a> {
    pub(super) sections: Vec<Section<'a>>,
}

/// One piece.
pub(super) struct Section<'a> {
    pub(super) kind: SectionKind,
    pub(super) address: u64,
    /// Bytes of memory: a whole number of pages, not fewer than `data`.
    pub(super) length: u64,
    /// What is copied there; zeros follow.
    pub(super) data: &'a [u8],
    /// Whether the contents are measured, and not just the address.
    pub(super) measured: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SectionKind {
    /// Boot firmware volume: code.
    Boot,
    /// Configuration firmware volume: variables.
    Configuration,
    /// Where QEMU writes the map of memory.
    HandOffBlock,
    /// Stack, heap and mailbox.
    Temporary,
}

impl<'a> Metadata<'a> {
    pub(super) fn parse(image: &'a [u8]) -> Result<Self, LaunchError> {
        const BROKEN: LaunchError = LaunchError::Firmware("TDX metadata");
        let table = Table::parse(image)?;
        let descriptor =
            table.pointed_to(&TDX_METADATA).ok_or(LaunchError::Firmware("no TDX metadata"))?;
        let (signature, rest) = descriptor.split_first_chunk::<4>().ok_or(BROKEN)?;
        let ([length, version, count], mut rest) = words::<3>(rest).ok_or(BROKEN)?;
        let complete = count
            .checked_mul(SECTION_LENGTH)
            .and_then(|sections| sections.checked_add(DESCRIPTOR_LENGTH))
            .is_some_and(|needed| needed <= length);
        if signature != b"TDVF" || version != 1 || !complete || count > MOST_SECTIONS {
            return Err(BROKEN);
        }
        let mut sections = Vec::new();
        for _ in 0..count {
            let (fields, after) = words::<8>(rest).ok_or(BROKEN)?;
            sections.push(section(image, fields)?);
            rest = after;
        }
        if sections.iter().map(|section| section.length).sum::<u64>() > MOST_MEMORY {
            return Err(LaunchError::Firmware("sections larger than 256 MiB"));
        }
        Ok(Self { sections })
    }

    pub(super) fn sections_of(&self, kind: SectionKind) -> impl Iterator<Item = &Section<'a>> {
        self.sections.iter().filter(move |section| section.kind == kind)
    }
}

/// The checks are those of QEMU (`hw/i386/tdvf.c`), which starts no image that fails them.
fn section(image: &[u8], fields: [u32; 8]) -> Result<Section<'_>, LaunchError> {
    const BROKEN: LaunchError = LaunchError::Firmware("TDX section");
    let [offset, raw_length, address, address_high, length, length_high, kind, attributes] = fields;
    let address = u64::from(address_high) << 32 | u64::from(address);
    let length = u64::from(length_high) << 32 | u64::from(length);
    let kind = section_kind(kind).ok_or(LaunchError::Firmware("unknown section"))?;
    let page = PAGE as u64;
    let aligned = address.is_multiple_of(page) && length.is_multiple_of(page);
    let in_place = length <= MOST_MEMORY && address.checked_add(length).is_some();
    let has_data = matches!(kind, SectionKind::Boot | SectionKind::Configuration);
    let fits = if has_data { u64::from(raw_length) == length } else { raw_length == 0 };
    if !aligned || !in_place || !fits || attributes & !MEASURED != 0 {
        return Err(BROKEN);
    }
    let data = image
        .get(offset as usize..)
        .and_then(|from| from.get(..raw_length as usize))
        .ok_or(BROKEN)?;
    Ok(Section { kind, address, length, data, measured: attributes & MEASURED != 0 })
}

fn section_kind(number: u32) -> Option<SectionKind> {
    match number {
        0 => Some(SectionKind::Boot),
        1 => Some(SectionKind::Configuration),
        2 => Some(SectionKind::HandOffBlock),
        3 => Some(SectionKind::Temporary),
        _ => None,
    }
}

const DESCRIPTOR_LENGTH: u32 = 16;
const SECTION_LENGTH: u32 = 32;
/// Attribute MR.EXTEND.
const MEASURED: u32 = 1;
/// Images have six or seven.
const MOST_SECTIONS: u32 = 64;
/// Images have less than 5 MiB.
const MOST_MEMORY: u64 = 256 << 20;
/// e47a6535-984a-4798-865e-4685a7bf8ec2, as stored.
const TDX_METADATA: [u8; 16] = [
    0x35, 0x65, 0x7a, 0xe4, 0x4a, 0x98, 0x98, 0x47, 0x86, 0x5e, 0x46, 0x85, 0xa7, 0xbf, 0x8e, 0xc2,
];
