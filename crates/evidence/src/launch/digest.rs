//! The running digest of SNP_LAUNCH_UPDATE (AMD 56860 §8.17.2, table "PAGE_INFO").

use domain::claims::Measurement;

use super::LaunchError;
use crate::register::sha384;

/// Bytes of a page.
pub(super) const PAGE: usize = 4096;

/// The launch digest so far; zeros before the first page.
pub(super) struct LaunchDigest([u8; 48]);

impl Default for LaunchDigest {
    fn default() -> Self {
        Self([0; 48])
    }
}

impl LaunchDigest {
    pub(super) fn normal_pages(&mut self, address: u64, data: &[u8]) -> Result<(), LaunchError> {
        let (pages, rest) = data.as_chunks::<PAGE>();
        if !rest.is_empty() {
            return Err(LaunchError::Firmware("not a whole number of pages"));
        }
        for (page, address) in pages.iter().zip((address..).step_by(PAGE)) {
            self.add(PageType::Normal, address, &sha384([page.as_slice()]));
        }
        Ok(())
    }

    pub(super) fn zero_pages(&mut self, address: u64, length: u64) -> Result<(), LaunchError> {
        let end = address.checked_add(length).ok_or(LaunchError::Firmware("section address"))?;
        if !length.is_multiple_of(PAGE as u64) {
            return Err(LaunchError::Firmware("not a whole number of pages"));
        }
        for address in (address..end).step_by(PAGE) {
            self.add(PageType::Zero, address, &[0; 48]);
        }
        Ok(())
    }

    pub(super) fn vmsa_page(&mut self, page: &[u8; PAGE]) {
        self.add(PageType::Vmsa, VMSA_ADDRESS, &sha384([page.as_slice()]));
    }

    pub(super) fn secrets_page(&mut self, address: u64) {
        self.add(PageType::Secrets, address, &[0; 48]);
    }

    pub(super) fn cpuid_page(&mut self, address: u64) {
        self.add(PageType::Cpuid, address, &[0; 48]);
    }

    pub(super) fn finish(self) -> Measurement {
        Measurement::from_bytes(self.0)
    }

    fn add(&mut self, page_type: PageType, address: u64, contents: &[u8; 48]) {
        let mut info = Vec::with_capacity(usize::from(PAGE_INFO_LENGTH));
        info.extend_from_slice(&self.0);
        info.extend_from_slice(contents);
        info.extend_from_slice(&PAGE_INFO_LENGTH.to_le_bytes());
        info.push(page_type as u8);
        // Not an initial migration image; no rights for VMPL 3, 2 and 1; reserved.
        info.extend_from_slice(&[0; 5]);
        info.extend_from_slice(&address.to_le_bytes());
        self.0 = sha384([info.as_slice()]);
    }
}

/// PAGE_TYPE of AMD 56860 §8.17.2.
#[derive(Clone, Copy)]
enum PageType {
    Normal = 1,
    Vmsa = 2,
    Zero = 3,
    Secrets = 5,
    Cpuid = 6,
}

/// Where KVM measures virtual processor state: the highest page of a 48-bit address space.
const VMSA_ADDRESS: u64 = 0xffff_ffff_f000;
const PAGE_INFO_LENGTH: u16 = 0x70;
