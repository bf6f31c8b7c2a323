//! The login: a token that lives in a cookie which no script can read and no other site can send.

use std::fmt;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::api::Api;
use crate::error::PortalError;
use crate::model::Me;
use crate::pages::{Frame, Place};

/// A login token as it came in; whether it is worth anything is for the API to say.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Token(Zeroizing<String>);

impl Token {
    /// The token in `text`, which may be a whole login link.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.rsplit('#').next().unwrap_or_default().trim();
        // token68 of RFC 9110 §11.2: safe in a header and in a cookie.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
        let fits = (1..=TOKEN_LENGTH).contains(&text.len()) && text.bytes().all(plain);
        fits.then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// `Bearer TOKEN` (RFC 6750 §2.1).
    pub(crate) fn bearer(&self) -> Result<HeaderValue, PortalError> {
        secret(&Zeroizing::new(format!("Bearer {}", *self.0)))
    }

    /// What keeps the token until the browser is closed. `__Host-` makes browsers refuse it without
    /// `Secure`, with a domain, or from another path (RFC 6265bis §4.1.3.2).
    pub(crate) fn cookie(&self) -> Result<HeaderValue, PortalError> {
        secret(&Zeroizing::new(format!("{COOKIE}={}; {ATTRIBUTES}", *self.0)))
    }

    fn from_cookies(headers: &HeaderMap) -> Option<Self> {
        let cookies =
            headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = cookies.flat_map(|value| value.split(';')).map(str::trim);
        let value = pairs.find_map(|pair| pair.strip_prefix(COOKIE)?.strip_prefix('='))?;
        Self::parse(value)
    }
}

impl TryFrom<String> for Token {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&Zeroizing::new(text)).ok_or("not a login")
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

fn secret(text: &str) -> Result<HeaderValue, PortalError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| PortalError::LoginRequired)?;
    value.set_sensitive(true);
    Ok(value)
}

/// What makes the browser forget the token.
pub(crate) fn expired_cookie() -> HeaderValue {
    HeaderValue::from_static(
        "__Host-cloister=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0",
    )
}

/// A person who is logged in, as the API knows them.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) token: Token,
    pub(crate) me: Me,
}

impl Session {
    /// The surroundings of a page of this person.
    pub(crate) fn frame(&self, place: Place) -> Frame {
        Frame { me: Some(self.me.clone()), place }
    }
}

impl FromRequestParts<Api> for Session {
    type Rejection = PortalError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, PortalError> {
        let token = Token::from_cookies(&parts.headers).ok_or(PortalError::LoginRequired)?;
        let me = api.get(&token, "/v1/me").await?;
        Ok(Self { token, me })
    }
}

const COOKIE: &str = "__Host-cloister";
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Strict";
const TOKEN_LENGTH: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_plain_and_may_come_in_a_link() {
        for (text, token) in [
            ("abc0", Some("abc0")),
            (" abc0\n", Some("abc0")),
            ("https://host:1/login#abc0", Some("abc0")),
            ("a-._~+/=", Some("a-._~+/=")),
            ("", None),
            ("#", None),
            ("a b", None),
            ("a;b", None),
            ("a\r\nSet-Cookie: x", None),
            ("ä", None),
            (&"x".repeat(513), None),
        ] {
            let parsed = Token::parse(text);
            assert_eq!(parsed.as_ref().map(|token| token.0.as_str()), token, "{text:?}");
        }
    }

    #[test]
    fn the_cookie_is_found_among_others_and_by_its_whole_name() {
        for (cookies, found) in [
            ("__Host-cloister=t", true),
            ("a=b; __Host-cloister=t; c=d", true),
            ("__Host-cloister-2=t", false),
            ("x__Host-cloister=t", false),
            ("__Host-cloister", false),
            ("__Host-cloister=", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, HeaderValue::from_static(cookies));
            assert_eq!(Token::from_cookies(&headers).is_some(), found, "{cookies}");
        }
    }

    #[test]
    fn nothing_prints_a_token() {
        let token = Token::parse("hush").unwrap();
        let printed = format!("{token:?} {:?} {:?}", token.bearer(), token.cookie());
        assert!(!printed.contains("hush"), "{printed}");
    }
}
