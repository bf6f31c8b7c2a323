//! Detached LUKS2 headers (LUKS2 On-Disk Format Specification 1.1.3): written from given keys and
//! randomness, and admitted by an allow-list before libcryptsetup sees one.
//!
//! Only one shape exists: one crypt segment over the whole device (`aes-xts-plain64`, 4096-byte
//! sectors), one argon2id key slot, one digest. [`AdmittedHeader::parse`] accepts exactly what
//! [`write()`] writes, in its one spelling, so that no reader can see another header than the one
//! that was checked (CVE-2025-59054, CVE-2025-58356: `cipher_null`, extra segments, other slots).

use crate::{DatasetSecret, Error, VolumeKey};

mod admit;
mod anti_forensic;
mod binary;
mod keyslot;
mod metadata;
mod randomness;

pub use admit::AdmittedHeader;
use binary::Copy;
use keyslot::Cost;
use metadata::Metadata;
pub use randomness::HeaderRandomness;

/// Length of a header, in bytes: two copies of 16 KiB and the area of the one key slot.
pub const HEADER_BYTES: usize = 2 * COPY_BYTES + AREA_BYTES;

/// Writes the header that opens `volume_key` with `secret`. The same inputs give the same bytes.
///
/// # Errors
/// [`Error::KeyDerivation`] if argon2id cannot run.
pub fn write(
    volume_key: &VolumeKey,
    secret: &DatasetSecret,
    randomness: &HeaderRandomness,
) -> Result<Vec<u8>, Error> {
    let metadata = Metadata {
        cost: Cost::WRITTEN,
        keyslot_salt: randomness.keyslot_salt,
        digest_salt: randomness.digest_salt,
        digest: metadata::key_digest(volume_key.expose(), &randomness.digest_salt),
    };
    let area_key = keyslot::area_key(secret, &metadata.keyslot_salt, metadata.cost)?;
    let mut header = assemble(&metadata, &randomness.uuid, &randomness.copy_salts)?;
    header.extend(keyslot::encode(volume_key, &randomness.anti_forensic_seed, &area_key)?);
    Ok(header)
}

/// Both copies of the header proper: all that precedes the key slot's area.
fn assemble(metadata: &Metadata, uuid: &str, copy_salts: &[[u8; 64]; 2]) -> Result<Vec<u8>, Error> {
    let json = metadata.to_json()?;
    let [first, second] = copy_salts;
    let mut header = binary::encode(Copy::First, uuid, first, &json);
    header.extend(binary::encode(Copy::Second, uuid, second, &json));
    Ok(header)
}

/// Length of one copy: binary header and JSON area.
const COPY_BYTES: usize = 16_384;
/// Length of the key slot's area: 64 bytes of key in 4000 stripes, up to a multiple of 4096.
const AREA_BYTES: usize = 258_048;

#[cfg(test)]
mod tests;
