//! The table at the end of an OVMF image: a list of GUIDed entries below the reset vector
//! (edk2 `OvmfPkg/ResetVector/Ia16/ResetVectorVtf0.asm`).

use super::LaunchError;

/// A firmware image and its table.
pub(super) struct Table<'a> {
    pub(super) image: &'a [u8],
    entries: Vec<Entry<'a>>,
}

struct Entry<'a> {
    guid: [u8; 16],
    data: &'a [u8],
}

impl<'a> Table<'a> {
    pub(super) fn parse(image: &'a [u8]) -> Result<Self, LaunchError> {
        if image.len() as u64 > FOUR_GIB {
            return Err(LaunchError::Firmware("larger than 4 GiB"));
        }
        Ok(Self { image, entries: footer_entries(image)? })
    }

    /// The first four bytes of the entry `guid`.
    pub(super) fn number(&self, guid: &[u8; 16]) -> Option<u32> {
        let entry = self.entries.iter().find(|entry| entry.guid == *guid)?;
        words::<1>(entry.data).map(|([number], _)| number)
    }

    /// The image from where the entry `guid` says, in bytes before the image's end.
    pub(super) fn pointed_to(&self, guid: &[u8; 16]) -> Option<&'a [u8]> {
        let start = self.image.len().checked_sub(self.number(guid)? as usize)?;
        self.image.get(start..)
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

/// `N` little-endian words from the front, and what is after them.
pub(super) fn words<const N: usize>(mut bytes: &[u8]) -> Option<([u32; N], &[u8])> {
    let mut words = [0; N];
    for word in &mut words {
        let (four, rest) = bytes.split_first_chunk::<4>()?;
        *word = u32::from_le_bytes(*four);
        bytes = rest;
    }
    Some((words, bytes))
}

/// Where the address space of 32 bits, and so the image, ends.
pub(super) const FOUR_GIB: u64 = 1 << 32;
const ENTRY_HEADER: usize = 18;
/// 96b582de-1fb2-45f7-baea-a366c55a082d, as stored: the first three groups little-endian.
const TABLE_FOOTER: [u8; 16] = [
    0xde, 0x82, 0xb5, 0x96, 0xb2, 0x1f, 0xf7, 0x45, 0xba, 0xea, 0xa3, 0x66, 0xc5, 0x5a, 0x08, 0x2d,
];
