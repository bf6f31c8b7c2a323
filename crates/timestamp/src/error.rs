//! Why there is no time stamp to believe.

use domain::{Reason, Timestamp};

/// The one check that refused a response, a token or its time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StampError {
    /// The token is signed, or hashed before that, in a way that is not accepted here.
    #[error("the token's signature or digest algorithm is not accepted")]
    Algorithm,
    /// The token names an authority that its certificate does not name (RFC 3161 §2.4.2, `tsa`).
    #[error("the token names another authority than its certificate")]
    AuthorityName,
    /// A certificate of the chain had expired when the token says that it was made.
    #[error("a certificate of the authority had expired at the stamp's time")]
    CertificateExpired,
    /// The signer's certificate is neither in the token nor among those that were given.
    #[error("the certificate that the token's signer names is not there; give it beside the token")]
    CertificateMissing,
    /// A certificate of the chain was not valid yet when the token says that it was made.
    #[error("a certificate of the authority was not yet valid at the stamp's time")]
    CertificateNotYetValid,
    /// A certificate on the way to a root does not hold.
    #[error("the authority's certificate chain does not hold")]
    Chain,
    /// What is signed is no time stamp.
    #[error("the signed content is not a time stamp")]
    ContentType,
    /// The time stamp has a critical extension that is not understood here.
    #[error("the time stamp has a critical extension that is not known")]
    CriticalExtension,
    /// Stamp and cosignature are further apart than allowed.
    #[error("stamped at {stamped}, cosigned at {cosigned}: more than {bound_s} s apart")]
    Drift {
        /// The stamp's time.
        stamped: Timestamp,
        /// The cosignature's time.
        cosigned: Timestamp,
        /// Seconds that they may be apart.
        bound_s: u64,
    },
    /// The signer's certificate is not for time stamps and nothing else, critically (RFC 3161 §2.3).
    #[error("the signer's certificate is not for time stamping alone")]
    ExtendedKeyUsage,
    /// The stamp is of a time that has not come.
    #[error("the stamp's time, {stamped}, is after {latest}")]
    Future {
        /// The stamp's time.
        stamped: Timestamp,
        /// The latest time that is accepted.
        latest: Timestamp,
    },
    /// The time stamp is of other bytes.
    #[error("the time stamp is of other data")]
    Imprint,
    /// The data was hashed with something else than SHA-256.
    #[error("the time stamp's data is not hashed with SHA-256")]
    ImprintAlgorithm,
    /// The signer's key is also, or only, for something else than signatures.
    #[error("the signer's key is not for signatures alone")]
    KeyUsage,
    /// The bytes are not what the specifications say.
    #[error("malformed {0}")]
    Malformed(&'static str),
    /// The signature is not about this time stamp.
    #[error("the signed digest is not of this time stamp")]
    MessageDigest,
    /// The answer does not carry the nonce of the request.
    #[error("the nonce is not the one that was sent")]
    Nonce,
    /// The token is under another policy than asked for.
    #[error("the token is under another policy than asked for")]
    Policy,
    /// The authority gave no token.
    #[error("the authority gives no time stamp: {}", .0.text())]
    Rejected(Rejection),
    /// There is no root to trust.
    #[error("no root certificate is given")]
    Roots,
    /// The signer's key did not sign the token.
    #[error("the signature over the time stamp does not verify")]
    Signature,
    /// The signed attributes lack one that is required, or have it twice.
    #[error("the signed attributes have not exactly one {0}")]
    SignedAttributes(&'static str),
    /// Not exactly one signer (RFC 3161 §2.4.2).
    #[error("the token has not exactly one signer")]
    Signers,
    /// The signed attributes name another certificate than the signer's (RFC 5816, RFC 5035 §5).
    #[error("the token is bound to another certificate than the signer's")]
    SigningCertificate,
    /// The chain leads to none of the given roots.
    #[error("the authority's certificate leads to none of the given roots")]
    UnknownAuthority,
    /// Not version 1 of a time stamp.
    #[error("the time stamp's version is not 1")]
    Version,
    /// An RSA key with less than 2048 bits.
    #[error("the signer's RSA key has less than 2048 bits")]
    WeakKey,
}

/// Why an authority gave no token (RFC 3161 §2.4.2, PKIStatus and PKIFailureInfo).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// It does not know the digest algorithm.
    BadAlgorithm,
    /// It does not permit or support the request.
    BadRequest,
    /// The data has the wrong format.
    BadDataFormat,
    /// Its clock is not available.
    TimeNotAvailable,
    /// It does not stamp under the policy asked for.
    UnacceptedPolicy,
    /// It does not support an extension of the request.
    UnacceptedExtension,
    /// Additional information asked for is not understood or not available.
    NoAdditionalInformation,
    /// It failed.
    SystemFailure,
    /// No reason, or none that the specification knows.
    Unspecified,
    /// The answer will come later.
    Waiting,
    /// Its certificate is about to be revoked.
    RevocationWarning,
    /// Its certificate was revoked.
    RevocationNotification,
}

impl Rejection {
    const fn text(self) -> &'static str {
        match self {
            Self::BadAlgorithm => "it does not know the digest algorithm",
            Self::BadRequest => "it does not permit the request",
            Self::BadDataFormat => "the data has the wrong format",
            Self::TimeNotAvailable => "its clock is not available",
            Self::UnacceptedPolicy => "it does not stamp under the policy asked for",
            Self::UnacceptedExtension => "it does not support an extension",
            Self::NoAdditionalInformation => "it lacks additional information",
            Self::SystemFailure => "it failed",
            Self::Unspecified => "it does not say why",
            Self::Waiting => "it asks to wait",
            Self::RevocationWarning => "its certificate is about to be revoked",
            Self::RevocationNotification => "its certificate was revoked",
        }
    }

    const fn reason(self) -> &'static str {
        match self {
            Self::BadAlgorithm => "timestamp.rejected-bad-algorithm",
            Self::BadRequest => "timestamp.rejected-bad-request",
            Self::BadDataFormat => "timestamp.rejected-bad-data-format",
            Self::TimeNotAvailable => "timestamp.rejected-time-not-available",
            Self::UnacceptedPolicy => "timestamp.rejected-policy",
            Self::UnacceptedExtension => "timestamp.rejected-extension",
            Self::NoAdditionalInformation => "timestamp.rejected-no-additional-information",
            Self::SystemFailure => "timestamp.rejected-system-failure",
            Self::Unspecified => "timestamp.rejected",
            Self::Waiting => "timestamp.waiting",
            Self::RevocationWarning => "timestamp.revocation-warning",
            Self::RevocationNotification => "timestamp.revocation-notification",
        }
    }
}

impl Reason for StampError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Algorithm => "timestamp.algorithm",
            Self::AuthorityName => "timestamp.authority-name",
            Self::CertificateExpired => "timestamp.certificate-expired",
            Self::CertificateMissing => "timestamp.certificate-missing",
            Self::CertificateNotYetValid => "timestamp.certificate-not-yet-valid",
            Self::Chain => "timestamp.chain",
            Self::ContentType => "timestamp.content-type",
            Self::CriticalExtension => "timestamp.critical-extension",
            Self::Drift { .. } => "timestamp.drift",
            Self::ExtendedKeyUsage => "timestamp.extended-key-usage",
            Self::Future { .. } => "timestamp.future",
            Self::Imprint => "timestamp.imprint",
            Self::ImprintAlgorithm => "timestamp.imprint-algorithm",
            Self::KeyUsage => "timestamp.key-usage",
            Self::Malformed(_) => "timestamp.malformed",
            Self::MessageDigest => "timestamp.message-digest",
            Self::Nonce => "timestamp.nonce",
            Self::Policy => "timestamp.policy",
            Self::Rejected(rejection) => rejection.reason(),
            Self::Roots => "timestamp.roots",
            Self::Signature => "timestamp.signature",
            Self::SignedAttributes(_) => "timestamp.signed-attributes",
            Self::Signers => "timestamp.signers",
            Self::SigningCertificate => "timestamp.signing-certificate",
            Self::UnknownAuthority => "timestamp.unknown-authority",
            Self::Version => "timestamp.version",
            Self::WeakKey => "timestamp.weak-key",
        }
    }
}
