//! How a request that gets something is answered, and the marks on every answer.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use countersign_core::{EntityId, Scope, Timestamp};
use countersign_protocol::{ErrorCode, ErrorResponse, TokenResponse};
use serde::Serialize;

use super::ExpiresIn;
use super::refusal::Refusal;
use super::version::{self, Version};
use crate::http::respond;

/// The header with the id of a request.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What a client of that wire is given: all five members, always.
#[derive(Serialize)]
struct AuthToken<'tokens> {
    token_type: &'static str,
    access_token: &'tokens str,
    refresh_token: &'tokens str,
    expires_in: i64,
    scope: &'tokens Scope,
}

/// 200 with tokens that were made at `now` or later.
pub(super) fn tokens(
    tokens: &TokenResponse,
    expires_in: ExpiresIn,
    now: Timestamp,
) -> Result<Response, Refusal> {
    let Some(refresh_token) = &tokens.refresh_token else {
        let text = "there is no refresh token to answer with; try again";
        return Err(ErrorResponse::new(ErrorCode::TemporarilyUnavailable, text).into());
    };
    let body = AuthToken {
        token_type: tokens.token_type,
        access_token: &tokens.access_token,
        refresh_token,
        expires_in: match expires_in {
            ExpiresIn::Seconds => tokens.expires_in,
            ExpiresIn::Epoch => now.plus(tokens.expires_in).as_seconds(),
        },
        scope: &tokens.scope,
    };
    Ok(respond::json(StatusCode::OK, &body))
}

/// 204: nothing else tells the clients of that wire that a token has ended.
pub(super) fn revoked() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    respond::forbid_keeping(response.headers_mut());
    response
}

/// What every answer carries: the id of the request, and the version if one was spoken.
pub(super) fn mark(headers: &mut HeaderMap, id: EntityId, version: Option<Version>) {
    if let Ok(id) = HeaderValue::try_from(id.to_string()) {
        headers.insert(REQUEST_ID, id);
    }
    if let Some(version) = version {
        headers.insert(version::HEADER, HeaderValue::from_static(version.name()));
    }
}
