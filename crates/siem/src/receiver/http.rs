//! Events as bodies of HTTP requests: OTLP, or lines of JSON.
//!
//! An answer of 200 is the acknowledgement, of a receiver of lines any 2xx. 429, 502, 503 and 504 ask to
//! come again (OTLP specification, "OTLP/HTTP Response"); any other answer is final.

use std::time::Duration;

use jiff::fmt::rfc2822;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response, Url};
use tokio::time::timeout;

use crate::error::{Undelivered, chain};
use crate::event::Event;
use crate::forward::Clock;
use crate::otlp::{self, Answer};
use crate::receiver::Lines;

/// What the bodies are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpBody {
    /// OTLP's JSON.
    Otlp,
    /// Lines of JSON, `application/x-ndjson`.
    Lines(Lines),
}

/// An HTTP server.
pub struct HttpReceiver {
    client: Client,
    url: Url,
    body: HttpBody,
    authorization: Option<HeaderValue>,
    clock: Clock,
}

impl std::fmt::Debug for HttpReceiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (url, body) = (self.url.as_str(), self.body);
        f.debug_struct("HttpReceiver")
            .field("url", &url)
            .field("body", &body)
            .finish_non_exhaustive()
    }
}

impl HttpReceiver {
    /// The server at `url`, reached with `client`. `authorization` is the whole value of that header;
    /// `clock` is asked when the server names a time to come again.
    #[must_use]
    pub const fn new(
        client: Client,
        url: Url,
        body: HttpBody,
        authorization: Option<HeaderValue>,
        clock: Clock,
    ) -> Self {
        Self { client, url, body, authorization, clock }
    }

    pub(super) async fn deliver(&self, events: &[Event]) -> Result<Option<String>, Undelivered> {
        let (kind, body) = match self.body {
            HttpBody::Otlp => ("application/json", otlp::request(events)?),
            HttpBody::Lines(lines) => ("application/x-ndjson", lines.of(events)?),
        };
        let mut request = self.client.post(self.url.clone()).header(CONTENT_TYPE, kind).body(body);
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization.clone());
        }
        let exchange = async {
            let mut response = request.send().await.map_err(|error| self.unanswered(error))?;
            let said = beginning(&mut response).await.map_err(|error| self.unanswered(error))?;
            self.judge(&response, &said)
        };
        match timeout(PATIENCE, exchange).await {
            Ok(judged) => judged,
            Err(_) => {
                let detail = format!("no answer within {} s", PATIENCE.as_secs());
                Err(Undelivered::NotAcknowledged { place: self.place(), detail })
            }
        }
    }

    /// What the answer means.
    fn judge(&self, response: &Response, said: &[u8]) -> Result<Option<String>, Undelivered> {
        let status = response.status();
        let text =
            |said: &[u8]| String::from_utf8_lossy(said).chars().take(200).collect::<String>();
        match (status.as_u16(), self.body) {
            (429 | 502 | 503 | 504, _) => Err(Undelivered::Busy {
                place: self.place(),
                status: status.as_u16(),
                retry_after: self.retry_after(response),
            }),
            (200, HttpBody::Otlp) => match otlp::answer(said) {
                Some(Answer::Accepted) => Ok(None),
                Some(Answer::AcceptedWith(remark)) => Ok(Some(remark)),
                Some(Answer::Rejected { records, said }) => {
                    Err(self.rejected(&format!("{records} events"), said))
                }
                None => {
                    let detail = "its answer is no ExportLogsServiceResponse".to_owned();
                    Err(Undelivered::NotAcknowledged { place: self.place(), detail })
                }
            },
            (_, HttpBody::Lines(_)) if status.is_success() => Ok(None),
            _ => {
                Err(self.rejected(&format!("the events (status {})", status.as_u16()), text(said)))
            }
        }
    }

    /// Seconds, or the time until a date (RFC 9110 §10.2.3).
    fn retry_after(&self, response: &Response) -> Option<Duration> {
        let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
        if let Ok(seconds) = text.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let date = rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
        let seconds = date.as_second().saturating_sub((self.clock)().unix_seconds());
        u64::try_from(seconds).ok().map(Duration::from_secs)
    }

    fn rejected(&self, what: &str, said: String) -> Undelivered {
        Undelivered::Rejected { place: self.place(), what: what.to_owned(), said }
    }

    fn unanswered(&self, error: reqwest::Error) -> Undelivered {
        let (place, error) = (self.place(), error.without_url());
        if error.is_connect() {
            return Undelivered::Unreachable { place, source: error.into() };
        }
        Undelivered::NotAcknowledged { place, detail: chain(&error) }
    }

    /// The address without what may be secret in it.
    fn place(&self) -> String {
        let mut url = self.url.clone();
        url.set_query(None);
        // Fails only for addresses that cannot have one.
        let _none = url.set_username("").and_then(|()| url.set_password(None));
        url.to_string()
    }
}

/// The body, up to [`MAX_ANSWER`] bytes.
async fn beginning(response: &mut Response) -> Result<Vec<u8>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_ANSWER {
            body.truncate(MAX_ANSWER);
            break;
        }
    }
    Ok(body)
}

/// For all of a delivery.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes; answers are short.
const MAX_ANSWER: usize = 64 << 10;

#[cfg(test)]
mod tests;
