//! What every request for a page passes: changes only from our own pages, headers on every answer.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::error::PortalError;

/// Whether `path` belongs to the API, which has rules and headers of its own and knows no cookie.
pub(crate) fn is_api(path: &str) -> bool {
    path == "/v1" || path.starts_with("/v1/") || path.starts_with("/log/")
}

/// Refuses changes that another site asks for; puts the headers on whatever is answered.
pub(crate) async fn guard(request: Request, next: Next) -> Response {
    if is_api(request.uri().path()) {
        return next.run(request).await;
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let mut response = if reads || is_from_here(request.headers()) {
        next.run(request).await
    } else {
        PortalError::CrossSite.into_response()
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Whether a page of this origin sent the request. Browsers since 2023 say so themselves; the older
/// name at least the origin. Who says neither is refused: `SameSite` alone would let through what
/// another service on this host asks for.
fn is_from_here(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    match headers.get("sec-fetch-site") {
        Some(site) => site == "same-origin",
        None => match (text(header::ORIGIN), text(header::HOST)) {
            (Some(origin), Some(host)) => origin.strip_prefix("https://") == Some(host),
            _ => false,
        },
    }
}

/// Nothing from elsewhere, nothing inline, no frame around it, no trace of it in caches or referrers.
const HEADERS: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_come_from_our_own_pages() {
        let (site, origin, host) = ("sec-fetch-site", "origin", "host");
        let rows: [(&[(&'static str, &'static str)], bool); 10] = [
            (&[(site, "same-origin")], true),
            (&[(site, "same-origin"), (origin, "null"), (host, "h")], true),
            (&[(site, "same-site"), (origin, "https://h"), (host, "h")], false),
            (&[(site, "cross-site"), (origin, "https://h"), (host, "h")], false),
            (&[(site, "none")], false),
            (&[(origin, "https://h:1"), (host, "h:1")], true),
            (&[(origin, "https://h:2"), (host, "h:1")], false),
            (&[(origin, "http://h"), (host, "h")], false),
            (&[(origin, "null"), (host, "null")], false),
            (&[(host, "h")], false),
        ];
        for (pairs, allowed) in rows {
            let headers = pairs.iter().map(|(name, value)| {
                (HeaderName::from_static(name), HeaderValue::from_static(value))
            });
            assert_eq!(is_from_here(&headers.collect()), allowed, "{pairs:?}");
        }
    }

    #[test]
    fn the_api_is_what_lies_below_its_two_names() {
        for path in ["/v1", "/v1/me", "/v1/x", "/log/checkpoint", "/log/"] {
            assert!(is_api(path), "{path}");
        }
        for path in ["/", "/log", "/logs/", "/v10", "/login", "//v1/me"] {
            assert!(!is_api(path), "{path}");
        }
    }
}
