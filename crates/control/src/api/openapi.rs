//! `/v1/openapi.json`: the document that `docs/openapi.json` is a copy of.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Cloister",
        description = "The control plane of a confidential research workspace. Every refusal is \
                       `application/problem+json` with a stable reason code.",
    ),
    paths(
        super::health::show,
        show,
        super::me::show,
        super::datasets::list,
        super::datasets::register,
        super::datasets::show,
        super::projects::list,
        super::projects::propose,
        super::projects::show,
        super::projects::approve,
        super::jobs::list,
        super::jobs::submit,
        super::jobs::show,
        super::jobs::cancel,
        super::outputs::list,
        super::outputs::show,
        super::outputs::review,
        super::outputs::export,
        super::outputs::download,
        super::outputs::download_bundle,
        super::workloads::list,
        super::workloads::upload,
        super::workloads::upload_bundle,
        super::log::checkpoint,
        super::log::stamp,
        super::log::tile,
    ),
    components(schemas(super::schema::Problem)),
    security(("login" = [])),
    modifiers(&Login),
)]
struct Api;

struct Login;

impl Modify for Login {
    fn modify(&self, document: &mut Document) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        if let Some(components) = &mut document.components {
            components.add_security_scheme("login", SecurityScheme::Http(scheme));
        }
    }
}

/// The OpenAPI document of [`super::router`].
#[must_use]
pub fn openapi_json() -> String {
    let document = Api::openapi().to_pretty_json();
    document.unwrap_or_default() + "\n"
}

/// Describes this API
#[utoipa::path(get, path = "/v1/openapi.json", tag = "service", security(()),
    responses((status = 200, body = Object)))]
pub(super) async fn show() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], openapi_json()).into_response()
}
