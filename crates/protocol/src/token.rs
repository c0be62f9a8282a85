//! The token endpoint: RFC 6749 §3.2, §4.1.3, §4.3, §4.4, §5.1 and §6; RFC 7636 §4.5; RFC 8707 §2.2.

use std::fmt;

use countersign_core::{CodeVerifier, ResourceUri, Scope, Secret};
use serde::Serialize;

use crate::{AuthorizationHeader, ErrorCode, ErrorResponse, Form, PresentedClient};

/// A well-formed request to the token endpoint.
#[derive(Debug)]
pub struct TokenRequest {
    /// Who says to send it.
    pub client: PresentedClient,
    /// What is presented for a token.
    pub grant: GrantRequest,
}

/// The grants that a token can be asked for with.
#[derive(Debug)]
pub enum GrantRequest {
    /// RFC 6749 §4.4.
    ClientCredentials(AskedFor),
    /// RFC 6749 §4.3.
    Password(PasswordRequest),
    /// RFC 6749 §6.
    RefreshToken(RefreshRequest),
    /// RFC 6749 §4.1.3.
    AuthorizationCode(CodeRequest),
}

/// What a token is asked for, whatever grant is presented.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AskedFor {
    /// The scope asked for; none if the parameter is absent.
    pub scope: Option<Scope>,
    /// The resources asked for, in their order; empty if there is none.
    pub resources: Vec<ResourceUri>,
}

/// The parameters of the resource owner password credentials grant.
#[derive(Debug)]
pub struct PasswordRequest {
    /// Who signs in, as typed.
    pub username: String,
    /// What proves it.
    pub password: Secret<String>,
    /// What the token is asked for.
    pub asked: AskedFor,
}

/// The parameters of a refresh.
#[derive(Debug)]
pub struct RefreshRequest {
    /// The refresh token.
    pub refresh_token: Secret<String>,
    /// What the token is asked for; a scope that is absent stands for the granted one.
    pub asked: AskedFor,
}

/// The parameters of a redemption. It has no scope: that was asked for at the authorization endpoint.
#[derive(Debug)]
pub struct CodeRequest {
    /// The code.
    pub code: Secret<String>,
    /// The redirect URI of the authorization request, as given; none if the parameter is absent.
    pub redirect_uri: Option<String>,
    /// What the code challenge was made of (RFC 7636 §4.5).
    pub code_verifier: Option<CodeVerifier>,
    /// The resources asked for, in their order; empty if there is none.
    pub resources: Vec<ResourceUri>,
}

impl TokenRequest {
    /// The parameters that may be given more than once: RFC 8707 §2, "Multiple resource parameters MAY be used".
    pub const REPEATABLE: &[&str] = &["resource"];

    /// Reads a request from the values of its `Authorization` headers and its body.
    pub fn read(authorization: &[&str], form: &Form) -> Result<Self, ErrorResponse> {
        Ok(Self {
            client: PresentedClient::read(AuthorizationHeader::read(authorization)?, form)?,
            grant: GrantRequest::read(form)?,
        })
    }
}

impl GrantRequest {
    /// Reads what is asked for, whoever asks.
    pub fn read(form: &Form) -> Result<Self, ErrorResponse> {
        Ok(match form.require("grant_type")? {
            "client_credentials" => Self::ClientCredentials(AskedFor::read(form)?),
            "password" => Self::Password(PasswordRequest {
                username: form.require("username")?.to_owned(),
                password: form.require_secret("password")?,
                asked: AskedFor::read(form)?,
            }),
            "refresh_token" => Self::RefreshToken(RefreshRequest {
                refresh_token: form.require_secret("refresh_token")?,
                asked: AskedFor::read(form)?,
            }),
            "authorization_code" => Self::AuthorizationCode(CodeRequest {
                code: form.require_secret("code")?,
                redirect_uri: form.get("redirect_uri").map(str::to_owned),
                code_verifier: read_code_verifier(form)?,
                resources: read_resources(form)?,
            }),
            _ => {
                return Err(ErrorResponse::new(
                    ErrorCode::UnsupportedGrantType,
                    "this grant_type is not supported; see grant_types_supported in the metadata",
                ));
            }
        })
    }
}

impl AskedFor {
    fn read(form: &Form) -> Result<Self, ErrorResponse> {
        Ok(Self {
            scope: read_scope(form)?,
            resources: read_resources(form)?,
        })
    }
}

fn read_code_verifier(form: &Form) -> Result<Option<CodeVerifier>, ErrorResponse> {
    form.secret("code_verifier")
        .map(CodeVerifier::new)
        .transpose()
        .map_err(|error| ErrorResponse::new(ErrorCode::InvalidRequest, &error.to_string()))
}

pub(crate) fn read_scope(form: &Form) -> Result<Option<Scope>, ErrorResponse> {
    form.get("scope")
        .map(str::parse)
        .transpose()
        .map_err(|error: countersign_core::ScopeError| {
            ErrorResponse::new(ErrorCode::InvalidScope, &error.to_string())
        })
}

pub(crate) fn read_resources(form: &Form) -> Result<Vec<ResourceUri>, ErrorResponse> {
    // RFC 8707 §2: invalid_target: "The requested resource is invalid, missing, unknown, or malformed."
    form.all("resource")
        .map(str::parse)
        .collect::<Result<_, _>>()
        .map_err(|error: countersign_core::ResourceUriError| {
            ErrorResponse::new(ErrorCode::InvalidTarget, &error.to_string())
        })
}

/// A successful response of the token endpoint (RFC 6749 §5.1).
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct TokenResponse {
    /// Always `Bearer` (RFC 6750).
    pub token_type: &'static str,
    /// Seconds until the access token ends.
    pub expires_in: i64,
    /// The access token.
    pub access_token: String,
    /// The refresh token, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// The ID token, if there is one (OpenID Connect Core §3.1.3.3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    /// The scope of the access token, always told, even where it is the one that was asked for.
    pub scope: Scope,
}

impl fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenResponse")
            .field("expires_in", &self.expires_in)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(body: &str) -> Result<(), ErrorCode> {
        let form = Form::parse(body.as_bytes(), TokenRequest::REPEATABLE).unwrap();
        TokenRequest::read(&[], &form)
            .map(|_| ())
            .map_err(|error| error.error)
    }

    #[test]
    fn malformed_requests_get_the_code_that_names_the_fault() {
        let cases = [
            ("grant_type=client_credentials", Ok(())),
            (
                "grant_type=client_credentials&scope=/a.read+b&resource=urn:a&resource=urn:b",
                Ok(()),
            ),
            ("grant_type=client_credentials&unknown=1", Ok(())),
            ("grant_type=password&username=a&password=b", Ok(())),
            ("grant_type=refresh_token&refresh_token=x&scope=a", Ok(())),
            ("grant_type=authorization_code&code=x", Ok(())),
            (
                "grant_type=authorization_code&code=x&redirect_uri=y&scope=%22&resource=urn:a&resource=urn:b",
                Ok(()),
            ),
            (
                "grant_type=authorization_code",
                Err(ErrorCode::InvalidRequest),
            ),
            (
                "grant_type=authorization_code&code=",
                Err(ErrorCode::InvalidRequest),
            ),
            (
                "grant_type=authorization_code&code=x&code_verifier=short",
                Err(ErrorCode::InvalidRequest),
            ),
            (
                "grant_type=authorization_code&code=x&resource=/a",
                Err(ErrorCode::InvalidTarget),
            ),
            (
                "grant_type=password&username=a",
                Err(ErrorCode::InvalidRequest),
            ),
            (
                "grant_type=password&username=&password=b",
                Err(ErrorCode::InvalidRequest),
            ),
            ("grant_type=refresh_token", Err(ErrorCode::InvalidRequest)),
            ("", Err(ErrorCode::InvalidRequest)),
            ("grant_type=", Err(ErrorCode::InvalidRequest)),
            ("grant_type=foo", Err(ErrorCode::UnsupportedGrantType)),
            (
                "grant_type=Client_Credentials",
                Err(ErrorCode::UnsupportedGrantType),
            ),
            (
                "grant_type=client_credentials&scope=%22",
                Err(ErrorCode::InvalidScope),
            ),
            (
                "grant_type=client_credentials&scope=a++b",
                Err(ErrorCode::InvalidScope),
            ),
            (
                "grant_type=client_credentials&resource=/a",
                Err(ErrorCode::InvalidTarget),
            ),
            (
                "grant_type=client_credentials&resource=urn:a%23b",
                Err(ErrorCode::InvalidTarget),
            ),
        ];
        for (body, expected) in cases {
            assert_eq!(code(body), expected, "{body}");
        }
    }

    #[test]
    fn rfc7636_01_a_redemption_is_read() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let body = format!(
            "grant_type=authorization_code&code=hunter2&redirect_uri=a%2Fb&code_verifier={verifier}&resource=urn:a"
        );
        let form = Form::parse(body.as_bytes(), TokenRequest::REPEATABLE).unwrap();
        let request = TokenRequest::read(&[], &form).unwrap();
        let shown = format!("{request:?}");
        assert!(
            !shown.contains("hunter2") && !shown.contains(verifier),
            "{shown}"
        );
        let GrantRequest::AuthorizationCode(code) = request.grant else {
            panic!("another grant");
        };
        assert_eq!(code.code.expose(), "hunter2");
        assert_eq!(code.redirect_uri.as_deref(), Some("a/b"));
        let read = code.code_verifier.map(|it| it.text().expose().clone());
        assert_eq!(read.as_deref(), Some(verifier));
        assert_eq!(code.resources, ["urn:a".parse().unwrap()]);
    }

    #[test]
    fn the_response_has_the_members_of_section_5_1() {
        let response = TokenResponse {
            token_type: "Bearer",
            expires_in: 600,
            access_token: "t".into(),
            refresh_token: None,
            id_token: None,
            scope: Scope::empty(),
        };
        assert_eq!(
            serde_json::to_string(&response).unwrap(),
            r#"{"token_type":"Bearer","expires_in":600,"access_token":"t","scope":""}"#
        );
        let with_refresh = TokenResponse {
            refresh_token: Some("r".into()),
            ..response.clone()
        };
        assert_eq!(
            serde_json::to_string(&with_refresh).unwrap(),
            r#"{"token_type":"Bearer","expires_in":600,"access_token":"t","refresh_token":"r","scope":""}"#
        );
        assert!(!format!("{response:?}").contains("access_token"));
        // OIDC-Core-23.
        let with_id_token = TokenResponse {
            id_token: Some("hunter2".into()),
            ..response
        };
        assert_eq!(
            serde_json::to_string(&with_id_token).unwrap(),
            r#"{"token_type":"Bearer","expires_in":600,"access_token":"t","id_token":"hunter2","scope":""}"#
        );
        assert!(!format!("{with_id_token:?}").contains("hunter2"));
    }
}
