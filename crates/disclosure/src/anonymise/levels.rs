//! A node of the generalisation lattice.

use std::fmt;

/// One level for each quasi-identifier: a byte each, the first in the highest place, so that
/// numbers order as lists do. A level needs seven bits; the eighth is free for [`Self::is_below`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Levels(u128);

/// More quasi-identifiers than a node has bytes.
pub(crate) const MAX_QUASI_IDENTIFIERS: usize = 16;

impl Levels {
    /// The node with these levels, of which each is below 128 and of which there are at most 16.
    pub(crate) fn new(levels: &[u8]) -> Self {
        let mut bytes = [0; MAX_QUASI_IDENTIFIERS];
        for (byte, level) in bytes.iter_mut().zip(levels) {
            *byte = *level;
        }
        Self(u128::from_be_bytes(bytes))
    }

    /// The levels; beyond the last quasi-identifier 0.
    pub(crate) const fn bytes(self) -> [u8; MAX_QUASI_IDENTIFIERS] {
        self.0.to_be_bytes()
    }

    /// Whether no level is above that of `other`: `other` generalises this node, or is it.
    pub(crate) const fn is_below(self, other: Self) -> bool {
        // In each byte other − self + 128: the high bit is gone where self is larger.
        (((other.0 | HIGH_BITS) - self.0) & HIGH_BITS) == HIGH_BITS
    }

    /// The sum of the levels.
    pub(crate) fn height(self) -> u32 {
        self.bytes().into_iter().map(u32::from).sum()
    }
}

const HIGH_BITS: u128 = u128::from_be_bytes([0x80; MAX_QUASI_IDENTIFIERS]);

impl fmt::Debug for Levels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_is_below_in_every_place() {
        let node = Levels::new(&[3, 0, 127]);
        for (levels, below) in [
            ([3, 0, 127], true),
            ([4, 0, 127], true),
            ([2, 9, 127], false),
            ([3, 1, 126], false),
            ([127, 127, 127], true),
        ] {
            assert_eq!(node.is_below(Levels::new(&levels)), below, "{levels:?}");
        }
        assert_eq!(node.height(), 130);
        assert!(Levels::new(&[0, 9, 9]) < Levels::new(&[1, 0, 0]));
    }
}
