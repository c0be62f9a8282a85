//! What is asked for: a JSON body, read into the same requests as a form.

use axum::extract::Request;
use countersign_core::{Scope, Secret};
use countersign_protocol::{
    AskedFor, ErrorCode, ErrorResponse, GrantRequest, JsonObject, RefreshRequest,
    RevocationRequest, TokenRequest,
};
use countersign_provider::{Door, Origin};

use super::credentials;
use super::refusal::Refusal;
use crate::http::endpoints::Head;
use crate::http::{Service, body};

/// A request in JSON.
pub(super) struct Asked {
    pub(super) head: Head,
    pub(super) body: JsonObject,
}

impl Asked {
    /// Reads a request whose body is said to be JSON. Members that are not known here do not count.
    pub(super) async fn read(service: &Service, request: Request) -> Result<Self, Refusal> {
        let head = service.read_head(&request)?;
        let body = body::read(request.into_body()).await?;
        let body = JsonObject::parse(body.expose())
            .map_err(|error| Refusal::malformed(&error.to_string()))?;
        Ok(Self { head, body })
    }

    /// Where it comes from.
    pub(super) const fn origin(&self) -> Origin {
        self.head.origin.at(Door::Moov)
    }

    /// What it asks of the token endpoint.
    pub(super) fn token_request(&self) -> Result<TokenRequest, Refusal> {
        let client = credentials::read(self)?;
        let is_refresh = match self.plain("grant_type")? {
            Some("client_credentials") => false,
            Some("refresh_token") => true,
            Some(_) => {
                let text = "in JSON, grant_type is client_credentials or refresh_token";
                return Err(ErrorResponse::new(ErrorCode::UnsupportedGrantType, text).into());
            }
            None => return Err(ErrorResponse::missing_parameter("grant_type").into()),
        };
        let (scope, refresh_token) = (self.scope()?, self.secret("refresh_token")?);
        if !is_refresh && scope.is_none() {
            return Err(Refusal::missing("scope"));
        }
        let asked = AskedFor {
            scope,
            resources: Vec::new(),
        };
        let grant = if is_refresh {
            GrantRequest::RefreshToken(RefreshRequest {
                refresh_token: refresh_token.ok_or_else(|| Refusal::missing("refresh_token"))?,
                asked,
            })
        } else {
            GrantRequest::ClientCredentials(asked)
        };
        Ok(TokenRequest { client, grant })
    }

    /// What it asks of the revocation endpoint.
    pub(super) fn revocation_request(&self) -> Result<RevocationRequest, Refusal> {
        let client = credentials::read(self)?;
        match self.named("token_type_hint")? {
            // RFC 7009 §2.1: the hint changes nothing.
            None | Some("access_token" | "refresh_token") => {}
            Some(_) => {
                return Err(Refusal::Member {
                    name: "token_type_hint",
                    text: "must be access_token or refresh_token".to_owned(),
                });
            }
        }
        let token = self.secret("token")?;
        Ok(RevocationRequest {
            client,
            token: token.ok_or_else(|| Refusal::missing("token"))?,
        })
    }

    /// A text, if it is there and not empty, as in forms. Of another type it makes the request malformed.
    pub(super) fn plain(&self, name: &'static str) -> Result<Option<&str>, Refusal> {
        let text = self.body.text(name);
        let text = text.map_err(|error| Refusal::malformed(&error.to_string()))?;
        Ok(text.filter(|text| !text.is_empty()))
    }

    /// The same for a text whose faults are told under its name.
    fn named(&self, name: &'static str) -> Result<Option<&str>, Refusal> {
        let text = self.body.text(name).map_err(|error| Refusal::Member {
            name,
            text: format!("must be {}", error.expected),
        })?;
        Ok(text.filter(|text| !text.is_empty()))
    }

    fn secret(&self, name: &'static str) -> Result<Option<Secret<String>>, Refusal> {
        let text = self.named(name)?;
        Ok(text.map(|text| Secret::new(text.to_owned())))
    }

    fn scope(&self) -> Result<Option<Scope>, Refusal> {
        let name = "scope";
        let scope = self.named(name)?.map(str::parse).transpose();
        scope.map_err(|error: countersign_core::ScopeError| Refusal::Member {
            name,
            text: error.to_string(),
        })
    }
}
