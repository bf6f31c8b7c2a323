//! Everything random in a header, drawn at once.

use std::fmt;

use zeroize::Zeroizing;

use crate::CryptoRng;

/// The salts and identifiers of one header. A value is for one header only.
pub struct HeaderRandomness {
    pub(super) uuid: String,
    pub(super) copy_salts: [[u8; 64]; 2],
    pub(super) keyslot_salt: [u8; 32],
    pub(super) digest_salt: [u8; 32],
    /// What the random stripes of the key slot are expanded from; as secret as they are.
    pub(super) anti_forensic_seed: Zeroizing<[u8; 32]>,
}

impl HeaderRandomness {
    /// Draws from the caller's generator.
    #[must_use]
    pub fn draw(rng: &mut impl CryptoRng) -> Self {
        let mut uuid = [0; 16];
        rng.fill_bytes(&mut uuid);
        let mut drawn = Self {
            uuid: uuid_text(u128::from_be_bytes(uuid)),
            copy_salts: [[0; 64]; 2],
            keyslot_salt: [0; 32],
            digest_salt: [0; 32],
            anti_forensic_seed: Zeroizing::new([0; 32]),
        };
        rng.fill_bytes(drawn.copy_salts.as_flattened_mut());
        rng.fill_bytes(&mut drawn.keyslot_salt);
        rng.fill_bytes(&mut drawn.digest_salt);
        rng.fill_bytes(drawn.anti_forensic_seed.as_mut_slice());
        drawn
    }
}

impl fmt::Debug for HeaderRandomness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeaderRandomness").field("uuid", &self.uuid).finish_non_exhaustive()
    }
}

/// A random UUID (RFC 9562 §5.4, version 4) in its text form.
fn uuid_text(random: u128) -> String {
    let versioned = random & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
    let field = |shift: u32, bits: u32| versioned >> shift & ((1 << bits) - 1);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        field(96, 32),
        field(80, 16),
        field(64, 16),
        field(48, 16),
        field(0, 48)
    )
}

/// Whether `text` is a UUID as [`uuid_text`] spells it, of whatever version.
pub(super) fn is_uuid(text: &str) -> bool {
    let groups = text.split('-').map(str::len);
    groups.eq([8, 4, 4, 4, 12])
        && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_and_variant_are_set() {
        assert_eq!(uuid_text(0), "00000000-0000-4000-8000-000000000000");
        assert_eq!(uuid_text(u128::MAX), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert!(is_uuid(&uuid_text(7)));
        assert!(!is_uuid("00000000-0000-4000-8000-00000000000G"));
        assert!(!is_uuid("00000000000040008000000000000000"));
    }
}
