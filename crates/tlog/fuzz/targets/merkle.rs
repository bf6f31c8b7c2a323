//! Any hashes as proofs in a small tree: only the one right proof is accepted. Any numbers as sizes.
#![no_main]

use domain::Digest;
use tlog::merkle::{
    root, verify_consistency, verify_inclusion, verify_subtree, verify_subtree_inclusion,
};
use tlog_fuzz::{consistency, inclusion, leaves};

libfuzzer_sys::fuzz_target!(|input: (u8, u8, Vec<u8>, [u64; 4])| {
    let (size, at, choices, [a, b, c, d]) = input;
    let leaves = leaves(size);
    let root = root(&leaves);
    // Hashes that are in the tree, in any order.
    let hash = |choice: &u8| {
        let from = usize::from(*choice) % (leaves.len() + 1);
        let width = 1 << (choice % 8);
        tlog::merkle::root(&leaves[from..(from + width).min(leaves.len())])
    };
    let proof: Vec<Digest> = choices.iter().take(80).map(hash).collect();
    let (index, older) = (usize::from(at), usize::from(at));
    if let Some(leaf) = leaves.get(index) {
        let right = inclusion(index, &leaves);
        for proof in [&right, &proof] {
            let verdict = verify_inclusion(leaf, at.into(), size.into(), proof, &root);
            assert_eq!(verdict.is_ok(), *proof == right);
        }
    }
    if older > 0 && older <= leaves.len() {
        let right = consistency(older, &leaves);
        let older_root = tlog::merkle::root(&leaves[..older]);
        for proof in [&right, &proof] {
            let verdict = verify_consistency(at.into(), size.into(), proof, &older_root, &root);
            assert_eq!(verdict.is_ok(), *proof == right);
        }
    }
    // No number overflows.
    let some = proof.first().unwrap_or(&root);
    let _ = verify_inclusion(some, a, b, &proof, &root);
    let _ = verify_consistency(a, b, &proof, some, &root);
    let _ = verify_subtree(a..b, c, &proof, some, &root);
    let _ = verify_subtree_inclusion(some, d, a..b, &proof, &root);
});
