//! Inclusion proofs from all leaves of a log, for whoever has its files but does not write it.

use domain::Digest;
use tlog::merkle::root;

/// PATH(index, leaves) of RFC 9162 §2.1.3.1; empty if there is no such leaf.
pub(super) fn inclusion(leaves: &[Digest], index: u64) -> Vec<Digest> {
    let Ok(mut index) = usize::try_from(index) else { return Vec::new() };
    let mut path = Vec::new();
    let mut leaves = leaves;
    while leaves.len() > 1 {
        let (left, right) = split(leaves);
        if index < left.len() {
            path.push(root(right));
            leaves = left;
        } else {
            path.push(root(left));
            index -= left.len();
            leaves = right;
        }
    }
    path.reverse();
    path
}

/// At the largest power of two smaller than the number of leaves, which is at least 2.
fn split(leaves: &[Digest]) -> (&[Digest], &[Digest]) {
    leaves.split_at(leaves.len().next_power_of_two() / 2)
}
