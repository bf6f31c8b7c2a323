//! `/login` and `/logout`.

use askama::Template;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;

use super::{Frame, Page};
use crate::api::Api;
use crate::error::PortalError;
use crate::model::Me;
use crate::session::{Token, expired_cookie};

/// The page with the form. It never has a token in it.
#[derive(Template)]
#[template(path = "login.html")]
pub(super) struct Login {
    frame: Frame,
    refused: bool,
}

/// What the form sends.
#[derive(Debug, Deserialize)]
pub(super) struct Entry {
    token: Token,
}

pub(super) async fn show() -> Page<Login> {
    Page::of(Login { frame: Frame::outside(), refused: false })
}

/// Puts a token that the API knows into the cookie.
pub(super) async fn enter(
    State(api): State<Api>,
    entry: Result<Form<Entry>, FormRejection>,
) -> Result<Response, PortalError> {
    let Ok(Form(Entry { token })) = entry else { return Ok(refused()) };
    match api.get::<Me>(&token, "/v1/me").await {
        Ok(_) => {
            let cookie = [(header::SET_COOKIE, token.cookie()?)];
            Ok((cookie, Redirect::to("/")).into_response())
        }
        Err(PortalError::LoginRequired) => Ok(refused()),
        Err(error) => Err(error),
    }
}

/// Has the browser forget the token. The login itself ends when it expires or the operator ends it.
pub(super) async fn leave() -> Response {
    ([(header::SET_COOKIE, expired_cookie())], Redirect::to("/login")).into_response()
}

fn refused() -> Response {
    let page = Login { frame: Frame::outside(), refused: true };
    Page::with(StatusCode::UNAUTHORIZED, page).into_response()
}
