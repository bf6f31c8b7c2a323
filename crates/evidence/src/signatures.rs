//! Signatures that verified before.
//!
//! Most of what a verification costs is signatures that every other one of the same platform has,
//! too: of certificates, revocation lists and collateral. Whether such a signature holds depends on
//! four things alone: scheme, key, message, signature. That they hold together is remembered here,
//! and nothing else: names, dates, revocation, versions and status are looked at every time. So a
//! remembered signature cannot be out of date, and no verdict depends on what is remembered.

use std::collections::{BTreeSet, VecDeque};

use aws_lc_rs::digest::{Algorithm, Digest, SHA256, SHA384, digest};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_ASN1,
    RSA_PSS_2048_8192_SHA384, UnparsedPublicKey, VerificationAlgorithm,
};
use sha2::{Digest as _, Sha256};

/// Signatures that verified before, up to a number of them: the oldest goes first. The caller owns
/// it and may lend it to any verification, under whatever root.
///
/// A signature that does not verify is not remembered.
#[derive(Clone, Debug)]
pub struct KnownSignatures {
    capacity: usize,
    known: BTreeSet<Fingerprint>,
    /// The same, oldest first.
    order: VecDeque<Fingerprint>,
}

impl KnownSignatures {
    /// None yet, and never more than `capacity`, of 32 bytes each. A platform has less than ten.
    #[must_use]
    pub const fn new(capacity: usize) -> Self {
        Self { capacity, known: BTreeSet::new(), order: VecDeque::new() }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Whether `key` made `signature` over `message`. This is the only way to ask, so that an answer
    /// from memory cannot be had for anything but what was verified.
    pub(crate) fn verify(
        &mut self,
        scheme: Scheme,
        key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), ()> {
        let digest = digest(scheme.hash(), message);
        let fingerprint = fingerprint(scheme, key, &digest, signature);
        if self.known.contains(&fingerprint) {
            return Ok(());
        }
        UnparsedPublicKey::new(scheme.algorithm(), key)
            .verify_digest(&digest, signature)
            .map_err(|_| ())?;
        self.remember(fingerprint);
        Ok(())
    }

    fn remember(&mut self, fingerprint: Fingerprint) {
        self.known.insert(fingerprint);
        self.order.push_back(fingerprint);
        if self.order.len() > self.capacity
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}

impl Default for KnownSignatures {
    /// Room for the platforms of a small installation.
    fn default() -> Self {
        Self::new(256)
    }
}

/// How certificates, revocation lists and collateral are signed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scheme {
    /// RSASSA-PSS with SHA-384 (RFC 4055).
    RsaPssSha384,
    /// ECDSA on P-256 with SHA-256, the signature in DER (RFC 5758).
    P256Asn1,
    /// The same, `r` and `s` of 32 bytes each.
    P256Fixed,
    /// ECDSA on P-384 with SHA-384, the signature in DER (RFC 5758).
    P384Asn1,
}

impl Scheme {
    fn algorithm(self) -> &'static dyn VerificationAlgorithm {
        match self {
            Self::RsaPssSha384 => &RSA_PSS_2048_8192_SHA384,
            Self::P256Asn1 => &ECDSA_P256_SHA256_ASN1,
            Self::P256Fixed => &ECDSA_P256_SHA256_FIXED,
            Self::P384Asn1 => &ECDSA_P384_SHA384_ASN1,
        }
    }

    fn hash(self) -> &'static Algorithm {
        match self {
            Self::RsaPssSha384 | Self::P384Asn1 => &SHA384,
            Self::P256Asn1 | Self::P256Fixed => &SHA256,
        }
    }

    const fn tag(self) -> u8 {
        match self {
            Self::RsaPssSha384 => 1,
            Self::P256Asn1 => 2,
            Self::P256Fixed => 3,
            Self::P384Asn1 => 4,
        }
    }
}

/// SHA-256 of scheme, and of key, signature and the message's digest with their lengths before them:
/// whoever finds two of one fingerprint has broken what the chains rest on as well.
type Fingerprint = [u8; 32];

fn fingerprint(scheme: Scheme, key: &[u8], message: &Digest, signature: &[u8]) -> Fingerprint {
    let mut hash = Sha256::new().chain_update([scheme.tag()]);
    for part in [key, signature, message.as_ref()] {
        hash = hash.chain_update((part.len() as u64).to_be_bytes()).chain_update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};

    use super::*;

    fn signed(message: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let signature = key.sign(&SystemRandom::new(), message).unwrap();
        (key.public_key().as_ref().to_vec(), signature.as_ref().to_vec())
    }

    #[test]
    fn a_known_signature_is_known_for_its_key_and_message_alone() {
        let (key, signature) = signed(b"message");
        let (other_key, other_signature) = signed(b"message");
        let mut known = KnownSignatures::new(8);
        known.verify(Scheme::P256Fixed, &key, b"message", &signature).unwrap();
        known.verify(Scheme::P256Fixed, &key, b"message", &signature).unwrap();
        assert_eq!(known.len(), 1);
        let refused = [
            known.verify(Scheme::P256Asn1, &key, b"message", &signature),
            known.verify(Scheme::P256Fixed, &other_key, b"message", &signature),
            known.verify(Scheme::P256Fixed, &key, b"messagf", &signature),
            known.verify(Scheme::P256Fixed, &key, b"message", &other_signature),
        ];
        assert_eq!(refused, [Err(()); 4]);
        assert_eq!(known.len(), 1);
    }

    #[test]
    fn the_oldest_is_forgotten_first() {
        let all = [b"1", b"2", b"3"].map(|message| (message, signed(message)));
        let mut known = KnownSignatures::new(2);
        for (message, (key, signature)) in &all {
            known.verify(Scheme::P256Fixed, key, *message, signature).unwrap();
        }
        let is_known = all.each_ref().map(|(message, (key, signature))| {
            let message = digest(&SHA256, *message);
            known.known.contains(&fingerprint(Scheme::P256Fixed, key, &message, signature))
        });
        assert_eq!(is_known, [false, true, true]);
        assert_eq!(known.order.len(), 2);
    }

    #[test]
    fn without_room_nothing_is_remembered() {
        let (key, signature) = signed(b"message");
        let mut known = KnownSignatures::new(0);
        known.verify(Scheme::P256Fixed, &key, b"message", &signature).unwrap();
        assert!(known.is_empty());
    }
}
