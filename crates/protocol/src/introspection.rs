//! The introspection endpoint: RFC 7662.

use countersign_core::{Scope, Secret, Timestamp};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::{AuthorizationHeader, ErrorCode, ErrorResponse, Form, PresentedClient};

/// A well-formed request to the introspection endpoint.
#[derive(Debug)]
pub struct IntrospectionRequest {
    /// Who asks.
    pub caller: IntrospectionCaller,
    /// The token that is asked about. The hint is not read: the shape of a token tells its kind (RULES T1).
    pub token: Secret<String>,
}

/// RFC 7662 §2.1: the caller authenticates as a client, or presents a bearer token of its own.
#[derive(Debug)]
pub enum IntrospectionCaller {
    /// A client with its credentials.
    Client(PresentedClient),
    /// The holder of an access token.
    Bearer(Secret<String>),
}

impl IntrospectionRequest {
    /// Reads a request from the values of its `Authorization` headers and its body.
    pub fn read(authorization: &[&str], form: &Form) -> Result<Self, ErrorResponse> {
        let caller = match AuthorizationHeader::read(authorization)? {
            AuthorizationHeader::Bearer(token) => {
                // RFC 6750 §2: "Clients MUST NOT use more than one method to transmit the token in each request."
                for name in ["access_token", "client_secret", "client_assertion"] {
                    if form.get(name).is_some() {
                        return Err(ErrorResponse::new(
                            ErrorCode::InvalidRequest,
                            &format!(
                                "use either the bearer token or '{name}' in the body, not both"
                            ),
                        ));
                    }
                }
                IntrospectionCaller::Bearer(token)
            }
            header => IntrospectionCaller::Client(PresentedClient::read(header, form)?),
        };
        let token = form.require_secret("token")?;
        Ok(Self { caller, token })
    }
}

/// What is told about a token (RFC 7662 §2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IntrospectionResponse {
    /// The token is live and the caller may know.
    Active(Box<ActiveToken>),
    /// Anything else: RFC 7662 §2.2, "SHOULD NOT include any additional information".
    Inactive,
}

/// What is told about a live token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveToken {
    /// The scope of the token.
    pub scope: Scope,
    /// The client to which it was issued.
    pub client_id: String,
    /// How an access token is presented; refresh tokens have no such type (RFC 6749 §7.1).
    pub token_type: Option<&'static str>,
    /// When it ends.
    pub exp: Timestamp,
    /// When it was issued.
    pub iat: Timestamp,
    /// From when it is good.
    pub nbf: Option<Timestamp>,
    /// The subject: the user, or the client itself for client credentials.
    pub sub: String,
    /// The audience; none for a refresh token.
    pub aud: Vec<String>,
    /// The issuer.
    pub iss: String,
    /// The id of the token, if it has one.
    pub jti: Option<String>,
    /// What else the token says about its user.
    pub further: Map<String, Value>,
}

impl Serialize for IntrospectionResponse {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut body = serializer.serialize_map(None)?;
        body.serialize_entry("active", &matches!(self, Self::Active(_)))?;
        if let Self::Active(token) = self {
            body.serialize_entry("scope", &token.scope)?;
            body.serialize_entry("client_id", &token.client_id)?;
            if let Some(token_type) = token.token_type {
                body.serialize_entry("token_type", token_type)?;
            }
            body.serialize_entry("exp", &token.exp)?;
            body.serialize_entry("iat", &token.iat)?;
            if let Some(nbf) = &token.nbf {
                body.serialize_entry("nbf", nbf)?;
            }
            body.serialize_entry("sub", &token.sub)?;
            // RFC 7519 §4.1.3: a single audience may be a plain string, as it is in the token itself.
            match token.aud.as_slice() {
                [] => {}
                [one] => body.serialize_entry("aud", one)?,
                several => body.serialize_entry("aud", several)?,
            }
            body.serialize_entry("iss", &token.iss)?;
            if let Some(jti) = &token.jti {
                body.serialize_entry("jti", jti)?;
            }
            for (name, value) in &token.further {
                body.serialize_entry(name, value)?;
            }
        }
        body.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc7662_06_an_inactive_answer_carries_nothing_else() {
        let body = serde_json::to_string(&IntrospectionResponse::Inactive).unwrap();
        assert_eq!(body, r#"{"active":false}"#);
    }

    #[test]
    fn rfc7662_04_an_active_answer_has_the_members_of_section_2_2() {
        let at = Timestamp::from_seconds;
        let body = serde_json::to_string(&IntrospectionResponse::Active(Box::new(ActiveToken {
            scope: "read write".parse().unwrap(),
            client_id: "c".into(),
            token_type: Some("Bearer"),
            exp: at(20),
            iat: at(10),
            nbf: Some(at(10)),
            sub: "c".into(),
            aud: vec!["urn:a".into()],
            iss: "https://as.example".into(),
            jti: Some("j".into()),
            further: Map::from_iter([("roles".to_owned(), Value::from(vec!["admin"]))]),
        })));
        assert_eq!(
            body.unwrap(),
            r#"{"active":true,"scope":"read write","client_id":"c","token_type":"Bearer","exp":20,"#
                .to_owned()
                + r#""iat":10,"nbf":10,"sub":"c","aud":"urn:a","iss":"https://as.example","jti":"j","roles":["admin"]}"#
        );
    }

    #[test]
    fn rfc6750_01_one_way_of_sending_the_bearer_token() {
        let read = |body: &str| {
            let form = Form::parse(body.as_bytes(), &[]).unwrap();
            IntrospectionRequest::read(&["Bearer x"], &form).map_err(|error| error.error)
        };
        assert!(matches!(
            read("token=t"),
            Ok(IntrospectionRequest {
                caller: IntrospectionCaller::Bearer(_),
                ..
            })
        ));
        assert_eq!(
            read("token=t&access_token=x").unwrap_err(),
            ErrorCode::InvalidRequest
        );
        assert_eq!(
            read("token=t&client_id=a&client_secret=b").unwrap_err(),
            ErrorCode::InvalidRequest
        );
        assert_eq!(
            read("token=t&client_assertion=a").unwrap_err(),
            ErrorCode::InvalidRequest
        );
        assert_eq!(read("").unwrap_err(), ErrorCode::InvalidRequest);
    }
}
