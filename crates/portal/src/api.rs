//! The API as its client sees it: in-process, with a person's token, every answer parsed.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{Method, StatusCode, header};
use axum::response::Response;
use serde::de::DeserializeOwned;
use tower::ServiceExt as _;
use wire::Problem;

use crate::error::PortalError;
use crate::session::Token;

/// Control's router.
#[derive(Clone)]
pub(crate) struct Api(Router);

impl Api {
    pub(crate) const fn new(router: Router) -> Self {
        Self(router)
    }

    /// The answer to `GET path`, which is made of this crate's literals and parsed identifiers.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        token: &Token,
        path: &str,
    ) -> Result<T, PortalError> {
        read(self.fetch(Method::GET, Some(token), path).await?).await
    }

    /// The answer to `POST path` without a body.
    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        token: &Token,
        path: &str,
    ) -> Result<T, PortalError> {
        read(self.fetch(Method::POST, Some(token), path).await?).await
    }

    /// The file at `path`, as it comes in.
    pub(crate) async fn download(
        &self,
        token: &Token,
        path: &str,
    ) -> Result<Response, PortalError> {
        self.fetch(Method::GET, Some(token), path).await
    }

    /// The text at `path`, which is public.
    pub(crate) async fn public_text(&self, path: &str) -> Result<String, PortalError> {
        let bytes = whole(self.fetch(Method::GET, None, path).await?).await?;
        String::from_utf8(bytes).map_err(|_| PortalError::Answer)
    }

    /// Passes on what is for the API itself.
    pub(crate) async fn pass(&self, request: Request) -> Response {
        let Ok(response) = self.0.clone().oneshot(request).await;
        response
    }

    async fn fetch(
        &self,
        method: Method,
        token: Option<&Token>,
        path: &str,
    ) -> Result<Response, PortalError> {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, token.bearer()?);
        }
        let request = request.body(Body::empty()).map_err(|_| PortalError::Malformed)?;
        let response = self.pass(request).await;
        match response.status() {
            status if status.is_success() => Ok(response),
            StatusCode::UNAUTHORIZED => Err(PortalError::LoginRequired),
            status => {
                let problem: Problem = read(response).await?;
                Err(PortalError::Refused { status, problem })
            }
        }
    }
}

async fn read<T: DeserializeOwned>(response: Response) -> Result<T, PortalError> {
    serde_json::from_slice(&whole(response).await?).map_err(|_| PortalError::Answer)
}

async fn whole(response: Response) -> Result<Vec<u8>, PortalError> {
    let bytes = to_bytes(response.into_body(), ANSWER_BYTES).await;
    bytes.map(Vec::from).map_err(|_| PortalError::Answer)
}

/// More than any listing has; proposals and rules are at most 2 MiB each.
const ANSWER_BYTES: usize = 256 * 1024 * 1024;
