//! Each input spoiled alone.

use super::*;
use crate::testing::{COMPONENT, Launch, bundle, json, window};
use domain::Reason as _;
use domain::keys::SecretKey;
use sigstore_verify::crypto::KeyPair;
use zeroize::Zeroizing;

fn reason(launch: Launch) -> &'static str {
    Admitted::check(launch.inputs, &launch.manifest).map_or_else(|error| error.reason(), |_| "ok")
}

fn spoiled(spoil: impl FnOnce(&mut Launch)) -> &'static str {
    let mut launch = Launch::new();
    spoil(&mut launch);
    reason(launch)
}

#[test]
fn what_was_approved_is_admitted() {
    assert_eq!(spoiled(|_| ()), "ok");
}

#[test]
fn the_dataset_is_the_custodians_and_the_approved_one() {
    let thief = SecretKey::from_seed(&Zeroizing::new([9; 32]));
    assert_eq!(
        spoiled(|launch| launch.inputs.dataset = json(&launch.dataset.sign(&thief).unwrap())),
        "dataset.manifest"
    );
    assert_eq!(
        spoiled(|launch| launch.manifest.dataset = Digest::of(b"another dataset")),
        "dataset.manifest"
    );
    assert_eq!(spoiled(|launch| launch.inputs.dataset.truncate(10)), "dataset.manifest");
}

#[test]
fn the_header_is_the_named_one() {
    assert_eq!(spoiled(|launch| launch.inputs.header[5000] ^= 1), "dataset.header-digest");
}

#[test]
fn a_header_that_the_custodian_signed_still_passes_the_allow_list() {
    let launch = Launch::new();
    let mut header = launch.inputs.header.clone();
    let (cipher, null) = (b"aes-xts-plain64", b"cipher_null-ecb");
    while let Some(at) = header.windows(cipher.len()).position(|found| found == cipher) {
        header[at..at + null.len()].copy_from_slice(null);
    }
    for copy in header.chunks_mut(COPY_BYTES).take(2) {
        copy[CHECKSUM..CHECKSUM + 64].fill(0);
        let checksum = Digest::of(copy);
        copy[CHECKSUM..CHECKSUM + 32].copy_from_slice(checksum.as_bytes());
    }
    assert_eq!(reason(launch.with_header(header)), "seal.luks-cipher");
}

/// LUKS2 on-disk format §2.1: where a header copy keeps its checksum, and how long one of ours is.
const CHECKSUM: usize = 448;
const COPY_BYTES: usize = 16_384;

#[test]
fn the_rules_are_the_approved_ones() {
    assert_eq!(spoiled(|launch| launch.inputs.rules.push(b'\n')), "rules.digest");
    let unusable = spoiled(|launch| {
        launch.inputs.rules = b"version = 0".to_vec();
        launch.manifest.output_rules = Digest::of(b"version = 0");
    });
    assert_eq!(unusable, "rules.malformed");
}

#[test]
fn the_workload_is_the_approved_one_and_signed_by_the_approved_key() {
    assert_eq!(spoiled(|launch| launch.inputs.workload = window(b"another")), "workload.digest");
    assert_eq!(spoiled(|launch| launch.inputs.bundle = None), "workload.unsigned");
    let other = KeyPair::generate_ecdsa_p256().unwrap();
    assert_eq!(
        spoiled(|launch| launch.inputs.bundle = Some(bundle(&other, COMPONENT))),
        "workload.signature"
    );
}

#[test]
fn a_component_is_no_image() {
    let refused = spoiled(|launch| launch.manifest.workload.kind = WorkloadKind::Container);
    assert_eq!(refused, "guest.inputs");
}
