//! The binary header in front of the JSON area (LUKS2 specification §2.1), all numbers big-endian.

use sha2::{Digest as _, Sha256};

use super::COPY_BYTES;
use crate::Error;

/// Which of the two copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Copy {
    First,
    Second,
}

impl Copy {
    const fn magic(self) -> &'static [u8; 6] {
        match self {
            Self::First => b"LUKS\xba\xbe",
            Self::Second => b"SKUL\xba\xbe",
        }
    }

    const fn offset(self) -> u64 {
        match self {
            Self::First => 0,
            Self::Second => COPY_BYTES as u64,
        }
    }
}

/// One copy, its checksum right. `json` is shorter than the JSON area.
pub(super) fn encode(copy: Copy, uuid: &str, salt: &[u8; 64], json: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(COPY_BYTES);
    let mut field = |length: usize, content: &[u8]| {
        let end = bytes.len() + length;
        bytes.extend_from_slice(content);
        bytes.resize(end, 0);
    };
    field(6, copy.magic());
    field(2, &VERSION.to_be_bytes());
    field(8, &(COPY_BYTES as u64).to_be_bytes());
    field(8, &SEQUENCE.to_be_bytes());
    field(48, b""); // label
    field(32, b"sha256");
    field(64, salt);
    field(40, uuid.as_bytes());
    field(48, b""); // subsystem
    field(8, &copy.offset().to_be_bytes());
    field(184, b""); // padding
    field(64, b""); // checksum
    field(BINARY_BYTES - 512, b""); // padding
    field(COPY_BYTES - BINARY_BYTES, json);
    seal_checksum(&mut bytes);
    bytes
}

/// One copy after its own checks: a header of version 2 with a right checksum. The other fields
/// are checked by writing the header again (see `admit`).
pub(super) struct Parsed<'a> {
    bytes: &'a [u8],
}

impl<'a> Parsed<'a> {
    /// # Errors
    /// [`Error::LuksVersion`] for another magic or version, [`Error::LuksChecksum`] for another
    /// algorithm or a wrong checksum.
    pub(super) fn check(copy: Copy, bytes: &'a [u8]) -> Result<Self, Error> {
        let parsed = Self { bytes };
        if parsed.field(0, 6) != copy.magic() || parsed.field(6, 2) != VERSION.to_be_bytes() {
            return Err(Error::LuksVersion);
        }
        let mut expected = bytes.to_vec();
        seal_checksum(&mut expected);
        if text(parsed.field(72, 32)) != Some("sha256") || expected != bytes {
            return Err(Error::LuksChecksum);
        }
        Ok(parsed)
    }

    /// Whether the copies agree in all that does not depend on the copy.
    pub(super) fn agrees_with(&self, other: &Self) -> bool {
        // Sizes to algorithm; UUID and subsystem; JSON area. Salt, offset and checksum differ.
        [(6, 98), (168, 88), (BINARY_BYTES, COPY_BYTES - BINARY_BYTES)]
            .into_iter()
            .all(|(start, length)| self.field(start, length) == other.field(start, length))
    }

    pub(super) fn salt(&self) -> Option<[u8; 64]> {
        self.field(104, 64).try_into().ok()
    }

    pub(super) fn uuid(&self) -> Option<&'a str> {
        text(self.field(168, 40))
    }

    pub(super) fn json(&self) -> Option<&'a str> {
        text(self.field(BINARY_BYTES, COPY_BYTES - BINARY_BYTES))
    }

    /// The field's bytes; none beyond the end.
    fn field(&self, start: usize, length: usize) -> &'a [u8] {
        self.bytes.get(start..start + length).unwrap_or_default()
    }
}

/// The text before the first zero byte.
fn text(field: &[u8]) -> Option<&str> {
    field.split(|byte| *byte == 0).next().and_then(|bytes| std::str::from_utf8(bytes).ok())
}

/// Sets the checksum: SHA-256 over the whole copy with the checksum's field zero.
pub(super) fn seal_checksum(copy: &mut [u8]) {
    if let Some(field) = copy.get_mut(CHECKSUM..CHECKSUM + 64) {
        field.fill(0);
    }
    let checksum = Sha256::digest(&copy);
    if let Some(field) = copy.get_mut(CHECKSUM..CHECKSUM + 32) {
        field.copy_from_slice(&checksum);
    }
}

const BINARY_BYTES: usize = 4096;
const CHECKSUM: usize = 448;
const VERSION: u16 = 2;
const SEQUENCE: u64 = 1;
