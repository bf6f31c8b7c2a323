//! Is the signature this signer's over this artifact?

use domain::Digest;
use sigstore_verify::crypto::{
    CertificateInfo, KeyAlgorithm, SigningScheme, parse_certificate_info, verify_signature,
    verify_signature_prehashed,
};
use sigstore_verify::types::{
    DerCertificate, DerPublicKey, HashAlgorithm, SignatureBytes, Statement, pae,
};

use crate::parse::{Content, Parsed, Signer};
use crate::{Artifact, BundleError};

/// What must have verified the signature, from the bundle or from the caller.
pub(crate) enum Verifier {
    Certificate { der: Vec<u8>, info: Box<CertificateInfo> },
    Key(DerPublicKey),
}

impl Verifier {
    /// The bundle's certificate, where an identity is expected.
    pub(crate) fn certificate(parsed: &Parsed) -> Result<Self, BundleError> {
        let Signer::Certificate { leaf, .. } = &parsed.signer else {
            return Err(BundleError::NoCertificate);
        };
        let info = parse_certificate_info(&DerCertificate::new(leaf.clone()))
            .map_err(|error| BundleError::CertificateMalformed(error.into()))?;
        Ok(Self::Certificate { der: leaf.clone(), info: Box::new(info) })
    }

    /// The expected key, where the bundle says that a key was used.
    pub(crate) fn key(parsed: &Parsed, pem: &str) -> Result<Self, BundleError> {
        let key = public_key(pem)?;
        match parsed.signer {
            Signer::Key { .. } => Ok(Self::Key(key)),
            Signer::Certificate { .. } => Err(BundleError::Kind("signed with a certificate")),
        }
    }

    /// The public key, as `SubjectPublicKeyInfo`.
    pub(crate) fn public_key(&self) -> &DerPublicKey {
        match self {
            Self::Certificate { info, .. } => &info.public_key,
            Self::Key(key) => key,
        }
    }

    pub(crate) fn algorithm(&self) -> Result<KeyAlgorithm, BundleError> {
        KeyAlgorithm::from_spki(self.public_key())
            .map_err(|error| BundleError::Algorithm(error.to_string()))
    }
}

/// A public key in PEM (`PUBLIC KEY`) of a kind that can verify something.
pub(crate) fn public_key(pem: &str) -> Result<DerPublicKey, BundleError> {
    DerPublicKey::from_pem(pem)
        .ok()
        .filter(|key| KeyAlgorithm::from_spki(key).is_ok())
        .ok_or(BundleError::Key)
}

/// Checks artifact and signature, and nothing else.
pub(crate) fn verify(
    parsed: &Parsed,
    artifact: Artifact<'_>,
    verifier: &Verifier,
) -> Result<(), BundleError> {
    match &parsed.content {
        Content::Message { digest, signature } => {
            // What the bundle says of the artifact is a hint to readers; it must not mislead them.
            if digest.as_ref().is_some_and(|named| named != artifact.digest().as_bytes()) {
                return Err(BundleError::Artifact);
            }
            let hash = digest.as_ref().map(|_| HashAlgorithm::Sha2256);
            message(artifact, signature, verifier, hash)
        }
        Content::Envelope { payload_type, payload, signature, .. } => {
            let scheme = verifier.algorithm()?.default_signing_scheme();
            let signature = SignatureBytes::from_bytes(signature);
            let signed = pae(payload_type, payload);
            verify_signature(verifier.public_key(), &signed, &signature, scheme)
                .map_err(|_| BundleError::Signature)?;
            subject(payload_type, payload, &artifact.digest())
        }
    }
}

fn message(
    artifact: Artifact<'_>,
    signature: &[u8],
    verifier: &Verifier,
    hash: Option<HashAlgorithm>,
) -> Result<(), BundleError> {
    let algorithm = verifier.algorithm()?;
    let scheme = match hash {
        Some(hash) => algorithm
            .resolve_signing_scheme(hash)
            .map_err(|error| BundleError::Algorithm(error.to_string()))?,
        None => algorithm.default_signing_scheme(),
    };
    let signature = SignatureBytes::from_bytes(signature);
    let key = verifier.public_key();
    match (scheme.hash_algorithm(), artifact) {
        (Some(HashAlgorithm::Sha2256), _) => {
            verify_signature_prehashed(key, artifact.digest().as_bytes(), &signature, scheme)
        }
        (_, Artifact::Bytes(bytes)) => verify_signature(key, bytes, &signature, scheme),
        (_, Artifact::Digest(_)) => return Err(needs_bytes(scheme)),
    }
    .map_err(|_| BundleError::Signature)
}

fn needs_bytes(scheme: SigningScheme) -> BundleError {
    BundleError::Algorithm(format!("a signature by {} without the artifact", scheme.name()))
}

/// The two versions of an in-toto statement, which differ in nothing that is looked at here.
const STATEMENTS: [&str; 2] =
    ["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"];

/// Checks that the artifact is one of the statement's subjects.
fn subject(payload_type: &str, payload: &[u8], digest: &Digest) -> Result<(), BundleError> {
    if payload_type != "application/vnd.in-toto+json" {
        return Err(BundleError::Statement(format!("its type is `{payload_type}`")));
    }
    let refused = |why: &str| BundleError::Statement(why.to_owned());
    let statement: Statement = serde_json::from_slice(payload)
        .map_err(|error| BundleError::Statement(error.to_string()))?;
    if !STATEMENTS.contains(&statement.type_.as_str()) {
        return Err(refused("not a version that is read here"));
    }
    if statement.subject.is_empty() {
        return Err(refused("it has no subject"));
    }
    let named = |subject: &sigstore_verify::types::Subject| {
        subject.digest.sha256.as_ref().is_some_and(|sha256| sha256.as_bytes() == digest.as_bytes())
    };
    if statement.subject.iter().any(named) { Ok(()) } else { Err(BundleError::Artifact) }
}
