//! What everybody may ask: how to sign in, and whether the service works.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde_json::json;

use super::only;
use crate::http::{Service, respond};

/// The one way of signing in that there is: with the password of a user of this service.
pub(super) const BACKEND: &str = "wazo_user";

/// The routes.
pub(super) fn routes() -> Router<Service> {
    Router::new()
        // Public.
        .route("/backends", only("GET, HEAD", get(backends)))
        // Public: it tells nothing but whether.
        .route("/status", only("GET, HEAD", get(status)))
}

async fn backends() -> Response {
    respond::json(StatusCode::OK, &json!({ "data": [BACKEND] }))
}

async fn status(State(service): State<Service>) -> Response {
    let (status, word) = if service.provider.is_ready().await {
        (StatusCode::OK, "ok")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "fail")
    };
    respond::json(status, &json!({ "status": word }))
}
