//! A browser without a screen: a cookie, and what came back.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, Method, header};
use tower::ServiceExt as _;

use crate::world::World;

/// One person's browser.
pub(crate) struct Browser {
    pages: Router,
    cookie: Option<String>,
}

/// A page that was shown.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) html: String,
}

impl Browser {
    /// A browser that is logged in.
    pub(crate) fn of(world: &World, person: &str) -> Self {
        let cookie = Some(format!("__Host-cloister={}", world.token(person)));
        Self { cookie, ..Self::new(world) }
    }

    /// A browser that is not.
    pub(crate) fn new(world: &World) -> Self {
        let pages = portal::router(control::router(Arc::clone(&world.control)));
        Self { pages, cookie: None }
    }

    pub(crate) async fn get(&self, path: &str) -> Seen {
        self.send(Method::GET, path, &[], String::new()).await
    }

    /// Presses the button of a form of ours.
    pub(crate) async fn press(&self, path: &str, form: String) -> Seen {
        self.send(Method::POST, path, &[("sec-fetch-site", "same-origin")], form).await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        form: String,
    ) -> Seen {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, "h:1");
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let form_type = "application/x-www-form-urlencoded";
        let request = request.header(header::CONTENT_TYPE, form_type).body(Body::from(form));
        let response = self.pages.clone().oneshot(request.unwrap()).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Seen { status, headers, html: String::from_utf8(bytes.into()).unwrap() }
    }
}

impl Seen {
    #[track_caller]
    pub(crate) fn must_show(self, texts: &[&str]) -> Self {
        assert_eq!(self.status, 200, "{}", self.html);
        for text in texts {
            assert!(self.html.contains(text), "no `{text}` in {}", self.html);
        }
        self
    }

    #[track_caller]
    pub(crate) fn must_not_show(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(!self.html.contains(text), "`{text}` in {}", self.html);
        }
        self
    }

    /// A page that says why not, with the reason code.
    #[track_caller]
    pub(crate) fn must_refuse(&self, status: u16, reason: &str) {
        assert_eq!(self.status, status, "{}", self.html);
        assert!(self.html.contains(&format!("<code>{reason}</code>")), "{}", self.html);
        assert_eq!(self.header("content-type"), "text/html; charset=utf-8");
    }

    #[track_caller]
    pub(crate) fn must_lead_to(&self, path: &str) {
        assert_eq!((self.status, self.header("location")), (303, path), "{}", self.html);
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }
}
