//! Talking to a deployment: where it is, whose key it has, who is asking.

use std::path::{Path, PathBuf};

use clap::Args;
use domain::Digest;
use reqwest::{Client, RequestBuilder};
use serde::Deserialize;
use serde_json::Value;
use tokio::runtime::Runtime;
use wire::Problem;
use zeroize::Zeroizing;

use super::files::{read_text, read_toml};
use super::{Failure, Outcome, answer};

/// Which server, and as whom. What is not given here comes from the environment (`CLOISTER_SERVER`,
/// `CLOISTER_PIN`, `CLOISTER_TOKEN`), then from `cloister.toml` in the current folder (`server`,
/// `pin`, `token_file`).
#[derive(Debug, Args)]
pub struct ServerOptions {
    /// The server's address, `https://HOST:PORT`; or CLOISTER_SERVER, or `server` in cloister.toml
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// The server's key, `sha256:…`; or CLOISTER_PIN, or `pin` in cloister.toml
    #[arg(long)]
    pin: Option<Digest>,
    /// File with your login token; or the token in CLOISTER_TOKEN, or `token_file` in cloister.toml.
    /// A token is no argument, because other users of the machine see those
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

/// Where the airlock is, which shows plaintext to reviewers and to nobody else.
#[derive(Debug, Args)]
pub(super) struct AirlockOptions {
    /// The airlock's address; or CLOISTER_AIRLOCK, or `airlock` in cloister.toml
    #[arg(long, value_name = "URL")]
    airlock: Option<String>,
    /// The airlock's key, `sha256:…`; or CLOISTER_AIRLOCK_PIN, or `airlock_pin` in cloister.toml
    #[arg(long)]
    airlock_pin: Option<Digest>,
}

impl ServerOptions {
    /// A connection to the server.
    pub(super) fn connect(&self) -> Result<Connection, Failure> {
        let settings = Settings::read()?;
        let url = choose(self.server.clone(), "CLOISTER_SERVER", settings.server, "--server")?;
        let pin = pin(self.pin, "CLOISTER_PIN", settings.pin, "--pin")?;
        let file = self.token_file.clone().or(settings.token_file);
        let token = match (&self.token_file, std::env::var("CLOISTER_TOKEN")) {
            (None, Ok(token)) => Zeroizing::new(token),
            _ => token_of(file.as_deref())?,
        };
        Connection::new(url, pin, Some(token))
    }
}

impl AirlockOptions {
    /// A connection to the airlock, which asks for signatures, not for logins.
    pub(super) fn connect(&self) -> Result<Connection, Failure> {
        let settings = Settings::read()?;
        let url = choose(self.airlock.clone(), "CLOISTER_AIRLOCK", settings.airlock, "--airlock")?;
        let pin =
            pin(self.airlock_pin, "CLOISTER_AIRLOCK_PIN", settings.airlock_pin, "--airlock-pin")?;
        Connection::new(url, pin, None)
    }
}

/// A server whose key is known in advance.
pub(super) struct Connection {
    url: String,
    client: Client,
    token: Option<Zeroizing<String>>,
    runtime: Runtime,
}

impl Connection {
    fn new(url: String, pin: Digest, token: Option<Zeroizing<String>>) -> Result<Self, Failure> {
        let client = channel::http_client(pin)
            .map_err(|error| Failure::unusable("server.client", &error))?;
        let url = url.trim_end_matches('/').to_owned();
        Ok(Self { url, client, token, runtime: runtime()? })
    }

    /// The JSON at `path`.
    pub(super) fn get(&self, path: &str) -> Result<Value, Failure> {
        parse(&self.send(self.client.get(self.at(path)))?)
    }

    /// The JSON at `path`, as the answer for a person.
    pub(super) fn show(&self, path: &str) -> Outcome {
        let json = self.get(path)?;
        let text = format!("{json:#}");
        Ok(super::Answer::new(json, text))
    }

    /// The bytes at `path`.
    pub(super) fn download(&self, path: &str) -> Result<Vec<u8>, Failure> {
        self.send(self.client.get(self.at(path)))
    }

    /// The answer to `body`, posted to `path`.
    pub(super) fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        parse(&self.send(self.client.post(self.at(path)).json(body))?)
    }

    /// The answer to `content`, put at `path`.
    pub(super) fn put(&self, path: &str, content: Vec<u8>) -> Result<Value, Failure> {
        parse(&self.send(self.client.put(self.at(path)).body(content))?)
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    fn send(&self, request: RequestBuilder) -> Result<Vec<u8>, Failure> {
        let request = match &self.token {
            Some(token) => request.bearer_auth(token.as_str()),
            None => request,
        };
        let exchange = async {
            let response = request.send().await?;
            let status = response.status();
            response.bytes().await.map(|body| (status, body))
        };
        let (status, body) = self.runtime.block_on(exchange).map_err(unreachable_server)?;
        if status.is_success() {
            return Ok(body.to_vec());
        }
        Err(match serde_json::from_slice::<Problem>(&body) {
            Ok(problem) => Failure::refusal(problem.reason.as_str(), &problem.detail),
            Err(_) => Failure::unusable_because(
                "server.answer",
                format!("the server answered {status} without a reason; is the address right?"),
            ),
        })
    }
}

/// Where requests wait for their answers.
pub(super) fn runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::unusable("system.runtime", &error))
}

/// The failure of a request that got no answer.
pub(super) fn unreachable_server(error: reqwest::Error) -> Failure {
    let said = answer::chain(&error.without_url());
    let detail = format!("the server gives no answer: {said}; check address, pin and network");
    Failure::unusable_because("server.unreachable", detail)
}

fn parse(body: &[u8]) -> Result<Value, Failure> {
    if body.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(body).map_err(|error| Failure::unusable("server.answer", &error))
}

/// `cloister.toml`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    server: Option<String>,
    pin: Option<Digest>,
    token_file: Option<PathBuf>,
    airlock: Option<String>,
    airlock_pin: Option<Digest>,
}

impl Settings {
    fn read() -> Result<Self, Failure> {
        let path = Path::new("cloister.toml");
        if path.exists() { read_toml(path) } else { Ok(Self::default()) }
    }
}

fn choose(
    given: Option<String>,
    variable: &str,
    setting: Option<String>,
    option: &str,
) -> Result<String, Failure> {
    given.or_else(|| std::env::var(variable).ok()).or(setting).ok_or_else(|| {
        let detail = format!("give `{option}`, set {variable}, or write cloister.toml");
        Failure::unusable_because("server.unknown", detail)
    })
}

fn pin(
    given: Option<Digest>,
    variable: &str,
    setting: Option<Digest>,
    option: &str,
) -> Result<Digest, Failure> {
    let given = given.or(setting.filter(|_| std::env::var(variable).is_err()));
    choose(given.map(|pin| pin.to_string()), variable, None, option)?
        .parse()
        .map_err(|error: domain::digest::DigestError| Failure::unusable("server.pin", &error))
}

fn token_of(file: Option<&Path>) -> Result<Zeroizing<String>, Failure> {
    let file = file.ok_or_else(|| {
        Failure::unusable_because("server.token", "give `--token-file` or set CLOISTER_TOKEN")
    })?;
    let text = Zeroizing::new(read_text(file)?);
    Ok(Zeroizing::new(text.trim().to_owned()))
}
