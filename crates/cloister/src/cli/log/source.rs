//! Where a log's files are: a folder, or any web server.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use domain::Digest;
use reqwest::{Client, StatusCode};
use tlog::{StoreError, TilePath};
use tlog_files::FolderReader;
use tokio::runtime::Runtime;

use crate::cli::Failure;
use crate::cli::server::{runtime, unreachable_server};

/// Where the log is.
#[derive(Debug, Args)]
pub(super) struct SourceOptions {
    /// The log's address
    #[arg(long, conflicts_with = "dir", required_unless_present = "dir")]
    url: Option<String>,
    /// Key of its server, `sha256:…`, if no public authority vouches for it
    #[arg(long, requires = "url")]
    pin: Option<Digest>,
    /// The log's folder
    #[arg(long)]
    dir: Option<PathBuf>,
}

/// A log's published files. None of them is believed before the log is verified.
pub(super) enum Source {
    Folder(FolderReader),
    Web { client: Client, url: String, runtime: Runtime },
}

impl Source {
    pub(super) fn open(options: &SourceOptions) -> Result<Self, Failure> {
        match (&options.dir, &options.url) {
            (Some(dir), None) => Ok(Self::Folder(FolderReader::new(dir))),
            (None, Some(url)) => {
                let url = url.trim_end_matches('/').to_owned();
                Ok(Self::Web { client: client(options.pin)?, url, runtime: runtime()? })
            }
            _ => Err(Failure::unusable_because("usage", "give either `--url` or `--dir`")),
        }
    }

    /// The checkpoint's note.
    pub(super) fn checkpoint(&self) -> Result<String, Failure> {
        use domain::Reason as _;
        let absent = || Failure::unusable_because("log.unavailable", "there is no checkpoint");
        match self {
            Self::Folder(reader) => {
                reader.checkpoint().map_err(|error| Failure::unusable(error.reason(), &error))
            }
            Self::Web { client, url, runtime } => {
                let body = runtime.block_on(fetch(client, &format!("{url}/checkpoint")));
                let body = body.map_err(unreachable_server)?.ok_or_else(absent)?;
                String::from_utf8(body).map_err(|error| Failure::unusable("log.malformed", &error))
            }
        }
    }

    /// The checkpoint's note, for who waits for a source that is not there.
    pub(super) fn published(&self) -> Result<String, StoreError> {
        match self {
            Self::Folder(reader) => reader.checkpoint(),
            Self::Web { client, url, runtime } => {
                let place = format!("{url}/checkpoint");
                let body = runtime.block_on(fetch(client, &place));
                let body = match body {
                    Ok(Some(body)) => String::from_utf8(body).map_err(Into::into),
                    Ok(None) => Err("there is no checkpoint".into()),
                    Err(error) => Err(error.into()),
                };
                body.map_err(|source| StoreError::Unavailable { place, source })
            }
        }
    }

    /// A tile or bundle of entries.
    pub(super) fn read(&self, path: &TilePath) -> Result<Option<Vec<u8>>, StoreError> {
        match self {
            Self::Folder(reader) => reader.read(path),
            Self::Web { client, url, runtime } => {
                let place = format!("{url}/{path}");
                runtime
                    .block_on(fetch(client, &place))
                    .map_err(|error| StoreError::Unavailable { place, source: error.into() })
            }
        }
    }
}

/// For a pinned server, or for one with a public certificate. What is fetched is signed, so that the
/// channel only keeps others from seeing what is asked for.
fn client(pin: Option<Digest>) -> Result<Client, Failure> {
    if let Some(pin) = pin {
        return channel::http_client(pin)
            .map_err(|error| Failure::unusable("server.client", &error));
    }
    // Fails only if there is a provider already, which then is the one to use.
    let _present = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Client::builder()
        .read_timeout(PATIENCE)
        .build()
        .map_err(|error| Failure::unusable("server.client", &error))
}

async fn fetch(client: &Client, url: &str) -> Result<Option<Vec<u8>>, reqwest::Error> {
    let response = client.get(url).send().await?;
    if response.status() == StatusCode::NOT_FOUND {
        return Ok(None);
    }
    let mut response = response.error_for_status()?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_BYTES {
            return Ok(Some(Vec::new())); // longer than any file of a log: malformed, whatever it is
        }
    }
    Ok(Some(body))
}

/// For a server that has stopped sending.
const PATIENCE: Duration = Duration::from_secs(60);
/// More than 256 entries of 65 537 bytes.
const MAX_BYTES: usize = 17 << 20;
