//! The introspection endpoint: RFC 7662, RULES I1.

use countersign_core::{Client, IntrospectionReach, Secret};
use countersign_jose::access_token::AccessTokenClaims;
use countersign_protocol::{
    ActiveToken, Challenge, ErrorCode, ErrorResponse, IntrospectionCaller, IntrospectionRequest,
    IntrospectionResponse,
};

use crate::authenticate::IdentifiedClient;
use crate::error::unavailable;
use crate::presented::{LiveRefreshToken, Presented, PresentedError};
use crate::{Origin, Provider};

/// The scope that an access token needs for its holder to ask about tokens (RFC 7662 §2.1).
pub const INTROSPECTION_SCOPE: &str = "introspect";

impl Provider {
    /// Answers a request to the introspection endpoint.
    ///
    /// # Errors
    ///
    /// The error response to send. A token that the caller may not know about is no error: it is inactive.
    pub async fn introspect(
        &self,
        request: IntrospectionRequest,
        origin: Origin,
    ) -> Result<IntrospectionResponse, ErrorResponse> {
        let caller = self.introspection_caller(request.caller, origin).await?;
        let active = match self.check_presented(&request.token, origin.door).await {
            Ok(Presented::Access(token)) => Some(token.into_claims())
                .filter(|token| may_know(&caller, token))
                .map(describe),
            Ok(Presented::Refresh(token)) => self.describe_refresh_token(&caller, &token)?,
            Err(
                PresentedError::NotGood | PresentedError::Ended | PresentedError::OfAnotherDoor,
            ) => None,
            // RULES A3: 503, never an answer.
            Err(PresentedError::Unknown(error)) => return Err(error),
        };
        // RFC 7662 §2.2: "if the protected resource is not allowed to introspect this particular token, then the
        // authorization server MUST instead return an introspection response with the active field set to false".
        Ok(active.map_or(IntrospectionResponse::Inactive, |token| {
            IntrospectionResponse::Active(Box::new(token))
        }))
    }

    /// What a caller is told about a refresh token: only the current one is active, and only its client may know. No
    /// resource has any business with it.
    fn describe_refresh_token(
        &self,
        caller: &Client,
        token: &LiveRefreshToken,
    ) -> Result<Option<ActiveToken>, ErrorResponse> {
        let grant = &token.found().grant;
        let is_known = token.is_current() && grant.client == caller.id;
        let Some(current) = grant.refresh.as_ref().filter(|_| is_known) else {
            return Ok(None);
        };
        Ok(Some(ActiveToken {
            scope: grant.scope.clone(),
            client_id: caller.client_id.to_string(),
            token_type: None,
            exp: grant.lifetime.end(current.used_at),
            iat: current.used_at,
            nbf: None,
            sub: self.subject_of(caller, grant)?,
            aud: Vec::new(),
            iss: self.settings.issuer.to_string(),
            jti: None,
            further: serde_json::Map::new(),
        }))
    }

    /// RFC 7662 §2.1: "the endpoint MUST also require some form of authorization to access this endpoint".
    async fn introspection_caller(
        &self,
        caller: IntrospectionCaller,
        origin: Origin,
    ) -> Result<Client, ErrorResponse> {
        match caller {
            IntrospectionCaller::Client(presented) => {
                match self.identify(presented, origin).await {
                    Ok(IdentifiedClient::Proven(client)) => Ok(client.client().clone()),
                    Ok(IdentifiedClient::Public(_)) => Err(also_bearer(ErrorResponse::new(
                        ErrorCode::InvalidClient,
                        "a public client cannot introspect: it has nothing to prove who it is",
                    ))),
                    Err(refusal) => Err(also_bearer(refusal)),
                }
            }
            IntrospectionCaller::Bearer(token) => self.bearer_caller(&token).await,
        }
    }

    /// The client whose access token opens this endpoint: meant for this issuer, with the scope for it.
    async fn bearer_caller(&self, token: &Secret<String>) -> Result<Client, ErrorResponse> {
        let refuse = |error, text| {
            let mut refusal = ErrorResponse::new(error, text);
            refusal.challenges = vec![Challenge::Bearer {
                scope: INTROSPECTION_SCOPE,
                with_error: true,
            }];
            refusal
        };
        let invalid = || {
            refuse(
                ErrorCode::InvalidToken,
                "the access token is not good here, or has ended",
            )
        };
        let token = match self.check_access_token(token).await {
            Ok(token) => token.into_claims(),
            Err(
                PresentedError::NotGood | PresentedError::Ended | PresentedError::OfAnotherDoor,
            ) => return Err(invalid()),
            Err(PresentedError::Unknown(error)) => return Err(error),
        };
        // RFC 9068 §4: "The resource server MUST validate that the aud claim contains a resource indicator value
        // corresponding to an identifier the resource server expects for itself."
        if !token
            .aud
            .iter()
            .any(|audience| audience == self.settings.issuer.as_str())
        {
            return Err(invalid());
        }
        // RFC 6750 §3.1: insufficient_scope: "The request requires higher privileges than provided by the access token."
        let scope = token.scope.unwrap_or_default();
        if !scope
            .iter()
            .any(|token| token.as_str() == INTROSPECTION_SCOPE)
        {
            return Err(refuse(
                ErrorCode::InsufficientScope,
                "the access token lacks the scope 'introspect'",
            ));
        }
        let id = token.client_id.parse().map_err(|_| invalid())?;
        let known = self
            .directory
            .find(&*self.store, &id, &self.touch, self.clock.now())
            .await
            .map_err(|error| unavailable(&error))?;
        known.map(|known| known.client.clone()).ok_or_else(invalid)
    }
}

/// RFC 6750 §3: whoever came without a good word is told that a bearer token would do as well.
fn also_bearer(mut refusal: ErrorResponse) -> ErrorResponse {
    // Who presented an assertion was asked for nothing.
    if refusal.error == ErrorCode::InvalidClient && !refusal.challenges.is_empty() {
        refusal.challenges.push(Challenge::Bearer {
            scope: INTROSPECTION_SCOPE,
            with_error: false,
        });
    }
    refusal
}

/// What is told about an access token.
fn describe(token: AccessTokenClaims) -> ActiveToken {
    ActiveToken {
        scope: token.scope.unwrap_or_default(),
        client_id: token.client_id,
        token_type: Some("Bearer"),
        exp: token.exp,
        iat: token.iat,
        nbf: Some(token.nbf.unwrap_or(token.iat)),
        sub: token.sub,
        aud: token.aud,
        iss: token.iss,
        jti: Some(token.jti),
        further: token.further,
    }
}

/// RULES I1: a caller sees only what concerns it, except with `any`.
fn may_know(caller: &Client, token: &AccessTokenClaims) -> bool {
    let own = token.client_id == caller.client_id.as_str();
    match caller.settings.introspect {
        IntrospectionReach::Any => true,
        IntrospectionReach::Own => own,
        IntrospectionReach::Audience => {
            let speaks_for = |audience: &String| {
                caller
                    .settings
                    .resources
                    .iter()
                    .any(|one| one.as_str() == audience)
            };
            own || token.aud.iter().any(speaks_for)
        }
    }
}
