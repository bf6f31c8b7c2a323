//! `/v1/health`.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

/// That the service answers.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Health {
    /// `ok`.
    status: &'static str,
}

/// Whether the service answers
#[utoipa::path(get, path = "/v1/health", tag = "service", security(()),
    responses((status = 200, body = Health)))]
pub(super) async fn show() -> Json<Health> {
    Json(Health { status: "ok" })
}
