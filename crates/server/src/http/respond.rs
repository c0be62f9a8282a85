//! Writing responses to programs.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use countersign_protocol::ErrorResponse;
use serde::Serialize;
use serde_json::json;

/// A JSON response that nobody may keep.
pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Response<Body> {
    let mut response = bare(status, body);
    forbid_keeping(response.headers_mut());
    response
}

/// A JWT that nobody may keep, as it is (RFC 7519 §10.3.1).
pub(super) fn jwt(jwt: String) -> Response<Body> {
    let mut response = of_type("application/jwt", Body::from(jwt));
    forbid_keeping(response.headers_mut());
    response
}

/// RFC 6749 §5.1: "The authorization server MUST include the HTTP "Cache-Control" response header field with a value of
/// "no-store" ... as well as the "Pragma" response header field with a value of "no-cache"."
pub(super) fn forbid_keeping(headers: &mut HeaderMap) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
}

/// A JSON document that everybody may keep for `max_age` seconds.
pub(super) fn public_json(body: &impl Serialize, max_age: i64) -> Response<Body> {
    let mut response = bare(StatusCode::OK, body);
    if let Ok(value) = HeaderValue::try_from(format!("public, max-age={max_age}")) {
        response.headers_mut().insert(header::CACHE_CONTROL, value);
    }
    response
}

/// An error response of the protocol; `realm` is the issuer.
pub(super) fn error(error: &ErrorResponse, realm: &str) -> Response<Body> {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = json(status, error);
    tell_when(response.headers_mut(), status, error.retry_after);
    for challenge in error.www_authenticate(realm) {
        if let Ok(value) = HeaderValue::try_from(challenge) {
            response
                .headers_mut()
                .append(header::WWW_AUTHENTICATE, value);
        }
    }
    response
}

/// When the request may be tried again, and whether it has to be on another connection.
pub(super) fn tell_when(headers: &mut HeaderMap, status: StatusCode, retry_after: Option<u32>) {
    if let Some(seconds) = retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
}

/// 405 with the methods that the resource has (RFC 9110 §15.5.6).
pub(super) fn method_not_allowed(allow: &'static str) -> Response<Body> {
    let mut response = json(
        StatusCode::METHOD_NOT_ALLOWED,
        &json!({
            "error": "invalid_request",
            "error_description": format!("the method is not allowed here; use {allow}"),
        }),
    );
    response
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static(allow));
    response
}

fn bare(status: StatusCode, body: &impl Serialize) -> Response<Body> {
    let (status, body) = match serde_json::to_vec(body) {
        Ok(body) => (status, Body::from(body)),
        Err(error) => {
            tracing::error!(%error, "response not written");
            (
                StatusCode::INTERNAL_SERVER_ERROR,
                Body::from(r#"{"error":"server_error"}"#),
            )
        }
    };
    let mut response = of_type("application/json; charset=UTF-8", body);
    *response.status_mut() = status;
    response
}

fn of_type(media_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}
