//! How that server refuses. Its statuses, codes and texts are found by what the provider says and by what the request had;
//! nothing is told here that the provider does not tell.

use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;
use countersign_protocol::{ErrorCode, ErrorDescription, ErrorResponse, Form};
use serde::Serialize;

use super::Endpoint;
use crate::http::respond;

/// What is known of a request that is refused.
#[derive(Debug)]
pub(super) enum Seen {
    /// Nothing: it could not be read.
    Nothing,
    /// It names its grant type in the URL, where nothing is read.
    GrantTypeInUrl,
    /// What it had.
    Request(SeenRequest),
}

/// What a request had that could be read.
#[derive(Debug)]
pub(super) struct SeenRequest {
    /// Where it came to.
    pub(super) endpoint: Endpoint,
    /// Its grant type.
    pub(super) grant_type: Option<String>,
    /// Whether it names a client, or is one that may come with a token of its own.
    pub(super) has_client: bool,
    /// Whether it has a secret.
    pub(super) has_secret: bool,
    /// The first parameter that it has to have, and lacks.
    pub(super) missing: Option<&'static str>,
    /// The scope that it asks for.
    pub(super) scope: Option<String>,
}

impl Seen {
    /// What is known before the body is read.
    pub(super) fn before_reading(endpoint: Endpoint, request: &Request) -> Self {
        let query = request.uri().query().unwrap_or_default();
        let query = Form::parse(query.as_bytes(), &[]);
        match (endpoint, query) {
            (Endpoint::Token, Ok(query)) if query.get("grant_type").is_some() => {
                Self::GrantTypeInUrl
            }
            _ => Self::Nothing,
        }
    }
}

/// The error of a hint that names no kind of token.
pub(super) fn unknown_hint() -> ErrorResponse {
    ErrorResponse::new(
        ErrorCode::UnsupportedTokenType,
        "token_type_hint is access_token, refresh_token or auth_code",
    )
}

/// Writes the answer. No header challenges anybody there.
pub(super) fn write(error: &ErrorResponse, seen: &Seen) -> Response {
    let words = Words::find(error, seen);
    let status = StatusCode::from_u16(words.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = respond::json(status, &words.body());
    respond::tell_when(response.headers_mut(), status, error.retry_after);
    response
}

/// What is said.
#[derive(Debug, PartialEq, Eq)]
struct Words {
    status: u16,
    code: &'static str,
    title: &'static str,
    description: Option<String>,
}

/// The body of a refusal.
#[derive(Debug, Serialize)]
struct Body {
    status: u16,
    message: String,
    error: &'static str,
    error_description: String,
}

impl Words {
    fn find(error: &ErrorResponse, seen: &Seen) -> Self {
        match seen {
            Seen::Nothing => Self::of(error),
            Seen::GrantTypeInUrl => Self::bare(ErrorCode::UnsupportedGrantType),
            Seen::Request(seen) => Self::for_request(error, seen),
        }
    }

    fn for_request(error: &ErrorResponse, seen: &SeenRequest) -> Self {
        let at_token = seen.endpoint == Endpoint::Token;
        match error.error {
            // Whatever the request lacks: nobody could decide, or not now.
            ErrorCode::TemporarilyUnavailable => Self::of(error),
            ErrorCode::ServerError
            | ErrorCode::UnsupportedGrantType
            | ErrorCode::UnsupportedTokenType => Self::bare(error.error),
            _ if at_token && seen.grant_type.is_none() => {
                Self::bare(ErrorCode::UnsupportedGrantType)
            }
            ErrorCode::InvalidRequest | ErrorCode::InvalidClient if !seen.has_client => {
                if at_token {
                    Self::check("client_id")
                } else {
                    Self::bare(ErrorCode::InvalidClient)
                }
            }
            // One answer for an unknown client and a wrong secret (attack class 43).
            ErrorCode::InvalidClient if !seen.has_secret => Self::told(
                ErrorCode::InvalidClient,
                "Confidential clients require client_secret.",
            ),
            ErrorCode::InvalidClient | ErrorCode::UnauthorizedClient => Self::told(
                ErrorCode::InvalidClient,
                "Client has been revoked or is invalid.",
            ),
            ErrorCode::InvalidRequest => match seen.missing {
                Some(name) => Self::check(name),
                None => Self::of(error),
            },
            ErrorCode::InvalidScope => {
                let scope = seen.scope.as_deref().unwrap_or_default();
                let scope = scope.split(' ').collect::<Vec<_>>().join(", ");
                Self::told(error.error, &format!("Check the `{scope}` scope(s)"))
            }
            ErrorCode::InvalidGrant => match seen.grant_type.as_deref() {
                Some("refresh_token") => Self::check("refresh_token"),
                Some("authorization_code") => Self::check("code"),
                _ => Self::bare(error.error),
            },
            _ => Self::of(error),
        }
    }

    /// A parameter is missing or wrong.
    fn check(parameter: &str) -> Self {
        let text = format!("Check the `{parameter}` parameter");
        Self::told(ErrorCode::InvalidRequest, &text)
    }

    /// A refusal that says no more than its title.
    fn bare(code: ErrorCode) -> Self {
        Self {
            status: code.status(),
            code: code.name(),
            title: title(code),
            description: None,
        }
    }

    fn told(code: ErrorCode, description: &str) -> Self {
        let description = description.chars().take(ErrorDescription::MAX_LEN);
        Self {
            description: Some(description.collect()),
            ..Self::bare(code)
        }
    }

    /// What the provider says, as it says it.
    fn of(error: &ErrorResponse) -> Self {
        Self {
            status: error.status(),
            ..Self::told(error.error, error.error_description.as_str())
        }
    }

    fn body(self) -> Body {
        let Self {
            status,
            code,
            title,
            description,
        } = self;
        Body {
            status,
            message: match &description {
                Some(description) => format!("{title}: {description}"),
                None => title.to_owned(),
            },
            error: code,
            error_description: description.unwrap_or_else(|| title.to_owned()),
        }
    }
}

/// What a code means: RFC 6749 §5.2.
const fn title(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::InvalidRequest => {
            "The request is missing a required parameter, includes an invalid parameter value, includes a parameter more than \
             once, or is otherwise malformed"
        }
        ErrorCode::InvalidClient => "Client authentication failed",
        ErrorCode::InvalidGrant => {
            "The provided authorization grant or refresh token is invalid, expired, revoked, does not match the redirection \
             URI used in the authorization request, or was issued to another client"
        }
        ErrorCode::InvalidScope => "The requested scope is invalid, unknown, or malformed",
        ErrorCode::UnsupportedGrantType => "Unsupported grant_type",
        ErrorCode::UnsupportedTokenType => "Unsupported token_type_hint",
        ErrorCode::ServerError => "Internal server error",
        _ => "The request is refused",
    }
}

#[cfg(test)]
mod tests;
