use domain::Reason as _;

use super::*;
use crate::testing::Counter;

fn key(seed: u8) -> SealingSecretKey {
    SealingSecretKey::from_seed(&Zeroizing::new([seed; 32])).unwrap()
}

fn sealed(plaintext: &[u8]) -> Vec<u8> {
    seal(&key(1).public(), b"info", b"aad", plaintext, &mut Counter(0)).unwrap()
}

fn reason(sealed: &[u8]) -> &'static str {
    open(&key(1), b"info", b"aad", sealed).unwrap_err().reason()
}

#[test]
fn opens_at_every_boundary() {
    for length in [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES] {
        let plaintext = vec![0x5a; length];
        let sealed = sealed(&plaintext);
        let count = length.div_ceil(CHUNK_BYTES).max(1);
        assert_eq!(sealed.len(), PREFIX_BYTES + length + count * TAG_BYTES);
        assert_eq!(*open(&key(1), b"info", b"aad", &sealed).unwrap(), plaintext);
    }
}

#[test]
fn opens_for_its_key_info_and_aad_alone() {
    let sealed = sealed(b"content");
    for refused in [
        open(&key(2), b"info", b"aad", &sealed),
        open(&key(1), b"other", b"aad", &sealed),
        open(&key(1), b"info", b"", &sealed),
    ] {
        assert_eq!(refused.unwrap_err().reason(), "seal.envelope-authentication");
    }
}

#[test]
fn every_flipped_byte_is_noticed() {
    let sealed = sealed(b"content");
    for position in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[position] ^= 0x10;
        let expected = if position < MAGIC.len() {
            "seal.envelope-format"
        } else {
            "seal.envelope-authentication"
        };
        assert_eq!(reason(&changed), expected, "byte {position}");
    }
}

#[test]
fn chunks_cannot_be_cut_added_or_swapped() {
    let sealed = sealed(&vec![1; 2 * CHUNK_BYTES + 5]);
    let chunk = CHUNK_BYTES + TAG_BYTES;
    let (prefix, messages) = sealed.split_at(PREFIX_BYTES);
    let (first, second, last) =
        (&messages[..chunk], &messages[chunk..2 * chunk], &messages[2 * chunk..]);
    let rearranged: [&[&[u8]]; 7] = [
        &[prefix, first, second],
        &[prefix, first],
        &[prefix, first, last],
        &[prefix, second, first, last],
        &[prefix, first, second, last, last],
        &[prefix, first, second, &last[..last.len() - 1]],
        &[prefix],
    ];
    for parts in rearranged {
        assert_eq!(reason(&parts.concat()), "seal.envelope-authentication");
    }
    assert_eq!(reason(&prefix[..PREFIX_BYTES - 1]), "seal.envelope-format");
    assert_eq!(reason(b""), "seal.envelope-format");
}

/// What was sealed once must open for ever: the bytes of this envelope are part of the format.
#[test]
fn the_format_is_frozen() {
    let sealed = sealed(b"content");
    assert_eq!(
        domain::Digest::of(&sealed).to_string(),
        "sha256:a592e7483250d051c1cb11b9fe2696b1dfe811bd8de1fc8883df14116cddd45a"
    );
}
