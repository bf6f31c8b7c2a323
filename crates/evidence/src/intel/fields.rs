//! Little-endian fields, read from the front.

use crate::EvidenceError;

/// What is left to read.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], EvidenceError> {
        let (field, rest) = self.0.split_first_chunk().ok_or(SHORT)?;
        self.0 = rest;
        Ok(*field)
    }

    pub(super) fn bytes(&mut self, length: usize) -> Result<&'a [u8], EvidenceError> {
        let (field, rest) = self.0.split_at_checked(length).ok_or(SHORT)?;
        self.0 = rest;
        Ok(field)
    }

    pub(super) fn u16(&mut self) -> Result<u16, EvidenceError> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, EvidenceError> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, EvidenceError> {
        self.array().map(u64::from_le_bytes)
    }

    /// As many bytes as the two before them say.
    pub(super) fn short(&mut self) -> Result<&'a [u8], EvidenceError> {
        let length = self.u16()?;
        self.bytes(length.into())
    }

    /// As many bytes as the four before them say.
    pub(super) fn long(&mut self) -> Result<&'a [u8], EvidenceError> {
        let length = usize::try_from(self.u32()?).map_err(|_| SHORT)?;
        self.bytes(length)
    }

    /// Bytes without a meaning, which must be zero: another value would have one that is not known
    /// here.
    pub(super) fn reserved(&mut self, length: usize) -> Result<(), EvidenceError> {
        if self.bytes(length)?.iter().all(|byte| *byte == 0) {
            Ok(())
        } else {
            Err(EvidenceError::Malformed("reserved field"))
        }
    }

    /// Checks that nothing is left.
    pub(super) fn end(&self) -> Result<(), EvidenceError> {
        if self.0.is_empty() { Ok(()) } else { Err(EvidenceError::Malformed("quote length")) }
    }
}

const SHORT: EvidenceError = EvidenceError::Malformed("quote length");
