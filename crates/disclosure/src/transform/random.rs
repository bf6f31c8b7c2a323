//! Exact choices from a generator of random bits.

use rand_core::CryptoRng;

/// A number below `bound`, each with the same probability; 0 if the bound is.
pub(super) fn below(rng: &mut dyn CryptoRng, bound: u128) -> u128 {
    if bound == 0 {
        return 0;
    }
    // The largest multiple of the bound: what is beyond would favour small numbers.
    let fair = u128::MAX - u128::MAX % bound;
    loop {
        let bits = (u128::from(rng.next_u64()) << 64) | u128::from(rng.next_u64());
        if bits < fair {
            return bits % bound;
        }
    }
}

/// A place in a list of this length.
pub(super) fn place(rng: &mut dyn CryptoRng, length: usize) -> usize {
    let bound = u128::try_from(length).unwrap_or(u128::MAX);
    // Below a length, and so a place.
    usize::try_from(below(rng, bound)).unwrap_or_default()
}

/// A number between 0 and 1, never either.
pub(super) fn unit(rng: &mut dyn CryptoRng) -> f64 {
    let bits = rng.next_u64() >> 11;
    (bits as f64 + 0.5) * (1.0 / (1_u64 << 53) as f64)
}

/// Puts `items` in a random order, each with the same probability (Fisher, Yates).
pub(super) fn shuffle<T>(rng: &mut dyn CryptoRng, items: &mut [T]) {
    for last in (1..items.len()).rev() {
        items.swap(last, place(rng, last + 1));
    }
}
