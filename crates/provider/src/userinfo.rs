//! The userinfo endpoint: OpenID Connect Core §5.3.

use std::collections::BTreeSet;

use countersign_core::Client;
use countersign_jose::jws;
use countersign_protocol::{Challenge, ErrorCode, ErrorResponse, UserinfoRequest};
use serde_json::{Map, Value};

use crate::Provider;
use crate::claims::{claims_about, has, renew_claims};
use crate::error::unavailable;
use crate::mint::{failed, no_key};
use crate::presented::PresentedError;

/// What is told about a user.
#[derive(Debug)]
pub enum Userinfo {
    /// The claims, as JSON.
    Json(Map<String, Value>),
    /// The claims as a signed JWT (`application/jwt`), for a client that is registered for that.
    Jwt(String),
}

/// RFC 6750 §3.1, with the challenge that says what is missing.
fn refuse(error: ErrorCode, text: &str) -> ErrorResponse {
    let mut refusal = ErrorResponse::new(error, text);
    refusal.challenges = vec![Challenge::Bearer {
        scope: UserinfoRequest::SCOPE,
        with_error: true,
    }];
    refusal
}

fn invalid_token() -> ErrorResponse {
    refuse(
        ErrorCode::InvalidToken,
        "the access token is not good here, or has ended",
    )
}

impl Provider {
    /// Answers a request to the userinfo endpoint.
    ///
    /// # Errors
    ///
    /// The error response to send.
    pub async fn userinfo(&self, request: &UserinfoRequest) -> Result<Userinfo, ErrorResponse> {
        let token = match self.check_access_token(&request.access_token).await {
            Ok(token) => token,
            Err(
                PresentedError::NotGood | PresentedError::Ended | PresentedError::OfAnotherDoor,
            ) => return Err(invalid_token()),
            Err(PresentedError::Unknown(error)) => return Err(error),
        };
        let scope = token.claims().scope.clone().unwrap_or_default();
        if !has(&scope, UserinfoRequest::SCOPE) {
            return Err(refuse(
                ErrorCode::InsufficientScope,
                "the access token lacks the scope 'openid'",
            ));
        }
        // The user as it is now, and the grant once more: it may have ended since (RULES A2).
        let found = self.store.find_grant(token.id().grant()).await;
        let found = found
            .map_err(|error| unavailable(&error))?
            .ok_or_else(invalid_token)?;
        let user = found
            .user
            .as_ref()
            .filter(|_| found.is_live())
            .ok_or_else(invalid_token)?;
        let client_id = &token.claims().client_id;
        let known = self.known_client(client_id).await?;
        let client = &known.as_ref().ok_or_else(invalid_token)?.client;
        let registry = self.registry.load();
        let asked = found.grant.authorization.as_ref();
        let asked = asked.map_or_else(BTreeSet::new, |it| {
            renew_claims(&registry, client, &it.facts.claims.userinfo)
        });
        let mut claims = claims_about(&registry, user, &scope, &asked);
        // §5.3.2: "The sub (subject) Claim MUST always be returned in the UserInfo Response."
        claims.insert("sub".into(), token.claims().sub.clone().into());
        self.in_form_for(client, claims)
    }

    /// §5.3.2: "If the `UserInfo` Response is signed ... the Claims MUST ... contain the Claims iss (issuer) and aud
    /// (audience)".
    fn in_form_for(
        &self,
        client: &Client,
        mut claims: Map<String, Value>,
    ) -> Result<Userinfo, ErrorResponse> {
        let Some(algorithm) = client.settings.userinfo_signed_response_alg else {
            return Ok(Userinfo::Json(claims));
        };
        claims.insert("iss".into(), self.settings.issuer.as_str().into());
        claims.insert("aud".into(), client.client_id.as_str().into());
        let ring = self.keys.at(self.clock.now());
        let key = ring.signing(algorithm).ok_or_else(no_key)?;
        let json = serde_json::to_vec(&claims).map_err(|error| failed(&error))?;
        let jwt = jws::sign(key, Some("JWT"), &json).map_err(|error| failed(&error))?;
        Ok(Userinfo::Jwt(jwt))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oidc_core_36_a_bad_token_is_told_as_rfc_6750_says() {
        let refusal = invalid_token();
        assert_eq!(refusal.status(), 401);
        let header: Vec<String> = refusal.www_authenticate("https://as.example").collect();
        assert!(header[0].contains("error=\"invalid_token\""), "{header:?}");
    }
}
