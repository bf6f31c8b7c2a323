//! Why a bundle is refused: one variant for each thing that can be wrong with it.

use domain::Reason;
use sigstore_verify::Error;

/// The cause that a refusal hands on.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a bundle is refused.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// A digest or key algorithm that is not read here, or that needs the artifact's bytes.
    #[error("cannot judge {0}")]
    Algorithm(String),
    /// The bundle speaks of another artifact.
    #[error("the bundle was made for another artifact")]
    Artifact,
    /// The authority that certified the signer was not valid at the time.
    #[error("no certificate authority of the trusted root is valid at {0}")]
    AuthorityValidity(String),
    /// The signing certificate does not lead to a trusted authority, or is not one for signing.
    #[error("the signing certificate is not one of a trusted authority")]
    Certificate(#[source] Cause),
    /// The signing certificate cannot be read.
    #[error("the signing certificate cannot be read")]
    CertificateMalformed(#[source] Cause),
    /// No proof that the certificate was published.
    #[error("the signing certificate's timestamp of a certificate log is not accepted")]
    CertificateSct(#[source] Cause),
    /// The certificate was not valid when the signature was made.
    #[error("the signing certificate, valid {from} to {until}, was not valid at {time}")]
    CertificateValidity {
        /// When somebody saw the signature.
        time: String,
        /// The certificate's `notBefore`.
        from: String,
        /// The certificate's `notAfter`.
        until: String,
    },
    /// The checkpoint is no signed note.
    #[error("the log's checkpoint cannot be read: {0}")]
    CheckpointMalformed(&'static str),
    /// The checkpoint is of another tree than the inclusion proof.
    #[error("the log's checkpoint is of another tree than the inclusion proof")]
    CheckpointRoot,
    /// The checkpoint is not signed by the log of the entry.
    #[error("the checkpoint is not signed by the log that the entry names")]
    CheckpointSignature,
    /// A value that is not base64.
    #[error("`{0}` is not base64")]
    Encoding(&'static str),
    /// Another identity signed.
    #[error("the bundle was signed by another identity")]
    Identity(#[source] Cause),
    /// Another issuer vouched for the identity.
    #[error("another issuer vouched for the signer's identity")]
    Issuer(#[source] Cause),
    /// The expected key is not a public key in PEM.
    #[error("the expected key is not a `PUBLIC KEY` PEM")]
    Key,
    /// Signed the other way: by a certificate where a key is expected, or not as a plain file.
    #[error("the bundle is not of the kind that is expected: {0}")]
    Kind(&'static str),
    /// The log entry's kind does not suit the bundle, or is not what its body says.
    #[error("the log entry's kind is not the bundle's: {0}")]
    LogEntryKind(&'static str),
    /// The log entry's body cannot be read.
    #[error("the log entry's body cannot be read")]
    LogEntryMalformed(#[source] Cause),
    /// The log entry is about another signature, key or artifact.
    #[error("the log entry is about another {0}")]
    LogEntryMismatch(&'static str),
    /// The entry is not shown to be in the log.
    #[error("the inclusion proof does not lead from the entry to the tree's root")]
    LogInclusion,
    /// An index that no entry of the tree has, or two that differ.
    #[error("the log entry's index is not one of the tree")]
    LogIndex,
    /// The log's promise of inclusion does not hold.
    #[error("the log's signed promise is not over this entry and time")]
    LogPromise,
    /// A log that is not in the trusted root.
    #[error("the entry's log is not in the trusted root")]
    LogUnknown,
    /// The log's key was not valid at the time.
    #[error("the log's key was not valid at {0}")]
    LogValidity(String),
    /// Not the JSON of a bundle.
    #[error("this is not the JSON of a bundle")]
    Malformed(#[source] Cause),
    /// No signing certificate where an identity is expected.
    #[error("the bundle has no signing certificate")]
    NoCertificate,
    /// An inclusion proof without a checkpoint.
    #[error("the inclusion proof has no checkpoint")]
    NoCheckpoint,
    /// No inclusion proof.
    #[error("the log entry has no inclusion proof")]
    NoInclusionProof,
    /// No log entry.
    #[error("the bundle has no log entry")]
    NoLogEntry,
    /// No inclusion promise in a bundle of version 0.1.
    #[error("the log entry has no inclusion promise, which version 0.1 requires")]
    NoLogPromise,
    /// No signature.
    #[error("the bundle has no signature")]
    NoSignature,
    /// Nobody vouches for when the signature was made.
    #[error("nobody vouches for when the signature was made")]
    NoTime,
    /// The same log entry or time stamp twice.
    #[error("the bundle has the same {0} twice")]
    Repeated(&'static str),
    /// The signature is not the expected signer's over this artifact.
    #[error("the signature does not hold")]
    Signature,
    /// More than one signature.
    #[error("the bundle has more than one signature")]
    SignatureCount,
    /// The envelope does not hold an in-toto statement.
    #[error("the envelope holds no in-toto statement: {0}")]
    Statement(String),
    /// Seen at a time that is still to come.
    #[error("{0} is still to come")]
    TimeFuture(String),
    /// The time stamp cannot be read.
    #[error("the time stamp cannot be read")]
    TimestampMalformed(#[source] Cause),
    /// The time stamp is over other bytes than the signature.
    #[error("the time stamp is not over this signature")]
    TimestampMismatch,
    /// The time stamp is of no trusted authority.
    #[error("the time stamp is not of a trusted authority")]
    TimestampUntrusted(#[source] Option<Cause>),
    /// The time stamp's authority was not valid at the time.
    #[error("the time stamp's authority was not valid at {0}")]
    TimestampValidity(String),
    /// The trusted root cannot be used.
    #[error("the trusted root cannot be used")]
    TrustedRoot(#[source] Cause),
    /// The library refuses what was found to be in order here.
    #[error("the bundle is not acceptable")]
    Unacceptable(#[source] Box<Error>),
    /// An unknown version, or something that the version does not have.
    #[error("the bundle's version is not supported: {0}")]
    Version(String),
}

impl Reason for BundleError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Algorithm(_) => "bundle.algorithm",
            Self::Artifact => "bundle.artifact",
            Self::AuthorityValidity(_) => "bundle.authority-validity",
            Self::Certificate(_) => "bundle.certificate",
            Self::CertificateMalformed(_) => "bundle.certificate-malformed",
            Self::CertificateSct(_) => "bundle.certificate-sct",
            Self::CertificateValidity { .. } => "bundle.certificate-validity",
            Self::CheckpointMalformed(_) => "bundle.checkpoint-malformed",
            Self::CheckpointRoot => "bundle.checkpoint-root",
            Self::CheckpointSignature => "bundle.checkpoint-signature",
            Self::Encoding(_) => "bundle.encoding",
            Self::Identity(_) => "bundle.identity",
            Self::Issuer(_) => "bundle.issuer",
            Self::Key => "bundle.key",
            Self::Kind(_) => "bundle.kind",
            Self::LogEntryKind(_) => "bundle.log-entry-kind",
            Self::LogEntryMalformed(_) => "bundle.log-entry-malformed",
            Self::LogEntryMismatch(_) => "bundle.log-entry-mismatch",
            Self::LogInclusion => "bundle.log-inclusion",
            Self::LogIndex => "bundle.log-index",
            Self::LogPromise => "bundle.log-promise",
            Self::LogUnknown => "bundle.log-unknown",
            Self::LogValidity(_) => "bundle.log-validity",
            Self::Malformed(_) => "bundle.malformed",
            Self::NoCertificate => "bundle.no-certificate",
            Self::NoCheckpoint => "bundle.no-checkpoint",
            Self::NoInclusionProof => "bundle.no-inclusion-proof",
            Self::NoLogEntry => "bundle.no-log-entry",
            Self::NoLogPromise => "bundle.no-log-promise",
            Self::NoSignature => "bundle.no-signature",
            Self::NoTime => "bundle.no-time",
            Self::Repeated(_) => "bundle.repeated",
            Self::Signature => "bundle.signature",
            Self::SignatureCount => "bundle.signature-count",
            Self::Statement(_) => "bundle.statement",
            Self::TimeFuture(_) => "bundle.time-future",
            Self::TimestampMalformed(_) => "bundle.timestamp-malformed",
            Self::TimestampMismatch => "bundle.timestamp-mismatch",
            Self::TimestampUntrusted(_) => "bundle.timestamp-untrusted",
            Self::TimestampValidity(_) => "bundle.timestamp-validity",
            Self::TrustedRoot(_) => "bundle.trusted-root",
            Self::Unacceptable(_) => "bundle.unacceptable",
            Self::Version(_) => "bundle.version",
        }
    }
}
