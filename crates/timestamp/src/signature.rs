//! Signature schemes of tokens and certificates.

use rustls_pki_types::SignatureVerificationAlgorithm;
use webpki::aws_lc_rs as schemes;
use webpki::{EndEntityCert, Error};

use crate::StampError;
use crate::certificate::Certificate;
use crate::digests::Hash;

type Algorithm = &'static dyn SignatureVerificationAlgorithm;

/// Whether the key of `certificate` made `signature` over `message`, by the scheme whose
/// AlgorithmIdentifier has the content `identifier` and which hashes with `hash`.
pub(crate) fn verify(
    certificate: &Certificate,
    identifier: &[u8],
    hash: Hash,
    message: &[u8],
    signature: &[u8],
) -> Result<(), StampError> {
    if certificate.is_weak() {
        return Err(StampError::WeakKey);
    }
    let key = EndEntityCert::try_from(certificate.as_der()).map_err(|_| StampError::Chain)?;
    let mut refused = StampError::Algorithm;
    for (algorithm, _) in table().into_iter().filter(|(algorithm, of)| {
        *of == hash && (is(*algorithm, identifier) || is_rsa(*algorithm, identifier))
    }) {
        match key.verify_signature(algorithm, message, signature) {
            Ok(()) => return Ok(()),
            // The same identifier serves keys on several curves.
            Err(Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_)) => {}
            Err(_) => refused = StampError::Signature,
        }
    }
    Err(refused)
}

/// Those by which certificates may be signed.
pub(crate) fn algorithms() -> Vec<Algorithm> {
    table().into_iter().map(|(algorithm, _)| algorithm).collect()
}

fn is(algorithm: Algorithm, identifier: &[u8]) -> bool {
    algorithm.signature_alg_id().as_ref() == identifier
}

/// CMS also names RSASSA-PKCS1-v1_5 by the key's algorithm, and the hash beside it (RFC 3370 §3.2).
fn is_rsa(algorithm: Algorithm, identifier: &[u8]) -> bool {
    let pkcs1 = [
        schemes::RSA_PKCS1_2048_8192_SHA256,
        schemes::RSA_PKCS1_2048_8192_SHA384,
        schemes::RSA_PKCS1_2048_8192_SHA512,
    ];
    let named = pkcs1.iter().any(|one| is(algorithm, one.signature_alg_id().as_ref()));
    named && algorithm.public_key_alg_id().as_ref() == identifier
}

/// Ed25519 comes with SHA-512 over the attributes (RFC 8419 §3.1).
fn table() -> [(Algorithm, Hash); 16] {
    use Hash::{Sha256, Sha384, Sha512};
    [
        (schemes::ECDSA_P256_SHA256, Sha256),
        (schemes::ECDSA_P256_SHA384, Sha384),
        (schemes::ECDSA_P256_SHA512, Sha512),
        (schemes::ECDSA_P384_SHA256, Sha256),
        (schemes::ECDSA_P384_SHA384, Sha384),
        (schemes::ECDSA_P384_SHA512, Sha512),
        (schemes::ED25519, Sha512),
        (schemes::RSA_PKCS1_2048_8192_SHA256, Sha256),
        (schemes::RSA_PKCS1_2048_8192_SHA384, Sha384),
        (schemes::RSA_PKCS1_2048_8192_SHA512, Sha512),
        (schemes::RSA_PKCS1_2048_8192_SHA256_ABSENT_PARAMS, Sha256),
        (schemes::RSA_PKCS1_2048_8192_SHA384_ABSENT_PARAMS, Sha384),
        (schemes::RSA_PKCS1_2048_8192_SHA512_ABSENT_PARAMS, Sha512),
        (schemes::RSA_PSS_2048_8192_SHA256_LEGACY_KEY, Sha256),
        (schemes::RSA_PSS_2048_8192_SHA384_LEGACY_KEY, Sha384),
        (schemes::RSA_PSS_2048_8192_SHA512_LEGACY_KEY, Sha512),
    ]
}
