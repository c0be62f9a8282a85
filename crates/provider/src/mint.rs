//! Making tokens: RFC 9068 §2, RULES T3.

use countersign_core::{AccessTokenFormat, Client, SigningAlgorithm, TokenId};
use countersign_jose::access_token::{self, AccessTokenClaims};
use countersign_jose::opaque;
use countersign_protocol::{ErrorCode, ErrorResponse, TokenResponse};
use serde_json::{Map, Value};

use crate::Provider;
use crate::error::out_of_touch;
use crate::keys::RingAt;
use crate::permit::Authorized;
use crate::registry;

/// The key that will make an access token, in hand before anything is consumed (RULES R3).
pub(crate) struct Press {
    ring: RingAt,
    shape: Shape,
}

/// What an access token looks like, and which key makes it.
#[derive(Clone, Copy)]
enum Shape {
    Jwt(SigningAlgorithm),
    Opaque,
}

impl Provider {
    /// The key for the access tokens of `client`.
    pub(crate) fn press(&self, client: &Client) -> Result<Press, ErrorResponse> {
        let now = self.clock.now();
        if !self.touch.is_fresh(now) {
            return Err(out_of_touch());
        }
        let settings = &client.settings;
        let ring = self.keys.at(now);
        let format = settings.access_token_format;
        let (shape, is_there) = match format.unwrap_or(self.settings.access_token_format) {
            AccessTokenFormat::Jwt => {
                let algorithm = settings.access_token_signed_response_alg;
                let algorithm = algorithm.unwrap_or(self.settings.access_token_algorithm);
                (Shape::Jwt(algorithm), ring.signing(algorithm).is_some())
            }
            AccessTokenFormat::Opaque => (Shape::Opaque, ring.opaque().is_some()),
        };
        if is_there {
            Ok(Press { ring, shape })
        } else {
            Err(no_key())
        }
    }

    /// Signs or seals the access token for what was authorized.
    pub(crate) fn mint(&self, authorized: &Authorized) -> Result<TokenResponse, ErrorResponse> {
        let now = self.clock.now();
        let client = authorized.client();
        let lifetime = client.settings.access_token_lifetime;
        let lifetime = i64::from(lifetime.unwrap_or(self.settings.access_token_lifetime));
        let id = TokenId::generate(authorized.grant(), client.epoch, &*self.random);
        let claims = AccessTokenClaims {
            iss: self.settings.issuer.to_string(),
            sub: authorized.subject(),
            aud: authorized.audience().to_vec(),
            exp: now.plus(lifetime),
            iat: now,
            nbf: Some(now),
            jti: id.to_string(),
            client_id: client.client_id.to_string(),
            scope: Some(authorized.scope().clone()).filter(|scope| !scope.is_empty()),
            further: self.released_claims(authorized),
        };
        let Press { ring, shape } = authorized.press();
        let access_token = match shape {
            Shape::Jwt(algorithm) => {
                let key = ring.signing(*algorithm).ok_or_else(no_key)?;
                access_token::sign(key, &claims).map_err(|error| failed(&error))?
            }
            Shape::Opaque => {
                let key = ring.opaque().ok_or_else(no_key)?;
                opaque::seal(key, &claims.iss, &claims, &*self.random)
                    .map_err(|error| failed(&error))?
            }
        };
        Ok(TokenResponse {
            token_type: "Bearer",
            expires_in: lifetime,
            access_token,
            refresh_token: authorized.refresh_token(),
            scope: authorized.scope().clone(),
        })
    }

    /// What the token says about its user, by the scopes that it has (RFC 9068 §2.2.3).
    fn released_claims(&self, authorized: &Authorized) -> Map<String, Value> {
        let Some(profile) = authorized.profile() else {
            return Map::new();
        };
        let registry = self.registry.load();
        let released = registry::released_by(&registry, authorized.scope());
        released
            .filter_map(|name| Some((name.to_owned(), profile.claim(name)?)))
            .collect()
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
