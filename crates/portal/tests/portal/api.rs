//! An API that answers from a table, and keeps what it was asked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// The answers by path, without the query; everything else is `access.not-found`.
#[derive(Clone, Default)]
pub(crate) struct Api {
    answers: BTreeMap<&'static str, (u16, String)>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Api {
    /// An API that knows one person of `role`, under any token.
    pub(crate) fn knowing(role: &str) -> Self {
        Self::default().answering("/v1/me", &me(role))
    }

    pub(crate) fn answering(self, path: &'static str, answer: &Value) -> Self {
        self.saying(path, 200, &answer.to_string())
    }

    pub(crate) fn saying(mut self, path: &'static str, status: u16, body: &str) -> Self {
        self.answers.insert(path, (status, body.to_owned()));
        self
    }

    /// Method, path and authorisation of every request so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// What a browser with a login gets; status and body.
    pub(crate) async fn see(&self, path: &str) -> (u16, String) {
        let request = Request::get(path).header(header::COOKIE, "__Host-cloister=secret-token");
        let response = self.pages().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, String::from_utf8(body.into()).unwrap())
    }

    pub(crate) fn pages(&self) -> Router {
        let api = self.clone();
        portal::router(Router::new().fallback(async move |request: Request| api.answer(&request)))
    }

    fn answer(&self, request: &Request) -> Response {
        let authorization = request.headers().get(header::AUTHORIZATION);
        let authorization = authorization.map_or("-", |value| value.to_str().unwrap());
        let asked = format!("{} {} {authorization}", request.method(), request.uri());
        self.asked.lock().unwrap().push(asked);
        let not_found = (404, json!({"reason": "access.not-found", "detail": "none"}).to_string());
        let (status, body) = self.answers.get(request.uri().path()).unwrap_or(&not_found);
        (StatusCode::from_u16(*status).unwrap(), body.clone()).into_response()
    }
}

pub(crate) fn me(role: &str) -> Value {
    json!({"person": "ada", "name": "Ada", "role": role, "key": null,
           "expires": "2027-01-31T12:00:00Z"})
}
