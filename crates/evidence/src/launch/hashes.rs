//! The table of kernel hashes that QEMU writes into guest memory and AmdSev OVMF checks (QEMU
//! `target/i386/sev.c`, `SevHashTable`).

use domain::Digest;

use super::LaunchError;
use super::digest::PAGE;

/// SHA-256 of what is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KernelHashes {
    /// Of the kernel file.
    pub kernel: Digest,
    /// Of the initrd file; of nothing if there is none.
    pub initrd: Digest,
    /// Of the command line with a zero byte at its end.
    pub cmdline: Digest,
}

impl KernelHashes {
    /// The hashes of these files; an absent initrd is an empty one.
    #[must_use]
    pub fn of(kernel: &[u8], initrd: &[u8], cmdline: &str) -> Self {
        Self {
            kernel: Digest::of(kernel),
            initrd: Digest::of(initrd),
            cmdline: Self::of_cmdline(cmdline),
        }
    }

    /// The hash of a command line as QEMU passes it, zero byte included.
    #[must_use]
    pub fn of_cmdline(cmdline: &str) -> Digest {
        let mut bytes = cmdline.as_bytes().to_vec();
        bytes.push(0);
        Digest::of(&bytes)
    }

    /// The page that holds the table, whose guest address is `address`.
    pub(super) fn page(&self, address: u32) -> Result<[u8; PAGE], LaunchError> {
        let offset = address as usize % PAGE;
        let mut page = [0; PAGE];
        let table = self.table();
        let end = offset.checked_add(table.len());
        let space = end
            .and_then(|end| page.get_mut(offset..end))
            .ok_or(LaunchError::Firmware("hash table does not fit its page"))?;
        space.copy_from_slice(&table);
        Ok(page)
    }

    fn table(&self) -> Vec<u8> {
        let mut table = Vec::with_capacity(usize::from(TABLE_LENGTH));
        table.extend_from_slice(&TABLE);
        table.extend_from_slice(&TABLE_LENGTH.to_le_bytes());
        for (guid, hash) in [(CMDLINE, self.cmdline), (INITRD, self.initrd), (KERNEL, self.kernel)]
        {
            table.extend_from_slice(&guid);
            table.extend_from_slice(&ENTRY_LENGTH.to_le_bytes());
            table.extend_from_slice(hash.as_bytes());
        }
        table
    }
}

const ENTRY_LENGTH: u16 = 16 + 2 + 32;
const TABLE_LENGTH: u16 = 16 + 2 + 3 * ENTRY_LENGTH;

// GUIDs as stored: the first three groups little-endian.
/// 9438d606-4f22-4cc9-b479-a793d411fd21
const TABLE: [u8; 16] = [
    0x06, 0xd6, 0x38, 0x94, 0x22, 0x4f, 0xc9, 0x4c, 0xb4, 0x79, 0xa7, 0x93, 0xd4, 0x11, 0xfd, 0x21,
];
/// 4de79437-abd2-427f-b835-d5b172d2045b
const KERNEL: [u8; 16] = [
    0x37, 0x94, 0xe7, 0x4d, 0xd2, 0xab, 0x7f, 0x42, 0xb8, 0x35, 0xd5, 0xb1, 0x72, 0xd2, 0x04, 0x5b,
];
/// 44baf731-3a2f-4bd7-9af1-41e29169781d
const INITRD: [u8; 16] = [
    0x31, 0xf7, 0xba, 0x44, 0x2f, 0x3a, 0xd7, 0x4b, 0x9a, 0xf1, 0x41, 0xe2, 0x91, 0x69, 0x78, 0x1d,
];
/// 97d02dd8-bd20-4c94-aa78-e7714d36ab2a
const CMDLINE: [u8; 16] = [
    0xd8, 0x2d, 0xd0, 0x97, 0x20, 0xbd, 0x94, 0x4c, 0xaa, 0x78, 0xe7, 0x71, 0x4d, 0x36, 0xab, 0x2a,
];
