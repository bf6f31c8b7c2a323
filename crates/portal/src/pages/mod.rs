//! The site: one file per part. Handlers ask the API, and fill a template with what it answered.

mod datasets;
mod home;
mod jobs;
mod log;
mod login;
mod outputs;
mod projects;

use askama::Template;
use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequestParts, Query, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::middleware::from_fn;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use domain::ids::PersonId;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::api::Api;
use crate::error::PortalError;
use crate::model::{Cursor, Me};
use crate::{assets, guard};

/// The pages beside `api`, which is control's router and answers everything below `/v1/` and `/log/`.
///
/// Whoever asks for a page gets what `api` answers to the token in their cookie, and nothing besides.
pub fn router(api: Router) -> Router {
    endpoints()
        .into_iter()
        .fold(Router::new(), |router, (_, path, handler)| router.route(path, handler))
        .route_layer(DefaultBodyLimit::max(FORM_BYTES))
        .method_not_allowed_fallback(async || PortalError::MethodNotAllowed)
        .fallback(elsewhere)
        .layer(from_fn(guard::guard))
        .with_state(Api::new(api))
}

/// Method and path of everything that is served here.
pub const ROUTES: [(&str, &str); 21] = [
    ("GET", "/"),
    ("GET", "/login"),
    ("POST", "/login"),
    ("POST", "/logout"),
    ("GET", "/datasets"),
    ("GET", "/datasets/{digest}"),
    ("GET", "/projects"),
    ("GET", "/projects/{project}"),
    ("GET", "/projects/{project}/proposal.json"),
    ("GET", "/jobs"),
    ("GET", "/jobs/{job}"),
    ("POST", "/jobs/{job}/cancel"),
    ("GET", "/outputs"),
    ("GET", "/outputs/{output}"),
    ("POST", "/outputs/{output}/export"),
    ("GET", "/exports/{export}"),
    ("GET", "/exports/{export}/bundle"),
    ("GET", "/log"),
    ("GET", "/assets/style.css"),
    ("GET", "/assets/login.js"),
    ("GET", "/assets/icon.svg"),
];

/// The handlers of [`ROUTES`].
fn endpoints() -> Vec<(&'static str, &'static str, MethodRouter<Api>)> {
    vec![
        ("GET", "/", get(home::show)),
        ("GET", "/login", get(login::show)),
        ("POST", "/login", post(login::enter)),
        ("POST", "/logout", post(login::leave)),
        ("GET", "/datasets", get(datasets::list)),
        ("GET", "/datasets/{digest}", get(datasets::show)),
        ("GET", "/projects", get(projects::list)),
        ("GET", "/projects/{project}", get(projects::show)),
        ("GET", "/projects/{project}/proposal.json", get(projects::proposal)),
        ("GET", "/jobs", get(jobs::list)),
        ("GET", "/jobs/{job}", get(jobs::show)),
        ("POST", "/jobs/{job}/cancel", post(jobs::cancel)),
        ("GET", "/outputs", get(outputs::list)),
        ("GET", "/outputs/{output}", get(outputs::show)),
        ("POST", "/outputs/{output}/export", post(outputs::export)),
        ("GET", "/exports/{export}", get(outputs::download)),
        ("GET", "/exports/{export}/bundle", get(outputs::download_bundle)),
        ("GET", "/log", get(log::show)),
        ("GET", "/assets/style.css", get(assets::style)),
        ("GET", "/assets/login.js", get(assets::login_script)),
        ("GET", "/assets/icon.svg", get(assets::icon)),
    ]
}

/// What is no page is the API's, or nothing.
async fn elsewhere(State(api): State<Api>, request: Request) -> Response {
    if guard::is_api(request.uri().path()) {
        api.pass(request).await
    } else {
        PortalError::NotFound.into_response()
    }
}

/// A template with its status.
pub(crate) struct Page<T>(StatusCode, T);

impl<T> Page<T> {
    pub(crate) const fn of(template: T) -> Self {
        Self(StatusCode::OK, template)
    }

    pub(crate) const fn with(status: StatusCode, template: T) -> Self {
        Self(status, template)
    }
}

impl<T: Template> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        match self.1.render() {
            Ok(html) => (self.0, Html(html)).into_response(),
            Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, "portal.render").into_response(),
        }
    }
}

/// What surrounds the content of a page: who is logged in, and where the page belongs.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) me: Option<Me>,
    pub(crate) place: Place,
}

/// The parts of the site, as the navigation has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Home,
    Datasets,
    Projects,
    Jobs,
    Outputs,
    Log,
    Outside,
}

impl Frame {
    /// The surroundings of a page for nobody in particular.
    pub(crate) const fn outside() -> Self {
        Self { me: None, place: Place::Outside }
    }

    /// Whether `person` is the reader.
    pub(crate) fn is_me(&self, person: &PersonId) -> bool {
        self.me.as_ref().is_some_and(|me| me.person == *person)
    }

    /// Address and label of the parts that this person's role can use, and whether the page is there.
    pub(crate) fn parts(&self) -> Vec<(&'static str, &'static str, bool)> {
        let sees_jobs = self.me.as_ref().is_some_and(|me| me.role.sees_jobs());
        let parts = [
            (Place::Home, "/", "Start"),
            (Place::Datasets, "/datasets", "Datasets"),
            (Place::Projects, "/projects", "Projects"),
            (Place::Jobs, "/jobs", "Jobs"),
            (Place::Outputs, "/outputs", "Outputs"),
            (Place::Log, "/log", "Log"),
        ];
        let mine = parts.into_iter().filter(|(place, ..)| sees_jobs || *place != Place::Jobs);
        mine.map(|(place, href, label)| (href, label, place == self.place)).collect()
    }
}

/// The one parameter of the path. A text that cannot name anything names nothing.
pub(crate) struct Named<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Named<T> {
    type Rejection = PortalError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PortalError> {
        let found = axum::extract::Path::from_request_parts(parts, state).await;
        found.map(|axum::extract::Path(value)| Self(value)).map_err(|_| PortalError::NotFound)
    }
}

/// Which page of a listing is wanted.
#[derive(Debug, Deserialize)]
pub(crate) struct Continued {
    cursor: Option<Cursor>,
}

impl Continued {
    /// The API's address of that page.
    pub(crate) fn of(&self, listing: &str) -> String {
        match &self.cursor {
            None => format!("{listing}?limit={PAGE}"),
            Some(cursor) => format!("{listing}?limit={PAGE}&cursor={cursor}"),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Continued {
    type Rejection = PortalError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PortalError> {
        let query = Query::from_request_parts(parts, state).await;
        query.map(|Query(value)| value).map_err(|_| PortalError::Malformed)
    }
}

/// The biggest form has one login in it.
const FORM_BYTES: usize = 4096;
/// Items on a page of a listing: two screens of a phone.
const PAGE: u32 = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_routes_are_those_that_are_served() {
        let served: Vec<_> =
            endpoints().into_iter().map(|(method, path, _)| (method, path)).collect();
        assert_eq!(served, ROUTES);
    }
}
