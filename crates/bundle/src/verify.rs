//! A published bundle, judged in this order: form; artifact and signature; the log entry against
//! both; the log; time stamps; times. Each step has its own reason, so that what is wrong is named
//! by what is wrong, and not by what happens to be looked at first.
//!
//! Then `sigstore-verify` judges it all again, and adds what is not done here: the certificate's
//! chain, its certificate-log time stamp, identity and issuer.

use std::collections::BTreeSet;

use domain::Digest;
use sigstore_verify::trust_root::TrustedRoot;
use sigstore_verify::types::{Bundle, Sha256Hash, SignatureBytes};
use sigstore_verify::{
    CertificateError, Error, Policy, PublicKeyVerificationPolicy, TimestampError,
    TransparencyLogError, VerificationPolicy,
};

use crate::log::Log;
use crate::parse::{Content, Parsed};
use crate::signed::{self, Verifier};
use crate::{Artifact, BundleError, Published, Signer, entry, time};

/// See [`crate::verify_published`].
pub(crate) fn published(
    bundle: &str,
    artifact: Artifact<'_>,
    signer: &Signer<'_>,
    trusted_root: &str,
    now: domain::Timestamp,
) -> Result<Published, BundleError> {
    let parsed = Parsed::from_json(bundle)?;
    let root = trusted(trusted_root)?;
    let library = sigstore_verify::Verifier::new(&root)
        .map_err(|error| BundleError::TrustedRoot(error.into()))?;
    let verifier = match signer {
        Signer::Identity { .. } => Verifier::certificate(&parsed)?,
        Signer::Key(pem) => Verifier::key(&parsed, pem)?,
    };
    signed::verify(&parsed, artifact, &verifier)?;
    if parsed.entries.is_empty() {
        return Err(BundleError::NoLogEntry);
    }
    for each in &parsed.entries {
        entry::verify(each, &parsed, artifact, &verifier)?;
    }
    let logs = parsed
        .entries
        .iter()
        .map(|each| Log::of(each, &root).map(|log| (each, log)))
        .collect::<Result<Vec<_>, _>>()?;
    for (each, log) in &logs {
        log.verify(each, parsed.version)?;
    }
    let stamps = time::stamps(&parsed, &root)?;
    let times = time::all(&parsed, &stamps)?;
    time::verify(&times, &verifier, jiff_time(now)?)?;
    for (each, log) in &logs {
        log.verify_validity(each, &stamps)?;
    }
    let again = Bundle::from_json(&parsed.rewrite())
        .map_err(|error| BundleError::Unacceptable(Box::new(error.into())))?;
    let policy: Box<dyn Policy> = match (signer, &verifier) {
        (Signer::Identity { identity, issuer }, _) => {
            Box::new(VerificationPolicy::new(*identity, *issuer))
        }
        (Signer::Key(_), Verifier::Key(key)) => {
            Box::new(PublicKeyVerificationPolicy::new(key.clone()))
        }
        (Signer::Key(_), Verifier::Certificate { .. }) => return Err(BundleError::Key),
    };
    let result = match artifact {
        Artifact::Bytes(bytes) => library.verify(bytes, &again, policy.as_ref()),
        Artifact::Digest(digest) => {
            library.verify(Sha256Hash::new(*digest.as_bytes()), &again, policy.as_ref())
        }
    }
    .map_err(refused)?;
    if !result.tlog_verified() {
        return Err(BundleError::NoLogEntry);
    }
    let times: BTreeSet<_> =
        result.verified_timestamps().iter().copied().chain(result.integrated_time()).collect();
    if times.is_empty() {
        return Err(BundleError::NoTime);
    }
    let statement = match &parsed.content {
        Content::Message { .. } => None,
        Content::Envelope { payload, .. } => Some(Digest::of(payload)),
    };
    Ok(Published { times: times.iter().map(ToString::to_string).collect(), statement })
}

/// See [`crate::verify_stamp`].
pub(crate) fn stamp(stamp: &[u8], signature: &[u8], trusted_root: &str) -> Result<(), BundleError> {
    let authorities = trusted(trusted_root)?.tsa_authorities();
    time::stamp_time(stamp, &SignatureBytes::from_bytes(signature), &authorities).map(drop)
}

/// The media types of a trusted root (`sigstore_trustroot.proto`).
const TRUSTED_ROOTS: [&str; 3] = [
    "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    "application/vnd.dev.sigstore.trustedroot.v0.1+json",
    "application/vnd.dev.sigstore.trustedroot.v0.2+json",
];

fn trusted(json: &str) -> Result<TrustedRoot, BundleError> {
    let root =
        TrustedRoot::from_json(json).map_err(|error| BundleError::TrustedRoot(error.into()))?;
    if TRUSTED_ROOTS.contains(&root.media_type.as_str()) {
        Ok(root)
    } else {
        Err(BundleError::TrustedRoot(format!("media type `{}`", root.media_type).into()))
    }
}

fn jiff_time(time: domain::Timestamp) -> Result<jiff::Timestamp, BundleError> {
    jiff::Timestamp::from_second(time.unix_seconds())
        .map_err(|error| BundleError::Malformed(error.into()))
}

/// What the library refuses, by the kinds of its errors; their texts are for people.
fn refused(error: Error) -> BundleError {
    match error {
        Error::ArtifactMismatch(_) => BundleError::Artifact,
        Error::Certificate(CertificateError::Malformed(_)) => {
            BundleError::CertificateMalformed(error.into())
        }
        Error::Certificate(CertificateError::NoValidAuthority { time }) => {
            BundleError::AuthorityValidity(time.to_string())
        }
        // The trusted root itself was judged before: what is missing in it now is a certificate log.
        Error::Certificate(CertificateError::Sct(_)) | Error::InvalidTrustRoot(_) => {
            BundleError::CertificateSct(error.into())
        }
        Error::Certificate(_) => BundleError::Certificate(error.into()),
        Error::IdentityMismatch { .. } => BundleError::Identity(error.into()),
        Error::IssuerMismatch { .. } => BundleError::Issuer(error.into()),
        Error::SignatureInvalid(_) => BundleError::Signature,
        Error::Timestamp(TimestampError::NoVerifiedTimestamp(_)) => BundleError::NoTime,
        Error::TransparencyLog(TransparencyLogError::InclusionPromise(_)) => {
            BundleError::LogPromise
        }
        other => BundleError::Unacceptable(Box::new(other)),
    }
}
