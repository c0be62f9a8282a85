//! How a client presents itself: RFC 6749 §2.3.

use countersign_core::{AuthMethod, Secret};

use crate::authorization::{AuthorizationHeader, BasicCredentials};
use crate::{ErrorCode, ErrorResponse, Form};

/// What a request says about which client sends it. Nothing of it has been checked.
#[derive(Debug)]
#[non_exhaustive]
pub enum PresentedClient {
    /// `client_secret_basic`.
    Basic(BasicCredentials),
    /// `client_secret_post`.
    Post {
        /// The parameter `client_id`.
        client_id: String,
        /// The parameter `client_secret`.
        client_secret: Secret<String>,
    },
    /// `none`: the request names a client and proves nothing.
    Named {
        /// The parameter `client_id`.
        client_id: String,
    },
    /// The request says nothing about its sender.
    Nobody,
}

impl PresentedClient {
    /// Reads the client from the `Authorization` header and the body.
    pub fn read(header: AuthorizationHeader, form: &Form) -> Result<Self, ErrorResponse> {
        let invalid = |text| Err(ErrorResponse::new(ErrorCode::InvalidRequest, text));
        let client_id = form.get("client_id").map(str::to_owned);
        let client_secret = form.secret("client_secret");
        match (header, client_id, client_secret) {
            // RFC 6749 §2.3: "The client MUST NOT use more than one authentication method in each request."
            (AuthorizationHeader::Basic(_), _, Some(_)) => invalid(
                "use either the Authorization header or client_secret in the body, not both",
            ),
            (AuthorizationHeader::Basic(basic), Some(client_id), None)
                if !basic.names(&client_id) =>
            {
                invalid("client_id in the body is not the one in the Authorization header")
            }
            (AuthorizationHeader::Basic(mut basic), client_id, None) => {
                // The body may tell which reading of the header was meant.
                if let Some(client_id) = client_id {
                    basic.readings.retain(|reading| reading.user == client_id);
                }
                Ok(Self::Basic(basic))
            }
            (AuthorizationHeader::Bearer(_), _, _) => {
                invalid("a bearer token does not authenticate a client here")
            }
            (AuthorizationHeader::Absent, Some(client_id), Some(client_secret)) => Ok(Self::Post {
                client_id,
                client_secret,
            }),
            (AuthorizationHeader::Absent, None, Some(_)) => {
                Err(ErrorResponse::missing_parameter("client_id"))
            }
            (AuthorizationHeader::Absent, Some(client_id), None) => Ok(Self::Named { client_id }),
            (AuthorizationHeader::Absent, None, None) => Ok(Self::Nobody),
        }
    }

    /// The method that the request uses.
    #[must_use]
    pub const fn method(&self) -> AuthMethod {
        match self {
            Self::Basic(_) => AuthMethod::ClientSecretBasic,
            Self::Post { .. } => AuthMethod::ClientSecretPost,
            Self::Named { .. } | Self::Nobody => AuthMethod::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Basic a:b.
    const BASIC: &str = "Basic YTpi";

    fn read(header: &[&str], body: &str) -> Result<AuthMethod, ErrorCode> {
        let form = Form::parse(body.as_bytes(), &[]).unwrap();
        AuthorizationHeader::read(header)
            .and_then(|header| PresentedClient::read(header, &form))
            .map(|client| client.method())
            .map_err(|error| error.error)
    }

    #[test]
    fn rfc6749_03_one_method_per_request() {
        let cases: [(&[&str], &str, Result<AuthMethod, ErrorCode>); 9] = [
            (&[BASIC], "", Ok(AuthMethod::ClientSecretBasic)),
            (&[BASIC], "client_id=a", Ok(AuthMethod::ClientSecretBasic)),
            (&[BASIC], "client_id=other", Err(ErrorCode::InvalidRequest)),
            (
                &[BASIC],
                "client_id=a&client_secret=b",
                Err(ErrorCode::InvalidRequest),
            ),
            (&[BASIC], "client_secret=b", Err(ErrorCode::InvalidRequest)),
            (
                &[],
                "client_id=a&client_secret=b",
                Ok(AuthMethod::ClientSecretPost),
            ),
            (&[], "client_secret=b", Err(ErrorCode::InvalidRequest)),
            (&[], "client_id=a", Ok(AuthMethod::None)),
            (
                &["Bearer x"],
                "client_id=a&client_secret=b",
                Err(ErrorCode::InvalidRequest),
            ),
        ];
        for (header, body, expected) in cases {
            assert_eq!(read(header, body), expected, "{header:?} {body}");
        }
    }
}
