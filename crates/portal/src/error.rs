//! What can go wrong, and the page that says so.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::Reason;
use wire::Problem;

use crate::pages::{Frame, Page};

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PortalError {
    /// The API answered something that is not what it should be.
    #[error("the service gave an answer that this page cannot show")]
    Answer,
    /// Another site asked for a change, or a browser that does not say who asks.
    #[error("the request did not come from a page of this service")]
    CrossSite,
    /// No token, or one that the API does not know. Leads to the login page.
    #[error("log in to see this page")]
    LoginRequired,
    /// The request cannot be read.
    #[error("the request is malformed")]
    Malformed,
    /// The page has no such method.
    #[error("this page cannot be used that way")]
    MethodNotAllowed,
    /// There is no such page.
    #[error("there is no such page")]
    NotFound,
    /// The API refused.
    #[error("{}", problem.detail)]
    Refused {
        /// Its status.
        status: StatusCode,
        /// What it said.
        problem: Problem,
    },
}

impl Reason for PortalError {
    /// [`Self::Refused`] has its reason from the API: see [`PortalError::problem`].
    fn reason(&self) -> &'static str {
        match self {
            Self::Answer => "portal.api",
            Self::CrossSite => "portal.cross-site",
            Self::LoginRequired => "access.login-required",
            Self::Malformed => "request.malformed",
            Self::MethodNotAllowed => "request.method",
            Self::NotFound => "access.not-found",
            Self::Refused { .. } => "service.refused",
        }
    }
}

impl PortalError {
    /// Code and sentence.
    pub(crate) fn problem(&self) -> Problem {
        match self {
            Self::Refused { problem, .. } => problem.clone(),
            other => Problem::of(other),
        }
    }

    const fn status(&self) -> StatusCode {
        match self {
            Self::Answer => StatusCode::BAD_GATEWAY,
            Self::CrossSite => StatusCode::FORBIDDEN,
            Self::LoginRequired => StatusCode::UNAUTHORIZED,
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Refused { status, .. } => *status,
        }
    }

    /// What the person can do about it.
    fn next_step(&self) -> &'static str {
        if matches!(self, Self::CrossSite) {
            return "Open the page here and press its button again. If that does not help, update \
                    the browser: it must say where a request comes from (Sec-Fetch-Site).";
        }
        match self.status() {
            StatusCode::FORBIDDEN => {
                "Somebody with another role can do this. If it should be you, ask the operator."
            }
            StatusCode::NOT_FOUND => {
                "Look it up in its list. What belongs to projects that you do not take part in is \
                 not shown to you."
            }
            StatusCode::CONFLICT => "Look at where it stands now; it may have moved on meanwhile.",
            StatusCode::SERVICE_UNAVAILABLE => {
                "Nothing was changed or released. Try again in a minute; if it goes on, tell the \
                 operator the reason code."
            }
            status if status.is_server_error() => {
                "Try again; if it goes on, tell the operator the reason code."
            }
            _ => "Go back and try again from the page that you came from.",
        }
    }
}

impl IntoResponse for PortalError {
    fn into_response(self) -> Response {
        if matches!(self, Self::LoginRequired) {
            return Redirect::to("/login").into_response();
        }
        let refusal = Refusal {
            frame: Frame::outside(),
            problem: self.problem(),
            next_step: self.next_step(),
        };
        Page::with(self.status(), refusal).into_response()
    }
}

/// The page about a refusal.
#[derive(Template)]
#[template(path = "refusal.html")]
struct Refusal {
    frame: Frame,
    problem: Problem,
    next_step: &'static str,
}
