//! Request bodies: JSON, whatever the `Content-Type` says.

use axum::body::Body;
use countersign_protocol::JsonObject;

use super::refusal::Fault;
use crate::http::body;

/// Reads a body. `null` counts as `{}`; nothing at all, anything but one object, and a member that stands twice are refused
/// (400).
pub(super) async fn read(body: Body) -> Result<JsonObject, Fault> {
    let body = body::read(body).await?;
    let bytes = body.expose().trim_ascii();
    if bytes == b"null" {
        return Ok(JsonObject::empty());
    }
    JsonObject::parse(bytes).map_err(|error| Fault::invalid(error.to_string()))
}
