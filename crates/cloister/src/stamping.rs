//! Time stamps of RFC 3161: asked of an authority over HTTP, and kept beside the log.

mod folder;

use std::time::Duration;

use domain::{Digest, Reason, Timestamp};
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode, Url};
use timestamp::{Authorities, MAX_RESPONSE, NONCE_LEN, Request, StampError, Stamped, Token};

pub use folder::{KeptStamp, StampFolder, StampFolderError};

/// An authority that is asked for time stamps.
#[derive(Clone, Debug)]
pub struct TimeAuthority {
    client: Client,
    url: Url,
    authorities: Authorities,
    timeout: Duration,
}

/// A time stamp that was verified.
#[derive(Clone, Debug)]
pub struct Stamp {
    /// The authority's whole response (TimeStampResp, DER): what `openssl ts -verify -in` and
    /// `rfc3161Timestamps` of a sigstore bundle take.
    pub response: Vec<u8>,
    /// What it says.
    pub stamped: Stamped,
}

impl TimeAuthority {
    /// The authority at `url`, `http` or `https`: what it answers is signed. Its stamps must be under one
    /// of the roots of `authorities`. It follows no redirect.
    ///
    /// # Errors
    /// `timestamp.address` if that is no such address, `timestamp.client` if there can be no client.
    pub fn new(url: &str, authorities: Authorities) -> Result<Self, StampingError> {
        let address = || StampingError::Address(url.to_owned());
        let url = Url::parse(url).map_err(|_| address())?;
        let plain = ["http", "https"].contains(&url.scheme())
            && url.username().is_empty()
            && url.password().is_none();
        if !plain {
            return Err(address());
        }
        // Fails only if there is a provider already, which then is the one to use.
        let _present = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = Client::builder()
            .redirect(Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .user_agent(concat!("cloister/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(StampingError::Client)?;
        Ok(Self { client, url, authorities, timeout: Duration::from_secs(30) })
    }

    /// The same, given up after another time than half a minute.
    #[must_use]
    pub const fn within(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// A time stamp of the bytes with this `digest`, verified. `clock` is read when the answer is there.
    ///
    /// # Errors
    /// `timestamp.unreachable` if there is no whole answer in time, `timestamp.status` for another status
    /// than 200, `timestamp.too-large`; [`StampError`] if it is not a stamp to believe.
    pub async fn stamp(
        &self,
        digest: &Digest,
        clock: impl Fn() -> Timestamp,
    ) -> Result<Stamp, StampingError> {
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce).map_err(|_| StampingError::Random)?;
        let request = Request::new(digest, &nonce, None)?;
        let response = self.ask(request.as_der()).await?;
        let latest = clock().plus_seconds(CLOCKS_APART_S);
        let stamped =
            Token::from_response(&response)?.answers(&request, &self.authorities, latest)?;
        Ok(Stamp { response, stamped })
    }

    /// What a stamp says that was kept earlier, of the bytes with this `digest`.
    ///
    /// # Errors
    /// [`StampError`].
    pub fn verify(
        &self,
        digest: &Digest,
        response: &[u8],
        now: Timestamp,
    ) -> Result<Stamped, StampingError> {
        let latest = now.plus_seconds(CLOCKS_APART_S);
        Ok(Token::from_response(response)?.verify(digest, &self.authorities, latest)?)
    }

    async fn ask(&self, request: &[u8]) -> Result<Vec<u8>, StampingError> {
        let silent = |error: reqwest::Error| StampingError::Unreachable(error.without_url());
        let request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/timestamp-query")
            .timeout(self.timeout)
            .body(request.to_vec());
        let mut response = request.send().await.map_err(silent)?;
        if response.status() != StatusCode::OK {
            return Err(StampingError::Status(response.status().as_u16()));
        }
        let mut body = Vec::new();
        // A length that is announced is not believed.
        while let Some(chunk) = response.chunk().await.map_err(silent)? {
            if body.len().saturating_add(chunk.len()) > MAX_RESPONSE {
                return Err(StampingError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

/// Seconds by which an authority's clock may be ahead of ours.
pub const CLOCKS_APART_S: i64 = 60;

/// Why there is no time stamp.
#[derive(Debug, thiserror::Error)]
pub enum StampingError {
    /// No address of an authority.
    #[error("`{0}` is no address of a time stamping authority, such as `http://tsa.example.org/`")]
    Address(String),
    /// The HTTP client cannot be built.
    #[error("the HTTP client cannot be built")]
    Client(#[source] reqwest::Error),
    /// The stamps' folder cannot be used.
    #[error(transparent)]
    Folder(#[from] StampFolderError),
    /// There is no published checkpoint, or not of this log.
    #[error("the published checkpoint cannot be stamped")]
    Log(#[from] tlog::LogError),
    /// What it answered is no stamp to believe.
    #[error(transparent)]
    Refused(#[from] StampError),
    /// The operating system gave no randomness.
    #[error("the operating system gives no randomness")]
    Random,
    /// It answered with an HTTP error.
    #[error("the time stamping authority answered {0}")]
    Status(u16),
    /// It answered with too many bytes.
    #[error("the time stamping authority's answer is too large")]
    TooLarge,
    /// There was no whole answer.
    #[error("the time stamping authority gives no answer")]
    Unreachable(#[source] reqwest::Error),
}

impl Reason for StampingError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Address(_) => "timestamp.address",
            Self::Client(_) => "timestamp.client",
            Self::Folder(error) => error.reason(),
            Self::Log(error) => error.reason(),
            Self::Refused(error) => error.reason(),
            Self::Random => "system.no-randomness",
            Self::Status(_) => "timestamp.status",
            Self::TooLarge => "timestamp.too-large",
            Self::Unreachable(_) => "timestamp.unreachable",
        }
    }
}
