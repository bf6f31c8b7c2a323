//! Verifies sigstore bundles (v0.1 to v0.3): the one caller of `sigstore-verify`.
//!
//! Two questions are asked of a bundle, by two functions with two result types.
//! [`verify_pinned`]: did this key sign the artifact with exactly this digest? It asks for no log
//! entry and no time, which is enough only where the digest itself was approved beforehand: a
//! workload named in an approval. [`verify_published`]: is this a bundle that the given trusted
//! root vouches for, with its log entry and time?

mod error;
#[cfg(test)]
mod vector_tests;

use std::collections::BTreeSet;

use domain::Digest;
use sigstore_verify::crypto::VerificationKey;
use sigstore_verify::trust_root::TrustedRoot;
use sigstore_verify::types::bundle::{MediaType, MessageSignature, VerificationMaterialContent};
use sigstore_verify::types::{Bundle, DerPublicKey, HashAlgorithm, Sha256Hash, SignatureContent};
use sigstore_verify::{PublicKeyVerificationPolicy, VerificationPolicy, Verifier};

pub use error::BundleError;

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
/// wants evidence of a signing time in every bundle), so its parts are used: parser and key.
///
/// # Errors
/// [`BundleError`]: each condition its own variant.
pub fn verify_pinned(bundle: &str, digest: &Digest, key: &str) -> Result<Admitted, BundleError> {
    let bundle = parse(bundle)?;
    let signature = message_signature(&bundle).ok_or(BundleError::Kind)?;
    // What the bundle says of the artifact is a hint to readers; it must at least not mislead them.
    let named = signature.message_digest.as_ref().ok_or(BundleError::Kind)?;
    if named.algorithm != HashAlgorithm::Sha2256 || named.digest.as_bytes() != digest.as_bytes() {
        return Err(BundleError::Artifact(None));
    }
    DerPublicKey::from_pem(key)
        .ok()
        .and_then(|key| VerificationKey::from_spki(&key).ok())
        .ok_or(BundleError::Key)?
        .verify_prehashed(digest.as_bytes(), &signature.signature)
        .map_err(|_| BundleError::Signature(None))?;
    Ok(Admitted { digest: *digest })
}

/// The signature of a v0.3 bundle that was made with a key, not with a certificate.
fn message_signature(bundle: &Bundle) -> Option<&MessageSignature> {
    match (bundle.media_type, &bundle.verification_material.content, &bundle.content) {
        (
            MediaType::Bundle0_3,
            VerificationMaterialContent::PublicKey(_),
            SignatureContent::MessageSignature(signature),
        ) => Some(signature),
        _ => None,
    }
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

/// What a published bundle was found to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Times at which an authority saw the signature, as RFC 3339.
    pub times: Vec<String>,
    /// Whether a log entry was verified.
    pub logged: bool,
}

/// Checks `bundle` against a sigstore trusted root (JSON), for the artifact with SHA-256 `digest`.
///
/// # Errors
/// [`BundleError`]: each condition its own variant.
pub fn verify_published(
    bundle: &str,
    digest: &Digest,
    signer: &Signer<'_>,
    trusted_root: &str,
) -> Result<Published, BundleError> {
    let bundle = parse(bundle)?;
    let verifier = verifier(trusted_root)?;
    let artifact = sha256(digest)?;
    let result = match signer {
        Signer::Identity { identity, issuer } => {
            verifier.verify(artifact, &bundle, &VerificationPolicy::new(*identity, *issuer))
        }
        Signer::Key(pem) => {
            let key = DerPublicKey::from_pem(pem).map_err(|_| BundleError::Key)?;
            verifier.verify(artifact, &bundle, &PublicKeyVerificationPolicy::new(key))
        }
    }
    .map_err(BundleError::of)?;
    // The library asks for a verified time only where a certificate is to be judged by it.
    let times: BTreeSet<_> =
        result.verified_timestamps().iter().copied().chain(result.integrated_time()).collect();
    if times.is_empty() {
        return Err(BundleError::NoTime);
    }
    Ok(Published {
        times: times.iter().map(ToString::to_string).collect(),
        logged: result.tlog_verified(),
    })
}

fn parse(bundle: &str) -> Result<Bundle, BundleError> {
    Bundle::from_json(bundle).map_err(BundleError::Malformed)
}

fn verifier(trusted_root: &str) -> Result<Verifier, BundleError> {
    let root = TrustedRoot::from_json(trusted_root)
        .map_err(|error| BundleError::TrustedRoot(Box::new(error)))?;
    Verifier::new(&root).map_err(|error| BundleError::TrustedRoot(Box::new(error)))
}

fn sha256(digest: &Digest) -> Result<Sha256Hash, BundleError> {
    Sha256Hash::from_hex(&digest.hex()).map_err(BundleError::Malformed)
}
