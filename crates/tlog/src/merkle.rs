//! Merkle tree hashing and proof verification: RFC 9162 §2.1, which is RFC 6962 §2.1 with the
//! verification algorithms written out, and the subtrees of draft-ietf-plants-merkle-tree-certs.

use domain::Digest;
use sha2::{Digest as _, Sha256};

use crate::error::LogError;

/// The hash of an entry as a leaf. RFC 9162 §2.1.1: `SHA-256(0x00 || entry)`.
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> Digest {
    // Domain separation: 0x00 before a leaf, 0x01 before a pair of nodes.
    Digest::from_bytes(Sha256::new().chain_update([0]).chain_update(entry).finalize().into())
}

/// The hash of two subtrees. RFC 9162 §2.1.1: `SHA-256(0x01 || left || right)`.
#[must_use]
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    let hasher = Sha256::new().chain_update([1]);
    let hasher = hasher.chain_update(left.as_bytes()).chain_update(right.as_bytes());
    Digest::from_bytes(hasher.finalize().into())
}

/// The root of the tree without entries. RFC 9162 §2.1.1: the hash of nothing.
#[must_use]
pub fn empty_root() -> Digest {
    Digest::of(b"")
}

/// The root over the hashes of consecutive leaves, or of consecutive complete subtrees of one
/// height (RFC 9162 §2.1.1); [`empty_root`] if there are none.
#[must_use]
pub fn root(hashes: &[Digest]) -> Digest {
    match hashes {
        [] => empty_root(),
        [one] => *one,
        more => {
            let (left, right) = more.split_at(split(more.len()));
            node_hash(&root(left), &root(right))
        }
    }
}

/// A tree to which leaves are added, of which it keeps no more than its root takes: the hashes of the
/// complete subtrees that it consists of, largest first.
#[derive(Clone, Debug, Default)]
pub struct GrowingTree {
    size: u64,
    subtrees: Vec<Digest>,
}

impl GrowingTree {
    /// Adds the leaf with this hash.
    pub fn push(&mut self, leaf: Digest) {
        let mut node = leaf;
        // As many subtrees join as the size before ends in ones.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.subtrees.pop() {
                node = node_hash(&left, &node);
            }
        }
        self.subtrees.push(node);
        self.size = self.size.saturating_add(1);
    }

    /// Number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root (RFC 9162 §2.1.1).
    #[must_use]
    pub fn root(&self) -> Digest {
        let mut subtrees = self.subtrees.iter().rev();
        let Some(last) = subtrees.next() else { return empty_root() };
        subtrees.fold(*last, |right, left| node_hash(left, &right))
    }
}

/// The largest power of two below `count`, where RFC 9162 §2.1.1 splits; `count` is at least 2.
fn split(count: usize) -> usize {
    count.next_power_of_two() / 2
}

/// Checks that `leaf` is at `index` of the tree of `size` entries under `root` (RFC 9162 §2.1.3.2).
///
/// # Errors
/// `log.inclusion` if it is not, or the proof has hashes too few or too many.
pub fn verify_inclusion(
    leaf: &Digest,
    index: u64,
    size: u64,
    proof: &[Digest],
    root: &Digest,
) -> Result<(), LogError> {
    // An entry is the subtree [index, index + 1), and its inclusion that subtree's consistency.
    let end = index.checked_add(1).ok_or(LogError::Inclusion)?;
    verify_subtree(index..end, size, proof, leaf, root).map_err(|_| LogError::Inclusion)
}

/// Checks that `leaf` is at `index` of the whole tree, within the subtree over `entries`, of which
/// `root` is the hash (draft-ietf-plants-merkle-tree-certs, "Subtree Inclusion Proofs").
///
/// # Errors
/// `log.inclusion` if it is not, the range is not a subtree, or the proof has hashes too few or
/// too many.
pub fn verify_subtree_inclusion(
    leaf: &Digest,
    index: u64,
    entries: std::ops::Range<u64>,
    proof: &[Digest],
    root: &Digest,
) -> Result<(), LogError> {
    if !is_subtree(&entries) || !entries.contains(&index) {
        return Err(LogError::Inclusion);
    }
    verify_inclusion(leaf, index - entries.start, entries.end - entries.start, proof, root)
}

/// Checks that the tree of `newer_size` begins with the entries of the tree of `older_size`
/// (RFC 9162 §2.1.4.2). An older tree without entries proves nothing and is refused.
///
/// # Errors
/// `log.consistency` if it does not, or the proof has hashes too few or too many.
pub fn verify_consistency(
    older_size: u64,
    newer_size: u64,
    proof: &[Digest],
    older_root: &Digest,
    newer_root: &Digest,
) -> Result<(), LogError> {
    if older_size == 0 {
        return Err(LogError::Consistency);
    }
    verify_subtree(0..older_size, newer_size, proof, older_root, newer_root)
}

/// Checks that the subtree over `entries` is part of the tree of `size` entries under `root`.
/// The general form of both proofs above (draft-ietf-plants-merkle-tree-certs, "Subtree
/// Consistency Proofs"); with one entry it is inclusion, from entry 0 on it is consistency.
///
/// # Errors
/// `log.consistency` if it is not, the range is not a subtree, or the proof has hashes too few or
/// too many.
pub fn verify_subtree(
    entries: std::ops::Range<u64>,
    size: u64,
    proof: &[Digest],
    subtree_hash: &Digest,
    root: &Digest,
) -> Result<(), LogError> {
    if entries.end > size {
        return Err(LogError::Consistency);
    }
    if entries.start == entries.end {
        // Part of every tree, whatever its root, says the draft.
        let proven = proof.is_empty() && *subtree_hash == empty_root();
        return proven.then_some(()).ok_or(LogError::Consistency);
    }
    if !is_subtree(&entries) {
        return Err(LogError::Consistency);
    }
    // `first`, `last` and `tree_last` are the positions, at the height reached so far, of the
    // subtree's first and last node and of the tree's last node (fn, sn and tn of the draft).
    let (mut first, mut last, mut tree_last) = (entries.start, entries.end - 1, size - 1);
    let whole = last == tree_last;
    while first != last && (whole || last & 1 == 1) {
        (first, last, tree_last) = (first >> 1, last >> 1, tree_last >> 1);
    }
    let (seed, rest) = if first == last {
        (subtree_hash, proof)
    } else {
        proof.split_first().ok_or(LogError::Consistency)?
    };
    let (mut in_subtree, mut in_tree) = (*seed, *seed);
    for hash in rest {
        if tree_last == 0 {
            return Err(LogError::Consistency);
        }
        if last & 1 == 1 || last == tree_last {
            if first < last {
                in_subtree = node_hash(hash, &in_subtree);
            }
            in_tree = node_hash(hash, &in_tree);
            while last & 1 == 0 && last != 0 {
                (first, last, tree_last) = (first >> 1, last >> 1, tree_last >> 1);
            }
        } else {
            in_tree = node_hash(&in_tree, hash);
        }
        (first, last, tree_last) = (first >> 1, last >> 1, tree_last >> 1);
    }
    let proven = tree_last == 0 && in_subtree == *subtree_hash && in_tree == *root;
    proven.then_some(()).ok_or(LogError::Consistency)
}

/// Whether the range is not empty and begins at a multiple of the least power of two that is not
/// below its length.
fn is_subtree(entries: &std::ops::Range<u64>) -> bool {
    let Some(length) = entries.end.checked_sub(entries.start) else {
        return false;
    };
    let aligned = |width: u64| entries.start & (width - 1) == 0;
    // A tree of more than 2^63 entries has room for no second one beside it.
    length > 0 && length.checked_next_power_of_two().map_or(entries.start == 0, aligned)
}

#[cfg(test)]
mod tests {
    use domain::Reason as _;

    use super::*;

    #[test]
    fn hashes_that_add_up_over_no_subtree_are_refused() {
        let [one, two] = [b"1", b"2"].map(|entry| leaf_hash(entry));
        let both = node_hash(&one, &two);
        assert!(verify_subtree_inclusion(&one, 2, 2..4, &[two], &both).is_ok());
        for (index, entries) in [(1, 1..3), (4, 2..4), (2, 2..2), (0, 0..0)] {
            let refused = verify_subtree_inclusion(&one, index, entries, &[two], &both);
            assert_eq!(refused.unwrap_err().reason(), "log.inclusion");
        }
    }

    #[test]
    fn a_growing_tree_has_the_root_of_the_whole() {
        let (mut tree, mut leaves) = (GrowingTree::default(), Vec::new());
        for number in 0..40_u8 {
            assert_eq!((tree.size(), tree.root()), (number.into(), root(&leaves)));
            leaves.push(leaf_hash(&[number]));
            tree.push(leaf_hash(&[number]));
        }
    }

    #[test]
    fn subtrees_are_aligned() {
        for entries in [0..1, 0..7, 3..4, 4..7, 8..16, 0..u64::MAX] {
            assert!(is_subtree(&entries), "{entries:?}");
        }
        let backwards = std::ops::Range { start: 2, end: 1 };
        for entries in [0..0, 2..2, backwards, 1..3, 2..5, 2..6, 4..12, 1..u64::MAX] {
            assert!(!is_subtree(&entries), "{entries:?}");
        }
    }
}
