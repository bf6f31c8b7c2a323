//! The web pages: what control's REST API answers *this person*, as HTML.
//!
//! The portal is a client of the API like any other. It calls it in-process, with the token from the
//! person's cookie, and shows what comes back: it holds no rights, no SQL and no key, so that who may
//! see or do what is decided in one place, control's matrix. What needs a person's own signature is
//! not done here: the page names the command, and the key stays where it is.
//!
//! [`router`] puts the pages beside the API. [`model`] has the parsed answers, with no more fields than
//! pages show; [`pages`] one file per part of the site; [`guard`] what every request for a page passes.

mod api;
mod assets;
mod error;
mod guard;
mod model;
mod pages;
mod session;

pub use pages::{ROUTES, router};

/// The link that logs its reader in to the pages of the control service at `control_url`.
///
/// The token is behind the `#`, which browsers send to no server; a script of the login page puts it
/// into the form. The link is as secret as the token: for the one message that hands it over.
#[must_use]
pub fn login_link(control_url: &str, token: &str) -> String {
    format!("{}/login#{token}", control_url.trim_end_matches('/'))
}
