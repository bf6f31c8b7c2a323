//! The REST API: one file per resource. Handlers read the request, call `app`, and shape the answer.

mod datasets;
mod extract;
mod guard;
mod health;
mod jobs;
mod log;
mod me;
mod openapi;
mod outputs;
mod page;
mod projects;
pub(crate) mod schema;
mod workloads;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodRouter, get, post, put};

use crate::{Control, ControlError};
pub use openapi::openapi_json;

/// All routes, each behind the authorisation matrix.
pub fn router(control: Arc<Control>) -> Router {
    endpoints()
        .into_iter()
        .fold(Router::new(), |router, (_, path, handler)| router.route(path, handler))
        .route_layer(from_fn_with_state(Arc::clone(&control), guard::guard))
        .fallback(async || ControlError::NotFound)
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(from_fn(guard::harden))
        .with_state(control)
}

/// Method, path and handler of everything that is served. Each has a row in
/// [`crate::authz::MATRIX`], without which the guard answers nobody.
fn endpoints() -> Vec<(&'static str, &'static str, MethodRouter<Arc<Control>>)> {
    vec![
        ("GET", "/v1/health", get(health::show)),
        ("GET", "/v1/openapi.json", get(openapi::show)),
        ("GET", "/v1/me", get(me::show)),
        ("GET", "/v1/datasets", get(datasets::list)),
        ("POST", "/v1/datasets", post(datasets::register)),
        ("GET", "/v1/datasets/{digest}", get(datasets::show)),
        ("GET", "/v1/projects", get(projects::list)),
        ("POST", "/v1/projects", post(projects::propose)),
        ("GET", "/v1/projects/{project}", get(projects::show)),
        ("POST", "/v1/projects/{project}/approvals", post(projects::approve)),
        ("GET", "/v1/jobs", get(jobs::list)),
        ("POST", "/v1/jobs", post(jobs::submit)),
        ("GET", "/v1/jobs/{job}", get(jobs::show)),
        ("POST", "/v1/jobs/{job}/cancel", post(jobs::cancel)),
        ("GET", "/v1/outputs", get(outputs::list)),
        ("GET", "/v1/outputs/{output}", get(outputs::show)),
        ("POST", "/v1/outputs/{output}/reviews", post(outputs::review)),
        ("POST", "/v1/outputs/{output}/export", post(outputs::export)),
        ("GET", "/v1/exports/{export}", get(outputs::download)),
        ("GET", "/v1/exports/{export}/bundle", get(outputs::download_bundle)),
        ("GET", "/v1/workloads", get(workloads::list)),
        ("PUT", "/v1/workloads/{digest}", put(workloads::upload)),
        ("PUT", "/v1/workloads/{digest}/bundle", put(workloads::upload_bundle)),
        ("GET", "/log/checkpoint", get(log::checkpoint)),
        ("GET", "/log/stamps/{file}", get(log::stamp)),
        ("GET", "/log/tile/{*path}", get(log::tile)),
    ]
}

/// Any JSON: a proposal, a manifest with some thousand columns. Workloads stream past this.
const BODY_BYTES: usize = 2 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::authz::MATRIX;

    #[test]
    fn router_matrix_and_document_have_the_same_endpoints() {
        let routed: BTreeSet<_> =
            endpoints().iter().map(|(method, path, _)| format!("{method} {path}")).collect();
        let ruled: BTreeSet<_> =
            MATRIX.iter().map(|rule| format!("{} {}", rule.method, rule.path)).collect();
        assert_eq!(routed, ruled);
        assert_eq!(ruled.len(), MATRIX.len(), "a row stands twice");

        let document: serde_json::Value = serde_json::from_str(&openapi_json()).unwrap();
        let mut documented = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for method in item.as_object().unwrap().keys() {
                let path = path.replace("{path}", "{*path}");
                documented.insert(format!("{} {path}", method.to_uppercase()));
            }
        }
        assert_eq!(documented, routed);
    }
}
