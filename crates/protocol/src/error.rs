//! Error responses: RFC 6749 §5.2, and what later documents added to them.

use std::fmt;

use serde::Serialize;

use crate::FormError;

/// The registered error codes that this service sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorCode {
    /// The request is malformed (RFC 6749 §5.2).
    InvalidRequest,
    /// The client did not prove who it is (RFC 6749 §5.2).
    InvalidClient,
    /// The code, refresh token or presented token is not good for this client (RFC 6749 §5.2).
    InvalidGrant,
    /// The client may not use this grant type (RFC 6749 §5.2).
    UnauthorizedClient,
    /// The server does not know this grant type (RFC 6749 §5.2).
    UnsupportedGrantType,
    /// Tokens of this type are not revoked at this endpoint (RFC 7009 §2.2.1).
    UnsupportedTokenType,
    /// The scope is malformed or more than the client may have (RFC 6749 §5.2).
    InvalidScope,
    /// The resource is malformed or not one of the client's (RFC 8707 §2).
    InvalidTarget,
    /// The bearer token is expired, revoked or none of ours (RFC 6750 §3.1).
    InvalidToken,
    /// The bearer token lacks the scope that this endpoint asks for (RFC 6750 §3.1).
    InsufficientScope,
    /// Something failed that the client cannot mend (RFC 6749 §4.1.2.1).
    ServerError,
    /// The service cannot decide right now; nothing was consumed (RFC 6749 §4.1.2.1).
    TemporarilyUnavailable,
    /// The server does not know this response type (RFC 6749 §4.1.2.1).
    UnsupportedResponseType,
    /// The user, or a rule, said no (RFC 6749 §4.1.2.1).
    AccessDenied,
    /// Nobody is signed in, and no page may be shown (OpenID Connect Core §3.1.2.6).
    LoginRequired,
    /// The user has not agreed, and no page may be shown (OpenID Connect Core §3.1.2.6).
    ConsentRequired,
    /// Something has to be asked, and no page may be shown (OpenID Connect Core §3.1.2.6).
    InteractionRequired,
    /// It has to be asked which account is meant, and no page may be shown (OpenID Connect Core §3.1.2.6).
    AccountSelectionRequired,
    /// Request objects are not read (OpenID Connect Core §3.1.2.6).
    RequestNotSupported,
    /// Request objects are not fetched (OpenID Connect Core §3.1.2.6).
    RequestUriNotSupported,
    /// Clients do not register with an authorization request (OpenID Connect Core §3.1.2.6).
    RegistrationNotSupported,
    /// The user cannot be authenticated in the way that is essential to the client (OpenID Connect Core Unmet
    /// Authentication Requirements §2).
    UnmetAuthenticationRequirements,
}

impl ErrorCode {
    /// The HTTP status that goes with the code, where it is not sent to a redirect URI.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::InvalidRequest
            | Self::InvalidGrant
            | Self::UnauthorizedClient
            | Self::UnsupportedGrantType
            | Self::UnsupportedTokenType
            | Self::InvalidScope
            | Self::InvalidTarget
            | Self::UnsupportedResponseType
            | Self::AccessDenied
            | Self::LoginRequired
            | Self::ConsentRequired
            | Self::InteractionRequired
            | Self::AccountSelectionRequired
            | Self::RequestNotSupported
            | Self::RequestUriNotSupported
            | Self::RegistrationNotSupported
            | Self::UnmetAuthenticationRequirements => 400,
            Self::InvalidClient | Self::InvalidToken => 401,
            Self::InsufficientScope => 403,
            Self::ServerError => 500,
            Self::TemporarilyUnavailable => 503,
        }
    }

    /// The code on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedTokenType => "unsupported_token_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::AccessDenied => "access_denied",
            Self::LoginRequired => "login_required",
            Self::ConsentRequired => "consent_required",
            Self::InteractionRequired => "interaction_required",
            Self::AccountSelectionRequired => "account_selection_required",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
            Self::RegistrationNotSupported => "registration_not_supported",
            Self::UnmetAuthenticationRequirements => "unmet_authentication_requirements",
        }
    }
}

/// A text that tells the integrator what to fix, in the characters that RFC 6749 §5.2 allows.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ErrorDescription(String);

impl ErrorDescription {
    /// The most characters that a description has; a longer text is cut.
    pub const MAX_LEN: usize = 300;

    /// Keeps what RFC 6749 §5.2 allows (`%x20-21 / %x23-5B / %x5D-7E`); anything else becomes `?`.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(
            text.chars()
                .take(Self::MAX_LEN)
                .map(|char| match char {
                    ' ' | '!' | '#'..='[' | ']'..='~' => char,
                    _ => '?',
                })
                .collect(),
        )
    }

    /// The description as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ErrorDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What the `WWW-Authenticate` header of an error response says (RFC 9110 §11.6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Challenge {
    /// Client authentication by HTTP Basic (RFC 6749 §5.2, RFC 7617 §2).
    Basic,
    /// A bearer token (RFC 6750 §3); with the error code if a token was sent, without if none was.
    Bearer {
        /// The scope that the endpoint asks for.
        scope: &'static str,
        /// Whether to name the error: "If the request lacks any authentication information ... the resource server
        /// SHOULD NOT include an error code" (RFC 6750 §3.1).
        with_error: bool,
    },
}

/// An error response, as it goes over the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErrorResponse {
    /// The registered code.
    pub error: ErrorCode,
    /// What to fix.
    pub error_description: ErrorDescription,
    /// The challenges of the `WWW-Authenticate` header.
    #[serde(skip)]
    pub challenges: Vec<Challenge>,
    /// Seconds after which the request may be tried again (RFC 9110 §10.2.3).
    #[serde(skip)]
    pub retry_after: Option<u32>,
    #[serde(skip)]
    status: u16,
}

impl ErrorResponse {
    /// The response with `error`, and `description` brought into the allowed characters.
    #[must_use]
    pub fn new(error: ErrorCode, description: &str) -> Self {
        // RFC 6749 §5.2: a 401 to a client that tried the Authorization header names the scheme; RFC 9110 §15.5.2
        // asks for the header in every 401.
        let challenges = match error {
            ErrorCode::InvalidClient => vec![Challenge::Basic],
            _ => Vec::new(),
        };
        Self {
            error,
            error_description: ErrorDescription::new(description),
            challenges,
            retry_after: (error == ErrorCode::TemporarilyUnavailable).then_some(1),
            status: error.status(),
        }
    }

    /// `invalid_request`, with the status that says that the body was too large (RFC 9110 §15.5.14).
    #[must_use]
    pub fn body_too_large() -> Self {
        let description = format!(
            "the request body has more than {} bytes",
            crate::MAX_BODY_BYTES
        );
        Self {
            status: 413,
            ..Self::new(ErrorCode::InvalidRequest, &description)
        }
    }

    /// `temporarily_unavailable`, with the status that says that there were too many attempts (RFC 6585 §4); the next
    /// one is welcome after `seconds`.
    #[must_use]
    pub fn too_many_requests(seconds: u32) -> Self {
        Self {
            status: 429,
            retry_after: Some(seconds),
            ..Self::new(
                ErrorCode::TemporarilyUnavailable,
                &format!("too many failed attempts; try again in {seconds} s"),
            )
        }
    }

    /// The same for a client that presented an assertion: 400, and no challenge, which would ask for something else.
    ///
    /// RFC 6749 §5.2 wants 401 with a challenge where the client used the `Authorization` header; RFC 7521 §4.2.1 shows 400 for
    /// assertions. Widely used client libraries show a challenge in the place of the description.
    #[must_use]
    pub fn to_assertion(self) -> Self {
        if self.error != ErrorCode::InvalidClient {
            return self;
        }
        Self {
            status: 400,
            challenges: Vec::new(),
            ..self
        }
    }

    /// `invalid_request`: the parameter `name` is missing.
    #[must_use]
    pub fn missing_parameter(name: &str) -> Self {
        Self::new(
            ErrorCode::InvalidRequest,
            &format!("the parameter '{name}' is missing"),
        )
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The values of the `WWW-Authenticate` header, one per scheme. `realm` is the issuer.
    pub fn www_authenticate(&self, realm: &str) -> impl Iterator<Item = String> {
        self.challenges.iter().map(move |challenge| match challenge {
            Challenge::Basic => format!("Basic realm=\"{realm}\", charset=\"UTF-8\""),
            Challenge::Bearer { scope, with_error: false } => {
                format!("Bearer realm=\"{realm}\", scope=\"{scope}\"")
            }
            Challenge::Bearer { scope, with_error: true } => format!(
                "Bearer realm=\"{realm}\", scope=\"{scope}\", error=\"{}\", error_description=\"{}\"",
                self.error.name(),
                self.error_description.as_str(),
            ),
        })
    }
}

impl From<FormError> for ErrorResponse {
    fn from(error: FormError) -> Self {
        Self::new(ErrorCode::InvalidRequest, &error.to_string())
    }
}

impl fmt::Display for ErrorResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {}",
            self.error.name(),
            self.error_description.as_str()
        )
    }
}

impl std::error::Error for ErrorResponse {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_body_has_code_and_description_only() {
        let body = serde_json::to_string(&ErrorResponse::missing_parameter("token")).unwrap();
        assert_eq!(
            body,
            r#"{"error":"invalid_request","error_description":"the parameter 'token' is missing"}"#
        );
    }

    #[test]
    fn who_is_to_come_back_is_told_when() {
        let away = ErrorResponse::new(ErrorCode::TemporarilyUnavailable, "x");
        assert_eq!((away.status(), away.retry_after), (503, Some(1)));
        let slowed = ErrorResponse::too_many_requests(8);
        assert_eq!((slowed.status(), slowed.retry_after), (429, Some(8)));
        let wrong = ErrorResponse::missing_parameter("token");
        assert_eq!((wrong.status(), wrong.retry_after), (400, None));
    }

    #[test]
    fn rfc7521_4_2_1_who_presented_an_assertion_is_not_asked_for_a_password() {
        let refused = ErrorResponse::new(ErrorCode::InvalidClient, "x");
        assert_eq!((refused.status(), refused.challenges.len()), (401, 1));
        let refused = refused.to_assertion();
        assert_eq!((refused.status(), refused.challenges.len()), (400, 0));
        let away = ErrorResponse::new(ErrorCode::TemporarilyUnavailable, "x").to_assertion();
        assert_eq!((away.status(), away.retry_after), (503, Some(1)));
        assert_eq!(
            ErrorResponse::too_many_requests(8).to_assertion().status(),
            429
        );
    }

    #[test]
    fn faults_of_authorization_requests_are_of_the_browser_where_there_is_no_client_to_tell() {
        for code in [
            ErrorCode::UnsupportedResponseType,
            ErrorCode::AccessDenied,
            ErrorCode::LoginRequired,
            ErrorCode::RequestNotSupported,
            ErrorCode::UnmetAuthenticationRequirements,
        ] {
            let error = ErrorResponse::new(code, "x");
            assert_eq!((error.status(), error.challenges), (400, Vec::new()));
        }
    }

    #[test]
    fn names_are_what_serde_writes() {
        for code in [
            ErrorCode::InvalidRequest,
            ErrorCode::InvalidClient,
            ErrorCode::InvalidGrant,
            ErrorCode::UnauthorizedClient,
            ErrorCode::UnsupportedGrantType,
            ErrorCode::UnsupportedTokenType,
            ErrorCode::InvalidScope,
            ErrorCode::InvalidTarget,
            ErrorCode::InvalidToken,
            ErrorCode::InsufficientScope,
            ErrorCode::ServerError,
            ErrorCode::TemporarilyUnavailable,
            ErrorCode::UnsupportedResponseType,
            ErrorCode::AccessDenied,
            ErrorCode::LoginRequired,
            ErrorCode::ConsentRequired,
            ErrorCode::InteractionRequired,
            ErrorCode::AccountSelectionRequired,
            ErrorCode::RequestNotSupported,
            ErrorCode::RequestUriNotSupported,
            ErrorCode::RegistrationNotSupported,
            ErrorCode::UnmetAuthenticationRequirements,
        ] {
            assert_eq!(serde_json::to_value(code).unwrap(), code.name());
        }
    }

    #[test]
    fn rfc6750_06_each_challenge_names_an_attribute_once() {
        let mut error = ErrorResponse::new(ErrorCode::InvalidToken, "the token has ended");
        error.challenges = vec![Challenge::Bearer {
            scope: "introspect",
            with_error: true,
        }];
        let headers: Vec<_> = error.www_authenticate("https://as.example").collect();
        assert_eq!(
            headers,
            [
                "Bearer realm=\"https://as.example\", scope=\"introspect\", error=\"invalid_token\", \
              error_description=\"the token has ended\""
            ]
        );
    }

    proptest! {
        #[test]
        fn rfc6749_42_descriptions_stay_in_the_allowed_characters(text in ".{0,400}") {
            let description = ErrorDescription::new(&text);
            let allowed = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
            prop_assert!(description.as_str().bytes().all(allowed));
            prop_assert!(description.as_str().len() <= ErrorDescription::MAX_LEN);
        }
    }
}
