//! HTTPS through the relay: pinned clients, bounded answers, refusals as their own codes.

use std::net::SocketAddr;
use std::time::Duration;

use domain::Digest;
use reqwest::header::{COOKIE, SET_COOKIE};
use reqwest::{Client, RequestBuilder, Response};
use serde::Serialize;
use wire::Problem;
use wire::guest::RELAY_ADDRESS;

use crate::{AgentError, Refusal};

/// A client for one service behind the relay.
#[derive(Clone, Debug)]
pub struct Service {
    client: Client,
    base: String,
    name: &'static str,
}

/// What a service answered to an accepted request.
#[derive(Debug)]
pub struct Answer {
    /// The body.
    pub body: Vec<u8>,
    /// The session cookie that came along, as it goes into the next request.
    pub cookie: Option<String>,
}

impl Service {
    /// The service `name` at the relay's `port`, whose TLS key has this `pin`.
    ///
    /// # Errors
    /// [`AgentError::Channel`].
    pub fn new(name: &'static str, port: u16, pin: Digest) -> Result<Self, AgentError> {
        Self::at(SocketAddr::from((RELAY_ADDRESS, port)), name, pin)
    }

    pub(crate) fn at(
        address: SocketAddr,
        name: &'static str,
        pin: Digest,
    ) -> Result<Self, AgentError> {
        let client = channel::http_client(pin).map_err(AgentError::Channel)?;
        Ok(Self { client, base: format!("https://{address}"), name })
    }

    /// `POST`s `body` as JSON.
    ///
    /// # Errors
    /// [`AgentError::Unreachable`], or the service's refusal.
    pub async fn post<T: Serialize + Sync>(
        &self,
        path: &str,
        cookie: Option<&str>,
        token: Option<&str>,
        body: &T,
    ) -> Result<Answer, AgentError> {
        let mut request = self.client.post(format!("{}{path}", self.base)).json(body);
        if let Some(cookie) = cookie {
            request = request.header(COOKIE, cookie);
        }
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        self.send(request).await
    }

    /// `GET`s with the attestation token.
    ///
    /// # Errors
    /// As [`Service::post`].
    pub async fn get(&self, path: &str, token: &str) -> Result<Answer, AgentError> {
        self.send(self.client.get(format!("{}{path}", self.base)).bearer_auth(token)).await
    }

    async fn send(&self, request: RequestBuilder) -> Result<Answer, AgentError> {
        let unreachable =
            |source| AgentError::Unreachable { service: self.name, source: Some(source) };
        let response = request.timeout(TIMEOUT).send().await.map_err(unreachable)?;
        let accepted = response.status().is_success();
        let cookie = session_cookie(&response);
        let body = self.bounded(response).await?;
        if accepted { Ok(Answer { body, cookie }) } else { Err(self.refusal(&body)) }
    }

    async fn bounded(&self, mut response: Response) -> Result<Vec<u8>, AgentError> {
        let mut body = Vec::new();
        let unreachable = |source| AgentError::Unreachable { service: self.name, source };
        while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(Some(error)))? {
            if body.len().saturating_add(chunk.len()) > MAX_ANSWER_BYTES {
                return Err(unreachable(None));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn refusal(&self, body: &[u8]) -> AgentError {
        let Ok(problem) = serde_json::from_slice::<Problem>(body) else {
            return AgentError::Unreachable { service: self.name, source: None };
        };
        let refusal = Refusal { reason: problem.reason, detail: problem.detail };
        if self.name == AIRLOCK {
            AgentError::AirlockRefused(refusal)
        } else {
            AgentError::BrokerRefused(refusal)
        }
    }

    /// For answers that are accepted but make no sense.
    #[must_use]
    pub const fn nonsense(&self) -> AgentError {
        AgentError::Unreachable { service: self.name, source: None }
    }
}

fn session_cookie(response: &Response) -> Option<String> {
    let cookie = response.headers().get(SET_COOKIE)?.to_str().ok()?;
    cookie.split(';').next().map(str::to_owned)
}

/// The broker's name in messages.
pub const BROKER: &str = "the broker";
/// The airlock's name in messages.
pub const AIRLOCK: &str = "the airlock";

/// Long enough for a log that waits for its witnesses.
const TIMEOUT: Duration = Duration::from_secs(60);
const MAX_ANSWER_BYTES: usize = 1 << 20;
