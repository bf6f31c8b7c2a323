//! Why a bundle is refused, sorted by what is wrong with it.

use domain::Reason;
use sigstore_verify::Error;

/// Why a bundle is refused.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The bundle speaks of another artifact.
    #[error("the bundle was made for another artifact")]
    Artifact(#[source] Option<Box<Error>>),
    /// The signing certificate does not hold.
    #[error("the signing certificate is not accepted")]
    Certificate(#[source] Box<Error>),
    /// Another identity or issuer signed.
    #[error("the bundle was signed by another identity")]
    Identity(#[source] Box<Error>),
    /// The expected key is not a public key in PEM.
    #[error("the expected key is not a `PUBLIC KEY` PEM")]
    Key,
    /// Not a key-signed bundle over a plain artifact, where one is asked for.
    #[error("the bundle is not of the kind that `cosign sign-blob --key` makes")]
    Kind,
    /// The log entry does not hold.
    #[error("the transparency log entry is not accepted")]
    Log(#[source] Box<Error>),
    /// The bundle is not of a known form.
    #[error("the bundle cannot be read")]
    Malformed(#[source] sigstore_verify::types::Error),
    /// Nobody vouches for when the signature was made.
    #[error("nobody vouches for when the signature was made")]
    NoTime,
    /// The signature is not the expected key's.
    #[error("the signature was not made by the expected key over this artifact")]
    Signature(#[source] Option<Box<Error>>),
    /// A time stamp does not hold, or there is none where one is needed.
    #[error("the signature's time is not accepted")]
    Time(#[source] Box<Error>),
    /// The trusted root cannot be used.
    #[error("the trusted root cannot be used")]
    TrustedRoot(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The bundle holds together differently than expected, or uses what is not supported.
    #[error("the bundle is not acceptable")]
    Unacceptable(#[source] Box<Error>),
}

impl BundleError {
    pub(crate) fn of(error: Error) -> Self {
        let error = Box::new(error);
        match *error {
            Error::ArtifactMismatch(_) => Self::Artifact(Some(error)),
            Error::Certificate(_) => Self::Certificate(error),
            Error::IdentityMismatch { .. } | Error::IssuerMismatch { .. } => Self::Identity(error),
            Error::TransparencyLog(_) => Self::Log(error),
            Error::SignatureInvalid(_) => Self::Signature(Some(error)),
            Error::Timestamp(_) => Self::Time(error),
            _ => Self::Unacceptable(error),
        }
    }
}

impl Reason for BundleError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Artifact(_) => "bundle.artifact",
            Self::Certificate(_) => "bundle.certificate",
            Self::Identity(_) => "bundle.identity",
            Self::Key => "bundle.key",
            Self::Kind => "bundle.kind",
            Self::Log(_) => "bundle.log",
            Self::Malformed(_) => "bundle.malformed",
            Self::Signature(_) => "bundle.signature",
            Self::NoTime | Self::Time(_) => "bundle.time",
            Self::TrustedRoot(_) => "bundle.trusted-root",
            Self::Unacceptable(_) => "bundle.unacceptable",
        }
    }
}
