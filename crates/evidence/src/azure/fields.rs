//! Fields of binary structures, read from the front.

use crate::EvidenceError;

/// What is left to read, of the structure named by `what`.
pub(super) struct Fields<'a> {
    rest: &'a [u8],
    short: EvidenceError,
}

impl<'a> Fields<'a> {
    /// Everything in `bytes`; a field that is not there is malformed for the reason `what`.
    pub(super) const fn new(bytes: &'a [u8], what: &'static str) -> Self {
        Self { rest: bytes, short: EvidenceError::Malformed(what) }
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], EvidenceError> {
        let (field, rest) = self.rest.split_first_chunk().ok_or(self.short)?;
        self.rest = rest;
        Ok(*field)
    }

    pub(super) fn bytes(&mut self, length: usize) -> Result<&'a [u8], EvidenceError> {
        let (field, rest) = self.rest.split_at_checked(length).ok_or(self.short)?;
        self.rest = rest;
        Ok(field)
    }

    pub(super) fn u8(&mut self) -> Result<u8, EvidenceError> {
        self.array().map(|[byte]| byte)
    }

    pub(super) fn u32_le(&mut self) -> Result<u32, EvidenceError> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u16_be(&mut self) -> Result<u16, EvidenceError> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32_be(&mut self) -> Result<u32, EvidenceError> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn u64_be(&mut self) -> Result<u64, EvidenceError> {
        self.array().map(u64::from_be_bytes)
    }

    /// As many bytes as the two before them say, and at most `limit`: a TPM2B structure.
    pub(super) fn sized(&mut self, limit: u16) -> Result<&'a [u8], EvidenceError> {
        let length = self.u16_be()?;
        if length > limit {
            return Err(self.short);
        }
        self.bytes(length.into())
    }

    /// As many bytes as the eight before them, little-endian, say.
    pub(super) fn long(&mut self) -> Result<&'a [u8], EvidenceError> {
        let length = u64::from_le_bytes(self.array()?);
        self.bytes(usize::try_from(length).map_err(|_| self.short)?)
    }

    /// Checks that nothing but zeros is left.
    pub(super) fn padding(&self) -> Result<(), EvidenceError> {
        if self.rest.iter().all(|byte| *byte == 0) { Ok(()) } else { Err(self.short) }
    }

    /// Checks that nothing is left.
    pub(super) const fn end(&self) -> Result<(), EvidenceError> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.short) }
    }
}
