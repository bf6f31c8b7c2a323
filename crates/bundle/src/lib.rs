//! Verifies sigstore bundles (v0.1 to v0.3): the one caller of `sigstore-verify`.
//!
//! Two questions are asked of a bundle, by two functions with two result types.
//! [`verify_pinned`]: did this key sign the artifact with exactly this digest? It asks for no log
//! entry and no time, which is enough only where the digest itself was approved beforehand: a
//! workload named in an approval. [`verify_published`]: is this a bundle that the given trusted
//! root vouches for, with its log entry and time?
//!
//! The bundle is read here, strictly, and handed to the library in a spelling of ours: where the
//! library is lax, and what is done about it, is in `docs/formats/bundle.md`.

mod checkpoint;
mod entry;
mod error;
mod log;
mod parse;
mod signed;
#[cfg(test)]
mod tests;
mod time;
mod verify;
mod wire;
pub mod write;

use domain::{Digest, Timestamp};
use sigstore_verify::crypto::VerificationKey;
use sigstore_verify::types::SignatureBytes;

pub use error::BundleError;

/// What must have been signed.
#[derive(Clone, Copy, Debug)]
pub enum Artifact<'a> {
    /// The file itself: any signing algorithm can be judged.
    Bytes(&'a [u8]),
    /// Its SHA-256: enough for algorithms that sign a SHA-256 digest (ECDSA P-256, RSA).
    Digest(Digest),
}

impl Artifact<'_> {
    /// The artifact's SHA-256.
    #[must_use]
    pub fn digest(&self) -> Digest {
        match self {
            Self::Bytes(bytes) => Digest::of(bytes),
            Self::Digest(digest) => *digest,
        }
    }
}

/// An artifact whose digest was approved in advance and which the approved key has signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admitted {
    digest: Digest,
}

impl Admitted {
    /// The artifact.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }
}

/// Checks that `bundle` holds a signature by `key` (a `PUBLIC KEY` PEM) over the artifact whose
/// SHA-256 is `digest`. No log entry and no time is asked for.
///
/// Sound only because `digest` comes out of an approval: a signature that nobody saw published cannot
/// bring in other bytes than the approved ones. `sigstore_verify::Verifier` cannot be asked this (it
/// wants evidence of a signing time in every bundle), so its parts are used.
///
/// # Errors
/// [`BundleError`]: each condition its own variant.
pub fn verify_pinned(bundle: &str, digest: &Digest, key: &str) -> Result<Admitted, BundleError> {
    let parsed = parse::Parsed::from_json(bundle)?;
    let (parse::Version::V03, parse::Signer::Key { .. }) = (parsed.version, &parsed.signer) else {
        return Err(BundleError::Kind("not signed with a key, version 0.3"));
    };
    let parse::Content::Message { digest: named, signature } = &parsed.content else {
        return Err(BundleError::Kind("not a plain signature"));
    };
    // What the bundle says of the artifact is a hint to readers; it must at least not mislead them.
    let named = named.as_ref().ok_or(BundleError::Kind("it does not name the artifact"))?;
    if named != digest.as_bytes() {
        return Err(BundleError::Artifact);
    }
    VerificationKey::from_spki(&signed::public_key(key)?)
        .map_err(|_| BundleError::Key)?
        .verify_prehashed(digest.as_bytes(), &SignatureBytes::from_bytes(signature))
        .map_err(|_| BundleError::Signature)?;
    Ok(Admitted { digest: *digest })
}

/// Who must have signed a published bundle.
#[derive(Clone, Debug)]
pub enum Signer<'a> {
    /// Whoever the trusted root's authorities certified under this name by this issuer.
    Identity {
        /// Subject alternative name of the certificate, exactly.
        identity: &'a str,
        /// OIDC issuer, exactly.
        issuer: &'a str,
    },
    /// The holder of this key (`PUBLIC KEY` PEM).
    Key(&'a str),
}

/// A published bundle that holds, its log entry included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Times at which an authority or a log saw the signature, as RFC 3339; never empty.
    pub times: Vec<String>,
    /// The SHA-256 of the in-toto statement that was signed, if it was one.
    pub statement: Option<Digest>,
}

/// Checks `bundle` against a sigstore trusted root (JSON): this signer's signature over this
/// artifact, recorded in a trusted log, at a time by `now` that a trusted authority or log vouches
/// for.
///
/// The library reads the system's clock besides, to leave out keys whose time has not begun.
///
/// # Errors
/// [`BundleError`]: each condition its own variant.
pub fn verify_published(
    bundle: &str,
    artifact: Artifact<'_>,
    signer: &Signer<'_>,
    trusted_root: &str,
    now: Timestamp,
) -> Result<Published, BundleError> {
    verify::published(bundle, artifact, signer, trusted_root, now)
}

/// Checks that `stamp` (an RFC 3161 response, DER) on `signature` is one that [`verify_published`] takes
/// under this trusted root: for who publishes, before something is published that nobody accepts.
///
/// # Errors
/// [`BundleError`]: `bundle.timestamp-…`, `bundle.trusted-root`.
pub fn verify_stamp(stamp: &[u8], signature: &[u8], trusted_root: &str) -> Result<(), BundleError> {
    verify::stamp(stamp, signature, trusted_root)
}
