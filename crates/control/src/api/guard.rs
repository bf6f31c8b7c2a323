//! What every request passes: login and matrix before the handler, headers after it.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::authz::{Caller, MATRIX, Who};
use crate::{Control, ControlError};

/// Lets a request through to its handler if the matrix does. What the matrix does not name answers
/// nobody.
pub(super) async fn guard(
    State(control): State<Arc<Control>>,
    path: MatchedPath,
    mut request: Request,
    next: Next,
) -> Result<Response, ControlError> {
    let method = match request.method() {
        &Method::HEAD => "GET",
        other => other.as_str(),
    };
    let mut rules = MATRIX.iter().filter(|rule| rule.path == path.as_str());
    let rule = rules.find(|rule| rule.method == method).ok_or(ControlError::MethodNotAllowed)?;
    if let Who::Roles(cells) = rule.who {
        let login = control.login(bearer(&request)?).await?;
        let caller = Caller::admit(login.person.clone(), login.role, cells)?;
        request.extensions_mut().insert(caller);
        request.extensions_mut().insert(login);
    }
    Ok(next.run(request).await)
}

/// No answer is for a cache to keep or for a browser to guess at.
pub(super) async fn harden(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// The token of `Authorization: Bearer TOKEN` (RFC 6750 §2.1).
fn bearer(request: &Request) -> Result<&str, ControlError> {
    request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token)
        .ok_or(ControlError::LoginRequired)
}
