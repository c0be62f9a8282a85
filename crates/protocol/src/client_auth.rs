//! How a client presents itself: RFC 6749 §2.3.

use countersign_core::Secret;

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
    /// `client_secret_jwt` or `private_key_jwt`: which of them, the algorithm of the assertion tells.
    Assertion {
        /// The parameter `client_id`, if it is there: the assertion names the client itself (RFC 7521 §4.2).
        client_id: Option<String>,
        /// The parameter `client_assertion`: a JWT, as it was given.
        assertion: Secret<String>,
    },
    /// `none`: the request names a client and proves nothing.
    Named {
        /// The parameter `client_id`.
        client_id: String,
    },
    /// The request says nothing about its sender.
    Nobody,
}

/// The one `client_assertion_type` that is known: a JWT (RFC 7523 §2.2).
pub const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

impl PresentedClient {
    /// Reads the client from the `Authorization` header and the body.
    pub fn read(header: AuthorizationHeader, form: &Form) -> Result<Self, ErrorResponse> {
        let invalid = |text| Err(ErrorResponse::new(ErrorCode::InvalidRequest, text));
        let client_id = form.get("client_id").map(str::to_owned);
        let client_secret = form.secret("client_secret");
        if let Some(assertion) = read_assertion(form)? {
            // RFC 6749 §2.3: "The client MUST NOT use more than one authentication method in each request."
            return match (header, client_secret) {
                (AuthorizationHeader::Absent, None) => Ok(Self::Assertion {
                    client_id,
                    assertion,
                }),
                _ => {
                    invalid("use either client_assertion or another way to authenticate, not both")
                }
            };
        }
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
}

/// RFC 7521 §4.2: the two parameters come together.
fn read_assertion(form: &Form) -> Result<Option<Secret<String>>, ErrorResponse> {
    match (
        form.get("client_assertion_type"),
        form.secret("client_assertion"),
    ) {
        (None, None) => Ok(None),
        (Some(JWT_BEARER), Some(assertion)) => Ok(Some(assertion)),
        (Some(JWT_BEARER), None) => Err(ErrorResponse::missing_parameter("client_assertion")),
        (None, Some(_)) => Err(ErrorResponse::missing_parameter("client_assertion_type")),
        (Some(_), _) => Err(ErrorResponse::new(
            ErrorCode::InvalidClient,
            &format!("this client_assertion_type is not supported; use {JWT_BEARER}"),
        )
        .to_assertion()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Basic a:b.
    const BASIC: &str = "Basic YTpi";

    fn read(header: &[&str], body: &str) -> Result<&'static str, ErrorCode> {
        let form = Form::parse(body.as_bytes(), &[]).unwrap();
        AuthorizationHeader::read(header)
            .and_then(|header| PresentedClient::read(header, &form))
            .map(|client| match client {
                PresentedClient::Basic(_) => "basic",
                PresentedClient::Post { .. } => "post",
                PresentedClient::Assertion { .. } => "assertion",
                PresentedClient::Named { .. } => "named",
                PresentedClient::Nobody => "nobody",
            })
            .map_err(|error| error.error)
    }

    #[test]
    fn rfc6749_03_one_method_per_request() {
        const BEARER: &str = "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
        let with = |rest: &str| format!("{BEARER}&{rest}");
        let invalid = Err(ErrorCode::InvalidRequest);
        let cases: [(&[&str], String, Result<&str, ErrorCode>); 19] = [
            (&[], String::new(), Ok("nobody")),
            (&[BASIC], String::new(), Ok("basic")),
            (&[BASIC], "client_id=a".into(), Ok("basic")),
            (&[BASIC], "client_id=other".into(), invalid),
            (&[BASIC], "client_id=a&client_secret=b".into(), invalid),
            (&[BASIC], "client_secret=b".into(), invalid),
            (&[], "client_id=a&client_secret=b".into(), Ok("post")),
            (&[], "client_secret=b".into(), invalid),
            (&[], "client_id=a".into(), Ok("named")),
            (&["Bearer x"], "client_id=a&client_secret=b".into(), invalid),
            (&[], with("client_assertion=x"), Ok("assertion")),
            (&[], with("client_assertion=x&client_id=a"), Ok("assertion")),
            (
                &[],
                with("client_assertion=x&client_id=a&client_secret=b"),
                invalid,
            ),
            (&[BASIC], with("client_assertion=x"), invalid),
            (&["Bearer x"], with("client_assertion=x"), invalid),
            (&[], BEARER.into(), invalid),
            (&[], "client_assertion=x&client_id=a".into(), invalid),
            (
                &[],
                "client_assertion=x&client_assertion_type=saml".into(),
                Err(ErrorCode::InvalidClient),
            ),
            (
                &[],
                "client_assertion_type=saml".into(),
                Err(ErrorCode::InvalidClient),
            ),
        ];
        for (header, body, expected) in cases {
            assert_eq!(read(header, &body), expected, "{header:?} {body}");
        }
    }
}
