//! Why something could not be fetched.

use domain::Reason;
use evidence::EvidenceError;

use crate::cli::Failure;

/// What is wrong with the service, the way to it, or its answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    /// The address that was given is not one of a service.
    #[error("`{0}` is not an address `https://HOST[:PORT][/PATH]` or `http://…`")]
    Address(String),
    /// The client cannot be made.
    #[error("the HTTP client cannot be made")]
    Client(#[source] reqwest::Error),
    /// What came is not authentic, not current, or not what was asked for.
    #[error("what `{url}` answers is refused")]
    Content {
        /// Where it came from.
        url: String,
        /// The check that failed.
        #[source]
        source: EvidenceError,
    },
    /// There was no answer, or it broke off.
    #[error(
        "`{url}` gave no whole answer to {attempts} requests; check the network and the address"
    )]
    NoAnswer {
        /// Who was asked.
        url: String,
        /// How often.
        attempts: u32,
        /// What happened the last time.
        #[source]
        source: reqwest::Error,
    },
    /// The service does not have it.
    #[error("`{0}` does not exist: the service does not know this processor or these versions")]
    NotFound(String),
    /// The service wants fewer requests, or later ones.
    #[error("`{url}` still refused request {attempts} as too many; try again later")]
    RateLimited {
        /// Who was asked.
        url: String,
        /// How often.
        attempts: u32,
    },
    /// The answer is to ask somebody else.
    #[error("`{0}` redirects, which is not followed: give the address that it leads to")]
    Redirected(String),
    /// The service failed.
    #[error("`{url}` answered {status} to {attempts} requests; try again later")]
    ServerFailed {
        /// Who was asked.
        url: String,
        /// The last status.
        status: u16,
        /// How often.
        attempts: u32,
    },
    /// A status that asking again does not change.
    #[error("`{url}` answered {status}; is the address that of a service?")]
    Status {
        /// Who was asked.
        url: String,
        /// The status.
        status: u16,
    },
    /// More bytes than anything that is fetched.
    #[error("`{0}` answers with more bytes than anything that is fetched has")]
    TooLarge(String),
}

impl Reason for FetchError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Address(_) => "fetch.address",
            Self::Client(_) => "fetch.client",
            Self::Content { source, .. } => source.reason(),
            Self::NoAnswer { .. } => "fetch.no-answer",
            Self::NotFound(_) => "fetch.not-found",
            Self::RateLimited { .. } => "fetch.rate-limited",
            Self::Redirected(_) => "fetch.redirected",
            Self::ServerFailed { .. } => "fetch.server-failed",
            Self::Status { .. } => "fetch.status",
            Self::TooLarge(_) => "fetch.too-large",
        }
    }
}

impl From<FetchError> for Failure {
    /// Only content is refused; everything else is no verdict on anything.
    fn from(error: FetchError) -> Self {
        match &error {
            FetchError::Content { .. } => Self::refused(&error),
            _ => Self::unusable(error.reason(), &error),
        }
    }
}
