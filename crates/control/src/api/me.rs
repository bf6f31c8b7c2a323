//! `/v1/me`.

use axum::{Extension, Json};

use crate::db::people::Login;

/// Who is logged in
#[utoipa::path(get, path = "/v1/me", tag = "people", responses((status = 200, body = Login)))]
pub(super) async fn show(Extension(login): Extension<Login>) -> Json<Login> {
    Json(login)
}
