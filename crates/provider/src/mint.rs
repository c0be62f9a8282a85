//! Making tokens: RFC 9068 §2, RULES T3.

use countersign_core::{AccessTokenFormat, TokenId};
use countersign_jose::access_token::{self, AccessTokenClaims};
use countersign_jose::opaque;
use countersign_protocol::{ErrorCode, ErrorResponse, TokenResponse};

use crate::Provider;
use crate::error::out_of_touch;
use crate::permit::Authorized;

impl Provider {
    /// Signs or seals the access token for what was authorized.
    pub(crate) fn mint(&self, authorized: &Authorized) -> Result<TokenResponse, ErrorResponse> {
        let now = self.clock.now();
        if !self.touch.is_fresh(now) {
            return Err(out_of_touch());
        }
        let client = authorized.client();
        let lifetime = client.settings.access_token_lifetime;
        let lifetime = i64::from(lifetime.unwrap_or(self.settings.access_token_lifetime));
        let id = TokenId::generate(authorized.grant(), client.epoch, &*self.random);
        let claims = AccessTokenClaims {
            iss: self.settings.issuer.to_string(),
            sub: authorized.subject().to_owned(),
            aud: authorized.audience().to_vec(),
            exp: now.plus(lifetime),
            iat: now,
            nbf: Some(now),
            jti: id.to_string(),
            client_id: client.client_id.to_string(),
            scope: Some(authorized.scope().clone()).filter(|scope| !scope.is_empty()),
        };
        let ring = self.keys.at(now);
        let format = client.settings.access_token_format;
        let access_token = match format.unwrap_or(self.settings.access_token_format) {
            AccessTokenFormat::Jwt => {
                let algorithm = client.settings.access_token_signed_response_alg;
                let algorithm = algorithm.unwrap_or(self.settings.access_token_algorithm);
                let key = ring.signing(algorithm).ok_or_else(no_key)?;
                access_token::sign(key, &claims).map_err(|error| failed(&error))?
            }
            AccessTokenFormat::Opaque => {
                let key = ring.opaque().ok_or_else(no_key)?;
                opaque::seal(key, &claims.iss, &claims, &*self.random)
                    .map_err(|error| failed(&error))?
            }
        };
        Ok(TokenResponse {
            token_type: "Bearer",
            expires_in: lifetime,
            access_token,
            scope: authorized.scope().clone(),
        })
    }
}

/// A new key is announced but not yet active (RULES T6).
fn no_key() -> ErrorResponse {
    ErrorResponse::new(
        ErrorCode::TemporarilyUnavailable,
        "the key for this kind of token is announced but not yet in use; try again in a few minutes",
    )
}

fn failed(error: &dyn std::error::Error) -> ErrorResponse {
    tracing::error!(%error, "token not made");
    ErrorResponse::new(ErrorCode::ServerError, "the token could not be made")
}
