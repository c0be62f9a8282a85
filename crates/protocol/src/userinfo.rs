//! The userinfo endpoint: OpenID Connect Core §5.3, RFC 6750.

use countersign_core::Secret;

use crate::{AuthorizationHeader, Challenge, ErrorCode, ErrorResponse, Form};

/// A well-formed request to the userinfo endpoint.
#[derive(Debug)]
pub struct UserinfoRequest {
    /// The access token.
    pub access_token: Secret<String>,
}

impl UserinfoRequest {
    /// The scope that the endpoint asks for.
    pub const SCOPE: &'static str = "openid";

    /// Reads a request from the values of its `Authorization` headers and, if it is a POST with one, its form.
    pub fn read(authorization: &[&str], form: Option<&Form>) -> Result<Self, ErrorResponse> {
        if authorization.len() > 1 {
            return Err(invalid_request(
                "there is more than one Authorization header",
            ));
        }
        // RFC 6750 §3.1: who "attempted using an unsupported authentication method" is told of the right one, and of no
        // error.
        let header = match AuthorizationHeader::read(authorization) {
            Ok(AuthorizationHeader::Bearer(token)) if !token.expose().is_empty() => Some(token),
            _ => None,
        };
        let body = form.and_then(|form| form.secret("access_token"));
        match (header, body) {
            // RFC 6750 §2: "Clients MUST NOT use more than one method to transmit the token in each request."
            (Some(_), Some(_)) => Err(invalid_request(
                "use either the Authorization header or access_token in the body, not both",
            )),
            (Some(access_token), None) | (None, Some(access_token)) => Ok(Self { access_token }),
            (None, None) => Err(challenged(
                ErrorCode::InvalidToken,
                "an access token is needed: Authorization: Bearer TOKEN",
                false,
            )),
        }
    }
}

fn invalid_request(description: &str) -> ErrorResponse {
    challenged(ErrorCode::InvalidRequest, description, true)
}

/// RFC 6750 §3: what is refused here is told how to come in.
fn challenged(error: ErrorCode, description: &str, with_error: bool) -> ErrorResponse {
    let mut response = ErrorResponse::new(error, description);
    response.challenges = vec![Challenge::Bearer {
        scope: UserinfoRequest::SCOPE,
        with_error,
    }];
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(authorization: &[&str], body: &str) -> Result<String, ErrorResponse> {
        let form = Form::parse(body.as_bytes(), &[]).unwrap();
        UserinfoRequest::read(authorization, Some(&form))
            .map(|request| request.access_token.expose().clone())
    }

    #[test]
    fn rfc6750_01_and_rfc6750_02_the_token_comes_in_one_way() {
        let cases: [(&[&str], &str, &str); 5] = [
            (&["Bearer t"], "", "t"),
            (&["bEARER  t"], "x=1&access_token=", "t"),
            (&[], "access_token=t", "t"),
            (&["Basic YTpi"], "access_token=t", "t"),
            (&["Bearer"], "access_token=t", "t"),
        ];
        for (authorization, body, expected) in cases {
            assert_eq!(
                read(authorization, body).unwrap(),
                expected,
                "{authorization:?} {body}"
            );
        }
        let cases: [(&[&str], &str); 3] = [
            (&["Bearer t"], "access_token=t"),
            (&["Bearer t", "Bearer t"], ""),
            (&["Basic YTpi", "Bearer t"], ""),
        ];
        for (authorization, body) in cases {
            let error = read(authorization, body).unwrap_err();
            assert_eq!(
                error.error,
                ErrorCode::InvalidRequest,
                "{authorization:?} {body}"
            );
            assert_eq!(error.status(), 400);
            let challenge = error.www_authenticate("r").next().unwrap();
            assert!(
                challenge.starts_with(
                    r#"Bearer realm="r", scope="openid", error="invalid_request", error_description="#
                ),
                "{challenge}"
            );
        }
        assert_eq!(
            UserinfoRequest::read(&["Bearer t"], None)
                .unwrap()
                .access_token
                .expose(),
            "t"
        );
    }

    #[test]
    fn rfc6750_05_and_rfc6750_07_who_brings_no_token_gets_a_bare_challenge() {
        let cases: [(&[&str], &str); 7] = [
            (&[], ""),
            (&[], "access_token="),
            (&["Bearer"], ""),
            (&["Bearer "], ""),
            (&["Basic YTpi"], ""),
            (&["Basic !"], ""),
            (&["DPoP t"], ""),
        ];
        for (authorization, body) in cases {
            let error = read(authorization, body).unwrap_err();
            assert_eq!(error.status(), 401, "{authorization:?} {body}");
            let challenges: Vec<_> = error.www_authenticate("r").collect();
            assert_eq!(
                challenges,
                [r#"Bearer realm="r", scope="openid""#],
                "{authorization:?} {body}"
            );
        }
    }
}
