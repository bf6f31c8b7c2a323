//! A pinned HTTPS client of one service; refusals come back with their reason code.

use domain::Digest;
use reqwest::{Client, Method, RequestBuilder, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wire::Problem;

use crate::LabError;

/// A service at a URL, pinned to its key.
#[derive(Clone, Debug)]
pub struct Api {
    client: Client,
    url: String,
}

impl Api {
    /// A client of the service at `url` whose TLS key has this `pin`.
    ///
    /// # Errors
    /// [`LabError`]; a refusal as [`LabError::Answered`].
    pub fn new(url: String, pin: Digest) -> Result<Self, LabError> {
        let client = channel::http_client(pin).map_err(|_| LabError::Made("an HTTPS client"))?;
        Ok(Self { client, url })
    }

    fn request(&self, method: Method, path: &str, login: Option<&str>) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.url));
        match login {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// `GET`s JSON.
    ///
    /// # Errors
    /// [`LabError`]; a refusal as [`LabError::Answered`].
    pub async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        login: Option<&str>,
        what: &'static str,
    ) -> Result<T, LabError> {
        let answer = self.request(Method::GET, path, login).send().await?;
        Ok(accepted(answer, what).await?.json().await?)
    }

    /// `GET`s bytes.
    ///
    /// # Errors
    /// [`LabError`]; a refusal as [`LabError::Answered`].
    pub async fn bytes(
        &self,
        path: &str,
        login: Option<&str>,
        what: &'static str,
    ) -> Result<Vec<u8>, LabError> {
        let answer = self.request(Method::GET, path, login).send().await?;
        Ok(accepted(answer, what).await?.bytes().await?.to_vec())
    }

    /// `POST`s JSON and reads JSON.
    ///
    /// # Errors
    /// [`LabError`]; a refusal as [`LabError::Answered`].
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        login: Option<&str>,
        body: &(impl Serialize + Sync),
        what: &'static str,
    ) -> Result<T, LabError> {
        let answer = self.request(Method::POST, path, login).json(body).send().await?;
        Ok(accepted(answer, what).await?.json().await?)
    }

    /// `PUT`s bytes.
    ///
    /// # Errors
    /// [`LabError`]; a refusal as [`LabError::Answered`].
    pub async fn put(
        &self,
        path: &str,
        login: Option<&str>,
        body: Vec<u8>,
        what: &'static str,
    ) -> Result<(), LabError> {
        let answer = self.request(Method::PUT, path, login).body(body).send().await?;
        accepted(answer, what).await.map(|_| ())
    }
}

async fn accepted(answer: Response, what: &'static str) -> Result<Response, LabError> {
    if answer.status().is_success() {
        return Ok(answer);
    }
    let Problem { reason, detail } = answer.json().await?;
    Err(LabError::Answered { what, reason, detail })
}
