//! The anti-forensic splitter `luks1` of LUKS (cryptsetup `lib/luks1/af.c`): a key is spread over
//! 4000 stripes, all of which are needed to have it back.

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// Stripes of a key.
pub(super) const STRIPES: usize = 4000;
/// Length of a 64-byte key in stripes, in bytes.
pub(super) const SPLIT_BYTES: usize = STRIPES * KEY_BYTES;

/// Spreads `key`; all stripes but the last are expanded from `seed`.
pub(super) fn split(key: &[u8; KEY_BYTES], seed: &[u8; 32]) -> Zeroizing<Vec<u8>> {
    let mut material = Zeroizing::new(Vec::with_capacity(SPLIT_BYTES));
    let expand = Sha256::new_with_prefix(b"cloister anti-forensic stripes v1").chain_update(seed);
    for counter in 0..((STRIPES - 1) * KEY_BYTES / HASH_BYTES) as u64 {
        material.extend_from_slice(&expand.clone().chain_update(counter.to_le_bytes()).finalize());
    }
    let mut last = fold(&material);
    xor(&mut last, key);
    material.extend_from_slice(last.as_slice());
    material
}

/// Joins the stripes to the key again. `material` has [`SPLIT_BYTES`] bytes.
pub(super) fn merge(material: &[u8]) -> Zeroizing<[u8; KEY_BYTES]> {
    let (stripes, last) = material.split_at(material.len().saturating_sub(KEY_BYTES));
    let mut key = fold(stripes);
    xor(&mut key, last);
    key
}

/// XOR and diffuse, stripe by stripe.
fn fold(stripes: &[u8]) -> Zeroizing<[u8; KEY_BYTES]> {
    let mut state = Zeroizing::new([0; KEY_BYTES]);
    for stripe in stripes.chunks(KEY_BYTES) {
        xor(&mut state, stripe);
        diffuse(&mut state);
    }
    state
}

/// Replaces each 32 bytes by the SHA-256 of their number and themselves.
fn diffuse(state: &mut [u8; KEY_BYTES]) {
    for (part, number) in state.as_chunks_mut::<HASH_BYTES>().0.iter_mut().zip(0_u32..) {
        *part = Sha256::new_with_prefix(number.to_be_bytes()).chain_update(*part).finalize().into();
    }
}

fn xor(state: &mut [u8; KEY_BYTES], with: &[u8]) {
    state.iter_mut().zip(with).for_each(|(byte, other)| *byte ^= other);
}

const KEY_BYTES: usize = 64;
const HASH_BYTES: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stripe_is_needed() {
        let key = std::array::from_fn(|i| u8::try_from(i).unwrap());
        let material = split(&key, &[3; 32]);
        assert_eq!(material.len(), SPLIT_BYTES);
        assert_eq!(*merge(&material), key);
        for position in [0, SPLIT_BYTES / 2, SPLIT_BYTES - 1] {
            let mut changed = material.clone();
            changed[position] ^= 1;
            assert_ne!(*merge(&changed), key);
        }
    }
}
