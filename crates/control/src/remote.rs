//! Calls to broker and airlock: TLS pinned to one key, refusals passed on with their reasons.

use std::time::Duration;

use reqwest::{RequestBuilder, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wire::Problem;

use crate::{ControlError, Service};

/// Another service.
#[derive(Debug)]
pub(crate) struct Remote {
    /// What it is called when it does not answer.
    unavailable: fn(reqwest::Error) -> ControlError,
    url: String,
    client: reqwest::Client,
}

impl Remote {
    pub(crate) fn new(
        service: &Service,
        unavailable: fn(reqwest::Error) -> ControlError,
    ) -> Result<Self, ControlError> {
        let client = channel::http_client(service.pin)?;
        Ok(Self { unavailable, url: service.url.clone(), client })
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ControlError> {
        let request = self.client.get(self.at(path)).timeout(ANSWER_TIMEOUT);
        self.read(self.send(request).await?).await
    }

    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<T, ControlError> {
        let request = self.client.post(self.at(path)).json(body).timeout(ANSWER_TIMEOUT);
        self.read(self.send(request).await?).await
    }

    /// The answer as it comes in, for files.
    pub(crate) async fn download(&self, path: &str) -> Result<Response, ControlError> {
        self.send(self.client.get(self.at(path)).timeout(DOWNLOAD_TIMEOUT)).await
    }

    /// `path` is made of constants and identifiers of `domain::ids`, which need no escaping.
    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, ControlError> {
        let response = request.send().await.map_err(self.unavailable)?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = passed_on(response.status());
        let problem: Problem = self.read(response).await?;
        Err(ControlError::Refused { status, problem })
    }

    async fn read<T: DeserializeOwned>(&self, response: Response) -> Result<T, ControlError> {
        response.json().await.map_err(self.unavailable)
    }
}

/// The status under which a refusal goes on to the person: theirs to mend, or the service's.
fn passed_on(status: StatusCode) -> StatusCode {
    match status {
        StatusCode::BAD_REQUEST
        | StatusCode::FORBIDDEN
        | StatusCode::NOT_FOUND
        | StatusCode::CONFLICT
        | StatusCode::GONE
        | StatusCode::PAYLOAD_TOO_LARGE => status,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// The broker writes its log to disk before it answers; that takes milliseconds.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
const DOWNLOAD_TIMEOUT: Duration = Duration::from_secs(600);
