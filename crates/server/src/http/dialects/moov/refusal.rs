//! Why a request gets nothing, and how that wire says it: its clients read `error` from a 400 only, and the members that are
//! wrong from a 422 only.

use axum::http::{StatusCode, header};
use axum::response::Response;
use countersign_protocol::{ErrorCode, ErrorResponse, PresentedClient};
use serde_json::{Map, Value, json};

use super::version::NoSuchVersion;
use crate::http::respond;

/// Why a request gets nothing.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The version that it names is not spoken: 404.
    Version(NoSuchVersion),
    /// A member is missing, or is not what it must be: 422.
    Member {
        /// The member.
        name: &'static str,
        /// What is wrong with it.
        text: String,
    },
    /// The client is not proved by what the body holds: 400, where the standards have 401.
    Unproved(ErrorResponse),
    /// What the standards say as well.
    Error(ErrorResponse),
}

/// Where a client said who it is. RFC 6749 §5.2: the status 401 is owed to those only who "attempted to authenticate via the
/// "Authorization" request header field".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// In the header.
    Header,
    /// In the body, or nowhere.
    Body,
}

impl Way {
    pub(super) const fn of(client: &PresentedClient) -> Self {
        match client {
            PresentedClient::Basic(_) => Self::Header,
            _ => Self::Body,
        }
    }
}

impl Refusal {
    /// The request cannot be read.
    pub(super) fn malformed(text: &str) -> Self {
        Self::Error(ErrorResponse::new(ErrorCode::InvalidRequest, text))
    }

    /// A member is missing.
    pub(super) fn missing(name: &'static str) -> Self {
        Self::Member {
            name,
            text: "is missing".to_owned(),
        }
    }

    /// What the provider refuses to a client that came `by` this way.
    pub(super) fn of_client(error: ErrorResponse, by: Way) -> Self {
        match (error.error, by) {
            (ErrorCode::InvalidClient, Way::Header) => Self::Error(error),
            (ErrorCode::InvalidClient, Way::Body) => Self::Unproved(error),
            _ => error.into(),
        }
    }

    /// Writes the answer; `realm` is the issuer.
    pub(super) fn write(&self, realm: &str) -> Response {
        match self {
            Self::Version(error) => respond::json(
                StatusCode::NOT_FOUND,
                &json!({ "error": "not_found", "error_description": error.to_string() }),
            ),
            Self::Member { name, text } => {
                let members = Map::from_iter([((*name).to_owned(), Value::from(text.as_str()))]);
                respond::json(StatusCode::UNPROCESSABLE_ENTITY, &members)
            }
            Self::Unproved(error) => {
                let mut response = respond::error(error, realm);
                *response.status_mut() = StatusCode::BAD_REQUEST;
                response.headers_mut().remove(header::WWW_AUTHENTICATE);
                response
            }
            Self::Error(error) => respond::error(error, realm),
        }
    }
}

impl From<ErrorResponse> for Refusal {
    fn from(error: ErrorResponse) -> Self {
        match error.error {
            ErrorCode::InvalidScope => Self::Member {
                name: "scope",
                text: error.error_description.as_str().to_owned(),
            },
            // RULES D3: "Error texts never say whose or which token was wrong."
            ErrorCode::InvalidGrant => Self::Error(ErrorResponse::new(
                ErrorCode::InvalidGrant,
                "the token is not good",
            )),
            _ => Self::Error(error),
        }
    }
}

impl From<NoSuchVersion> for Refusal {
    fn from(error: NoSuchVersion) -> Self {
        Self::Version(error)
    }
}
