//! The files that pages load, all from this program.

use axum::http::header;
use axum::response::{IntoResponse, Response};

/// The one style sheet.
pub(crate) async fn style() -> Response {
    file("text/css; charset=utf-8", include_str!("../assets/style.css"))
}

/// The one script: it moves a token from the address into the login form.
pub(crate) async fn login_script() -> Response {
    file("text/javascript; charset=utf-8", include_str!("../assets/login.js"))
}

/// The icon of the browser's tab.
pub(crate) async fn icon() -> Response {
    file("image/svg+xml", include_str!("../assets/icon.svg"))
}

fn file(kind: &'static str, content: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind)], content).into_response()
}
