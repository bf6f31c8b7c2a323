//! The hand-off block that QEMU writes for the firmware (`hw/i386/tdvf-hob.c`): a map of memory, which
//! the firmware measures into RTMR0. Layouts: UEFI Platform Initialization 1.8, volume 3, §5.

use super::super::LaunchError;
use super::super::table::FOUR_GIB;
use super::header::Memory;
use super::metadata::{Metadata, Section, SectionKind};
use crate::register::sha384;

pub(super) fn digest(metadata: &Metadata<'_>, memory: Memory) -> Result<[u8; 48], LaunchError> {
    let mut blocks = metadata.sections_of(SectionKind::HandOffBlock);
    let block = blocks.next().ok_or(LaunchError::Firmware("no hand-off block"))?;
    let ranges = ranges(metadata, memory)?;
    let mut resources = Vec::new();
    for range in &ranges {
        range.write(&mut resources);
    }
    // The end of the list is an entry of its own, which is not part of what is measured.
    let length = HEADER_LENGTH + resources.len() as u64 + END_LENGTH;
    let end = block.address.checked_add(length).ok_or(LaunchError::Firmware("hand-off block"))?;
    let mut header = Vec::new();
    header.extend_from_slice(&1_u16.to_le_bytes()); // EFI_HOB_TYPE_HANDOFF
    header.extend_from_slice(&56_u16.to_le_bytes());
    header.extend_from_slice(&[0; 4]);
    header.extend_from_slice(&9_u32.to_le_bytes()); // EFI_HOB_HANDOFF_TABLE_VERSION
    header.extend_from_slice(&[0; 36]); // boot mode; bounds of memory, which QEMU leaves out
    header.extend_from_slice(&end.to_le_bytes());
    Ok(sha384([header.as_slice(), &resources]))
}

/// A piece of memory, added at launch or to be accepted by the guest.
struct Range {
    start: u64,
    end: u64,
    added: bool,
}

impl Range {
    fn write(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&3_u16.to_le_bytes()); // EFI_HOB_TYPE_RESOURCE_DESCRIPTOR
        to.extend_from_slice(&48_u16.to_le_bytes());
        to.extend_from_slice(&[0; 20]);
        let kind: u32 = if self.added { 0 } else { 7 }; // system memory, unaccepted memory
        to.extend_from_slice(&kind.to_le_bytes());
        to.extend_from_slice(&7_u32.to_le_bytes()); // present, initialised, tested
        to.extend_from_slice(&self.start.to_le_bytes());
        to.extend_from_slice(&self.end.saturating_sub(self.start).to_le_bytes());
    }
}

/// All memory in ascending order; what is added at launch lies in the lower part.
fn ranges(metadata: &Metadata<'_>, memory: Memory) -> Result<Vec<Range>, LaunchError> {
    let low = memory.below_4g();
    let added = |section: &&Section<'_>| {
        matches!(section.kind, SectionKind::HandOffBlock | SectionKind::Temporary)
    };
    let mut sections: Vec<_> = metadata.sections.iter().filter(added).collect();
    sections.sort_by_key(|section| section.address);
    let mut ranges = Vec::new();
    let mut from = 0;
    for section in sections {
        let (start, end) = (section.address, section.address.saturating_add(section.length));
        if start < from || end > low {
            return Err(LaunchError::Firmware("sections overlap or lie outside of memory"));
        }
        unaccepted(&mut ranges, from, start);
        ranges.push(Range { start, end, added: true });
        from = end;
    }
    unaccepted(&mut ranges, from, low);
    unaccepted(&mut ranges, FOUR_GIB, FOUR_GIB.saturating_add(memory.bytes().saturating_sub(low)));
    Ok(ranges)
}

fn unaccepted(ranges: &mut Vec<Range>, start: u64, end: u64) {
    if start < end {
        ranges.push(Range { start, end, added: false });
    }
}

const HEADER_LENGTH: u64 = 56;
const END_LENGTH: u64 = 8;
