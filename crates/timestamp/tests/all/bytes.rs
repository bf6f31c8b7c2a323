//! Bytes of a response of `openssl ts`, changed without a key.

use testkit::der;

use crate::cases::{Case, DATA, request};
use domain::Digest;

/// What is done to the bytes.
type Row = (&'static str, &'static str, fn(&[u8]) -> Vec<u8>);

/// Each alteration of `response`, with the one check that refuses it.
pub(crate) fn cases(response: &[u8], root: &str) -> Vec<(Case, &'static str)> {
    let of = |(name, reason, alter): &Row| {
        let (name, response) = (format!("bytes: {name}"), alter(response));
        let case =
            Case { name, response, root: root.to_owned(), beside: String::new(), of_now: true };
        (case, *reason)
    };
    ROWS.iter().map(of).collect()
}

const ROWS: &[Row] = &[
    ("nothing", "timestamp.malformed", |_| Vec::new()),
    ("a web page", "timestamp.malformed", |_| b"<!DOCTYPE html><title>404</title>".to_vec()),
    ("the request", "timestamp.malformed", |_| request().as_der().to_vec()),
    ("the token alone", "timestamp.malformed", |right| token(right).to_vec()),
    ("a byte too many", "timestamp.malformed", |right| [right, &[0]].concat()),
    ("a byte too few", "timestamp.malformed", |right| right[..right.len() - 1].to_vec()),
    ("more after the token", "timestamp.malformed", |right| {
        der::sequence(&[GRANTED, token(right), &der::null()])
    }),
    ("a long length (BER)", "timestamp.malformed", |right| {
        [&[0x30, 0x83, 0], &right[2..]].concat()
    }),
    ("an indefinite length (BER)", "timestamp.malformed", |right| {
        [&[0x30, 0x80], &right[4..], &[0, 0]].concat()
    }),
    ("a constructed octet string (BER)", "timestamp.malformed", |right| {
        flip(right, &[0x04, 0x20], 1, 0, 0x20)
    }),
    ("the imprint", "timestamp.message-digest", |right| {
        flip(right, Digest::of(DATA).as_bytes(), 1, 5, 1)
    }),
    ("the accuracy", "timestamp.message-digest", |right| flip(right, &[2, 1, 1, 0x80, 2], 1, 2, 2)),
    ("the nonce", "timestamp.message-digest", |right| flip(right, &[0x11; 16], 1, 3, 1)),
    ("the authority's name", "timestamp.message-digest", |right| {
        flip(right, b"openssl test authority", 1, 0, 0x20)
    }),
    ("the certificate's subject", "timestamp.signing-certificate", |right| {
        flip(right, b"openssl test authority", 2, 0, 0x20)
    }),
    ("the signer's serial number", "timestamp.certificate-missing", |right| {
        flip(right, &[2, 1, 2], 3, 2, 1)
    }),
    ("the message digest", "timestamp.message-digest", |right| flip_value(right, MESSAGE_DIGEST)),
    ("the bound certificate", "timestamp.signing-certificate", |right| {
        flip_value(right, BOUND_CERTIFICATE)
    }),
    ("the signature", "timestamp.signature", |right| {
        let mut bytes = right.to_vec();
        *bytes.last_mut().unwrap() ^= 1;
        bytes
    }),
];

/// The response's token.
fn token(response: &[u8]) -> &[u8] {
    &response[9..]
}

/// The name of the attribute messageDigest (RFC 5652 §11.2).
const MESSAGE_DIGEST: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 4];

/// The name of the attribute signingCertificateV2 (RFC 5035 §3).
const BOUND_CERTIFICATE: &[u8] = &[6, 11, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 2, 47];

const GRANTED: &[u8] = &[0x30, 3, 2, 1, 0];

/// `bytes` with bits flipped, `offset` behind the beginning of what is `wanted` for the `nth` time.
fn flip(bytes: &[u8], wanted: &[u8], nth: usize, offset: usize, bits: u8) -> Vec<u8> {
    let mut found = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(wanted));
    let at = found.nth(nth - 1).unwrap();
    let mut altered = bytes.to_vec();
    altered[at + offset] ^= bits;
    altered
}

/// `bytes` with a bit flipped in the first SHA-256 behind the name of an attribute.
fn flip_value(bytes: &[u8], attribute: &[u8]) -> Vec<u8> {
    let at = bytes.windows(attribute.len()).position(|found| found == attribute).unwrap();
    let (before, behind) = bytes.split_at(at + attribute.len());
    [before, &flip(behind, &[0x04, 0x20], 1, 9, 1)].concat()
}
