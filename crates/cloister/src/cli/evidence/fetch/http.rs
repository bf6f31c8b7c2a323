//! Asking a service: bounded in time and size, not led elsewhere, and never in a hurry.

use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, Url};
use tokio::runtime::Runtime;

use super::error::FetchError;
use super::schedule::{Schedule, retry_after};
use crate::cli::Failure;
use crate::cli::server::runtime;

/// The address of a service, without a slash at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address(String);

impl Address {
    /// Reads an address: nothing but scheme, host, port and path.
    pub(super) fn parse(text: &str) -> Result<Self, FetchError> {
        let refused = || FetchError::Address(text.to_owned());
        let url = Url::parse(text).map_err(|_| refused())?;
        let plain = ["http", "https"].contains(&url.scheme())
            && url.host().is_some()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if plain { Ok(Self(text.trim_end_matches('/').to_owned())) } else { Err(refused()) }
    }

    /// The address of something that the service has.
    pub(super) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

/// An answer.
pub(super) struct Reply {
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// What a fetch takes from the machine besides the network.
pub(super) struct Machine {
    /// Waits.
    pub(super) sleep: Box<dyn FnMut(Duration)>,
    /// A random number, of which nothing depends but how long a wait is.
    pub(super) random: Box<dyn FnMut() -> u32>,
}

impl Machine {
    pub(super) fn real() -> Self {
        Self {
            sleep: Box::new(std::thread::sleep),
            random: Box::new(|| getrandom::u32().unwrap_or_default()),
        }
    }
}

/// A client that keeps to a schedule.
pub(super) struct Fetcher {
    client: Client,
    runtime: Runtime,
    schedule: Schedule,
    machine: Machine,
    asked: bool,
}

impl Fetcher {
    pub(super) fn new(schedule: Schedule, machine: Machine) -> Result<Self, Failure> {
        // Fails only if there is a provider already, which then is the one to use.
        let _present = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = Client::builder()
            .redirect(Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .timeout(Duration::from_secs(30))
            .user_agent(concat!("cloister/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(FetchError::Client)?;
        Ok(Self { client, runtime: runtime()?, schedule, machine, asked: false })
    }

    /// Asks until there is an answer or the schedule says to give up.
    pub(super) fn get(&mut self, url: &str) -> Result<Reply, FetchError> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            if std::mem::replace(&mut self.asked, true) {
                (self.machine.sleep)(self.schedule.pace);
            }
            let again = match self.runtime.block_on(attempt(&self.client, url)) {
                Attempt::Answered(reply) => return Ok(reply),
                Attempt::Failed(error) => return Err(error),
                Attempt::Again(again) => again,
            };
            let random = (self.machine.random)();
            let Some(wait) = self.schedule.wait(attempts, again.retry_after, random) else {
                return Err(again.give_up(url, attempts));
            };
            eprintln!("{url}: {}; waiting {:.1} s", again.trouble.name(), wait.as_secs_f32());
            (self.machine.sleep)(wait);
        }
    }
}

/// What came of one request.
enum Attempt {
    Answered(Reply),
    Failed(FetchError),
    Again(Again),
}

/// What may pass.
struct Again {
    trouble: Trouble,
    retry_after: Option<Duration>,
}

enum Trouble {
    Busy,
    Failing(StatusCode),
    Silent(reqwest::Error),
}

impl Again {
    fn give_up(self, url: &str, attempts: u32) -> FetchError {
        let url = url.to_owned();
        match self.trouble {
            Trouble::Busy => FetchError::RateLimited { url, attempts },
            Trouble::Failing(status) => {
                FetchError::ServerFailed { url, status: status.as_u16(), attempts }
            }
            Trouble::Silent(source) => FetchError::NoAnswer { url, attempts, source },
        }
    }
}

impl Trouble {
    fn name(&self) -> String {
        match self {
            Self::Busy => "too many requests".to_owned(),
            Self::Failing(status) => format!("answered {}", status.as_u16()),
            Self::Silent(_) => "no whole answer".to_owned(),
        }
    }
}

async fn attempt(client: &Client, url: &str) -> Attempt {
    let silent = |error: reqwest::Error| {
        let trouble = Trouble::Silent(error.without_url());
        Attempt::Again(Again { trouble, retry_after: None })
    };
    let response = match client.get(url).send().await {
        Ok(response) => response,
        Err(error) => return silent(error),
    };
    if let Some(attempt) = unsuccessful(url, &response) {
        return attempt;
    }
    let headers = response.headers().clone();
    match body(response).await {
        Ok(Some(body)) => Attempt::Answered(Reply { headers, body }),
        Ok(None) => Attempt::Failed(FetchError::TooLarge(url.to_owned())),
        Err(error) => silent(error),
    }
}

/// What an answer without content means; `None` if it has one.
fn unsuccessful(url: &str, response: &Response) -> Option<Attempt> {
    let status = response.status();
    let header = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let again = |trouble| Some(Attempt::Again(Again { trouble, retry_after: retry_after(header) }));
    let url = url.to_owned();
    match status {
        StatusCode::OK => None,
        StatusCode::TOO_MANY_REQUESTS => again(Trouble::Busy),
        StatusCode::NOT_FOUND => Some(Attempt::Failed(FetchError::NotFound(url))),
        _ if status.is_server_error() => again(Trouble::Failing(status)),
        _ if status.is_redirection() => Some(Attempt::Failed(FetchError::Redirected(url))),
        _ => Some(Attempt::Failed(FetchError::Status { url, status: status.as_u16() })),
    }
}

/// The body, unless it is too long. A length that is announced is not believed.
async fn body(mut response: Response) -> Result<Option<Vec<u8>>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len().saturating_add(chunk.len()) > MAX_BYTES {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}

/// Many times what the longest of them, Intel's lists, have.
const MAX_BYTES: usize = 4 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_no_more_than_scheme_host_port_and_path() {
        let at = |text| Address::parse(text).map(|address: Address| address.at("/x")).ok();
        assert_eq!(at("https://example.org/").as_deref(), Some("https://example.org/x"));
        assert_eq!(at("http://[::1]:8081/pccs").as_deref(), Some("http://[::1]:8081/pccs/x"));
        for text in [
            "",
            "example.org",
            "file:///etc",
            "https://a@b",
            "https://b?c=d",
            "https://b#c",
            "https:",
        ] {
            assert_eq!(at(text), None, "{text}");
        }
    }
}
