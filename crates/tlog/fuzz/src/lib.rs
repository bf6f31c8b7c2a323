//! What the fuzz targets share: one log and one witness, whose keys are known.

#[path = "../../../evidence/fuzz/src/input.rs"]
pub mod input;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::keys::SecretKey;
use domain::{Digest, Timestamp};
use tlog::{Checkpoint, VerifierKey, WitnessKey, leaf_hash, merkle};
use zeroize::Zeroizing;

pub use input::{joined, parts};

/// The log's secret key.
pub fn secret() -> SecretKey {
    SecretKey::from_seed(&Zeroizing::new([7; 32]))
}

/// The log.
pub fn key() -> VerifierKey {
    VerifierKey::new("log.example/fuzz", secret().public()).expect("a key name")
}

/// The witness and its secret key.
pub fn witness() -> (WitnessKey, SecretKey) {
    let secret = SecretKey::from_seed(&Zeroizing::new([9; 32]));
    (WitnessKey::new("witness.example/w", secret.public()).expect("a key name"), secret)
}

/// A note with this text, signed by the log.
pub fn signed(text: &str) -> String {
    let key = key().to_string();
    let id = key.split('+').nth(1).expect("a key id");
    let id = u32::from_str_radix(id, 16).expect("hexadecimal digits").to_be_bytes();
    let signature = STANDARD.encode([id.as_slice(), &secret().sign(text.as_bytes())].concat());
    format!("{text}\n— {} {signature}\n", key_name())
}

fn key_name() -> String {
    key().origin().to_owned()
}

/// The leaf hashes of a log of `size` entries, each of which is its index.
pub fn leaves(size: u8) -> Vec<Digest> {
    (0..size).map(|n| leaf_hash(&[n])).collect()
}

/// The checkpoint of that log.
pub fn checkpoint(size: u8) -> Checkpoint {
    Checkpoint { origin: key_name(), size: size.into(), root: merkle::root(&leaves(size)) }
}

/// Its signed note, cosigned by the witness.
pub fn cosigned(size: u8) -> String {
    let (witness, secret) = witness();
    let time = Timestamp::from_unix_seconds(1_800_000_000).expect("a time");
    let line = witness.cosign(&checkpoint(size), time, &secret).expect("a time after 1970");
    signed(&checkpoint(size).to_string()) + &line
}

/// The only consistency proof, or inclusion proof, of a subtree (RFC 9162 §2.1.4.1): `of` is `SUBPROOF`.
pub fn consistency(older: usize, leaves: &[Digest]) -> Vec<Digest> {
    fn subproof(older: usize, leaves: &[Digest], whole: bool) -> Vec<Digest> {
        if older == leaves.len() {
            return if whole { Vec::new() } else { vec![merkle::root(leaves)] };
        }
        let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
        if older <= left.len() {
            [subproof(older, left, whole), vec![merkle::root(right)]].concat()
        } else {
            [subproof(older - left.len(), right, false), vec![merkle::root(left)]].concat()
        }
    }
    if older == 0 { Vec::new() } else { subproof(older, leaves, true) }
}

/// The inclusion proof of the leaf at `index` (RFC 9162 §2.1.3.1).
pub fn inclusion(index: usize, leaves: &[Digest]) -> Vec<Digest> {
    if leaves.len() < 2 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
    let (mut below, beside) = if index < left.len() {
        (inclusion(index, left), right)
    } else {
        (inclusion(index - left.len(), right), left)
    };
    below.push(merkle::root(beside));
    below
}
