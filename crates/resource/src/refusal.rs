//! Why a request is not let in, and what is answered: RFC 6750 §3.

use countersign_core::Scope;
use countersign_jose::access_token::{AccessTokenError, ClaimsError};
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::json;
use thiserror::Error;

use crate::Challenge;

/// Why a request is not let in.
///
/// The text of a refusal is for the log of the API: it names the reason and holds nothing of the token. What the
/// caller is told is less; see [`Refusal::response`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// There is no bearer token. Answered with 401 and no error code, since nothing was tried (RFC 6750 §3.1).
    #[error("the request has no bearer token")]
    Missing,
    /// The request cannot be understood: 400, `invalid_request`.
    #[error("the request is malformed: {0}")]
    Malformed(#[from] MalformedReason),
    /// The token is not good here: 401, `invalid_token`.
    #[error("the access token is refused: {0}")]
    InvalidToken(#[from] InvalidToken),
    /// The token is good, and allows too little: 403, `insufficient_scope`.
    #[error("the access token lacks a scope of {required:?}")]
    InsufficientScope {
        /// The whole scope that is needed.
        required: Scope,
    },
    /// Nobody can say whether the token is good, so nobody is let in: 503. There is no key, or the introspection
    /// endpoint does not answer as it should.
    #[error("the access token cannot be judged now")]
    Unavailable {
        /// Seconds after which the request may be tried again.
        retry_after: u32,
    },
}

/// Why a request is malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MalformedReason {
    /// There is more than one `Authorization` header.
    #[error("there is more than one Authorization header")]
    SeveralHeaders,
    /// After the scheme comes nothing.
    #[error("the bearer token is empty")]
    Empty,
    /// The token has characters that none has (RFC 6750 §2.1, `b64token`).
    #[error("the bearer token has characters that do not belong there")]
    Characters,
}

/// Why a token is not good here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidToken {
    /// It is no JWT access token that is accepted here.
    #[error(transparent)]
    Jwt(#[from] AccessTokenError),
    /// It is too long to be asked about.
    #[error("the token is too long")]
    TooLong,
    /// The introspection endpoint says that it is not active (RFC 7662 §2.2).
    #[error("the token is not active")]
    Inactive,
    /// It is of another issuer.
    #[error("the token is of another issuer")]
    Issuer,
    /// It is meant for another audience, or for nobody in particular.
    #[error("the token is meant for another audience")]
    Audience,
    /// `exp` is past.
    #[error("the token has expired")]
    Expired,
    /// `nbf` is to come.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// It is bound to a key of its holder, and this path cannot check that binding.
    #[error("the token is sender-constrained")]
    SenderConstrained,
    /// It is no bearer access token, but for example a refresh token.
    #[error("the token is not a bearer access token")]
    Type,
    /// Its claims are not those that the API works with.
    #[error("the token lacks claims that this API needs, or has them in another form")]
    Claims,
}

impl InvalidToken {
    /// Whether its time is over, which its holder may know: another token will do.
    const fn is_expired(self) -> bool {
        matches!(
            self,
            Self::Expired | Self::Jwt(AccessTokenError::Claims(ClaimsError::Expired))
        )
    }
}

impl Refusal {
    /// The same, and if it is a scope that lacks, `scope` is needed, too: else two who ask for different scopes would
    /// send a client to and fro between them.
    pub(crate) fn requiring(self, scope: &Scope) -> Self {
        match self {
            Self::InsufficientScope { required } => Self::InsufficientScope {
                required: required.iter().chain(scope).cloned().collect(),
            },
            other => other,
        }
    }

    /// The status of the answer.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::Missing | Self::InvalidToken(_) => StatusCode::UNAUTHORIZED,
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::InsufficientScope { .. } => StatusCode::FORBIDDEN,
            Self::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The error code on the wire; none if nothing was tried.
    #[must_use]
    pub const fn code(&self) -> Option<&'static str> {
        match self {
            // RFC 6750 §3.1: "If the request lacks any authentication information ... the resource server SHOULD NOT
            // include an error code or other error information."
            Self::Missing => None,
            Self::Malformed(_) => Some("invalid_request"),
            Self::InvalidToken(_) => Some("invalid_token"),
            Self::InsufficientScope { .. } => Some("insufficient_scope"),
            Self::Unavailable { .. } => Some("temporarily_unavailable"),
        }
    }

    /// What the caller is told: nothing that would help to forge a token.
    pub(crate) const fn description(&self) -> &'static str {
        match self {
            Self::Missing => "",
            Self::Malformed(MalformedReason::SeveralHeaders) => {
                "there is more than one Authorization header"
            }
            Self::Malformed(MalformedReason::Empty | MalformedReason::Characters) => {
                "the Authorization header is not Bearer and a token"
            }
            Self::InvalidToken(reason) if reason.is_expired() => "the access token has expired",
            Self::InvalidToken(_) => "the access token is not valid here",
            Self::InsufficientScope { .. } => "the access token lacks a scope that is needed here",
            Self::Unavailable { .. } => "the access token cannot be judged now",
        }
    }

    /// The answer to the request: status, `WWW-Authenticate` by `challenge`, and the code as JSON.
    ///
    /// ```
    /// use countersign_resource::{Challenge, Refusal};
    ///
    /// let response = Refusal::InsufficientScope { required: "accounts.write".parse()? }.response(&Challenge::new());
    /// assert_eq!(response.status(), 403);
    /// assert_eq!(
    ///     response.headers()["www-authenticate"],
    ///     "Bearer realm=\"api\", error=\"insufficient_scope\", \
    ///      error_description=\"the access token lacks a scope that is needed here\", scope=\"accounts.write\"",
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn response(&self, challenge: &Challenge) -> Response<String> {
        let code = self.code();
        let body = code.map(|code| {
            json!({"error": code, "error_description": self.description()}).to_string()
        });
        let mut response = Response::new(body.unwrap_or_default());
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        if code.is_some() {
            headers.insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/json"),
            );
        }
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Self::Unavailable { retry_after } = self {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(*retry_after));
        }
        if let Some(value) = challenge.header_value(self) {
            headers.insert(header::WWW_AUTHENTICATE, value);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use countersign_jose::jws::JwsError;

    use super::*;

    fn jwt(error: impl Into<AccessTokenError>) -> Refusal {
        InvalidToken::Jwt(error.into()).into()
    }

    #[test]
    fn rfc6750_05_to_10_status_code_and_body() {
        const NOT_VALID: &str =
            r#"{"error":"invalid_token","error_description":"the access token is not valid here"}"#;
        const EXPIRED: &str =
            r#"{"error":"invalid_token","error_description":"the access token has expired"}"#;
        let cases = [
            (Refusal::Missing, 401, ""),
            (
                MalformedReason::SeveralHeaders.into(),
                400,
                r#"{"error":"invalid_request","error_description":"there is more than one Authorization header"}"#,
            ),
            (
                MalformedReason::Characters.into(),
                400,
                r#"{"error":"invalid_request","error_description":"the Authorization header is not Bearer and a token"}"#,
            ),
            (jwt(JwsError::Signature), 401, NOT_VALID),
            (jwt(JwsError::UnknownKey), 401, NOT_VALID),
            (jwt(ClaimsError::Missing("exp")), 401, NOT_VALID),
            (jwt(ClaimsError::Expired), 401, EXPIRED),
            (InvalidToken::Expired.into(), 401, EXPIRED),
            (InvalidToken::Inactive.into(), 401, NOT_VALID),
            (InvalidToken::Audience.into(), 401, NOT_VALID),
            (
                Refusal::InsufficientScope {
                    required: "a b".parse().unwrap(),
                },
                403,
                r#"{"error":"insufficient_scope","error_description":"the access token lacks a scope that is needed here"}"#,
            ),
            (
                Refusal::Unavailable { retry_after: 7 },
                503,
                r#"{"error":"temporarily_unavailable","error_description":"the access token cannot be judged now"}"#,
            ),
        ];
        for (refusal, status, body) in cases {
            let response = refusal.response(&Challenge::new());
            assert_eq!(response.status(), status, "{refusal:?}");
            assert_eq!(response.body(), body, "{refusal:?}");
            assert_eq!(response.headers()["cache-control"], "no-store");
            let content_type = response.headers().get("content-type");
            assert_eq!(content_type.is_some(), !body.is_empty(), "{refusal:?}");
            // RFC 6750 §3: every 401 has a challenge; where nobody is to blame, a challenge would mislead.
            let challenged = response.headers().contains_key("www-authenticate");
            assert_eq!(challenged, status != 503, "{refusal:?}");
            let retry_after = response.headers().get("retry-after");
            assert_eq!(retry_after.is_some(), status == 503, "{refusal:?}");
        }
        let response = Refusal::Unavailable { retry_after: 7 }.response(&Challenge::new());
        assert_eq!(response.headers()["retry-after"], "7");
    }
}
