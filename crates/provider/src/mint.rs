//! Making tokens: RFC 9068 §2, RULES T3.

use countersign_core::{
    AccessTokenFormat, Client, Grant, GrantId, Scope, SigningAlgorithm, TokenId, TokenProfile,
};
use countersign_jose::access_token::{self, AccessTokenClaims, is_reserved_claim};
use countersign_jose::opaque;
use countersign_protocol::{ErrorCode, ErrorResponse, TokenResponse};
use serde_json::{Map, Value};

use crate::Provider;
use crate::classic::{self, Classic};
use crate::error::out_of_touch;
use crate::keys::RingAt;
use crate::permit::{Authorized, Evidence};
use crate::registry;

/// The key that will make an access token, in hand before anything is consumed (RULES R3).
pub(crate) struct Press {
    ring: RingAt,
    shape: Shape,
}

/// What an access token looks like, and which key makes it.
#[derive(Clone)]
enum Shape {
    Jwt(SigningAlgorithm),
    Opaque,
    Classic(Classic),
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
        if self.profile_of(client) == TokenProfile::Classic {
            return match ring.classic() {
                Some(_) => Ok(Press {
                    ring,
                    shape: Shape::Classic(Classic::of(client, &self.settings.classic)),
                }),
                None => Err(no_key()),
            };
        }
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

    /// What the access token for `evidence` will say.
    pub(crate) fn claims(
        &self,
        evidence: &Evidence,
        scope: &Scope,
        audience: &[String],
    ) -> Result<AccessTokenClaims, ErrorResponse> {
        let now = self.clock.now();
        let client = evidence.client();
        let lifetime = i64::from(self.access_token_lifetime(client));
        let grant = evidence.grant();
        let grant_id = grant.map_or(GrantId::NONE, |grant| grant.id);
        let drawn = match (self.profile_of(client), evidence.new_refresh()) {
            // The refresh token names this token, and can be told again.
            (TokenProfile::Classic, Some(refresh)) => classic::id_beside(refresh),
            _ => (*self.random).bytes(),
        };
        let id = TokenId::from_parts(grant_id, client.epoch, drawn);
        let end = now.plus(lifetime);
        let bound = grant.and_then(Grant::tokens_end_by);
        Ok(AccessTokenClaims {
            iss: self.settings.issuer.to_string(),
            // RFC 9068 §2.2: the client itself where no resource owner is involved.
            sub: match grant {
                Some(grant) => self.subject_of(client, grant)?,
                None => client.client_id.to_string(),
            },
            aud: audience.to_vec(),
            exp: bound.map_or(end, |bound| end.min(bound)),
            iat: now,
            nbf: Some(now),
            jti: id.to_string(),
            client_id: client.client_id.to_string(),
            scope: Some(scope.clone()).filter(|scope| !scope.is_empty()),
            further: self.released_claims(evidence, scope),
        })
    }

    /// Makes all the tokens for what was authorized.
    pub(crate) fn mint(&self, authorized: Authorized) -> Result<TokenResponse, ErrorResponse> {
        let access_token = self.mint_access_token(&authorized)?;
        let claims = authorized.claims();
        let expires_in = claims.exp.since(claims.iat);
        let scope = claims.scope.clone().unwrap_or_default();
        let refresh_token = authorized.refresh_token();
        let id_token = authorized
            .into_id_token()
            .map(|plan| plan.sign(Some(&access_token), None))
            .transpose()?;
        Ok(TokenResponse {
            token_type: "Bearer",
            expires_in,
            access_token,
            refresh_token,
            id_token,
            scope,
        })
    }

    /// Signs or seals the access token for what was authorized.
    pub(crate) fn mint_access_token(
        &self,
        authorized: &Authorized,
    ) -> Result<String, ErrorResponse> {
        let claims = authorized.claims();
        let Press { ring, shape } = authorized.press();
        match shape {
            Shape::Classic(classic) => {
                let key = ring.classic().ok_or_else(no_key)?;
                classic.sign(key, claims)
            }
            Shape::Jwt(algorithm) => {
                let key = ring.signing(*algorithm).ok_or_else(no_key)?;
                access_token::sign(key, claims).map_err(|error| failed(&error))
            }
            Shape::Opaque => {
                let key = ring.opaque().ok_or_else(no_key)?;
                opaque::seal(key, &claims.iss, claims, &*self.random)
                    .map_err(|error| failed(&error))
            }
        }
    }

    /// What the token says about its user, by the scopes that it has (RFC 9068 §2.2.3).
    fn released_claims(&self, evidence: &Evidence, scope: &Scope) -> Map<String, Value> {
        let Some(profile) = evidence.profile() else {
            return Map::new();
        };
        let registry = self.registry.load();
        let released = registry::released_by(&registry, scope);
        released
            // What has become reserved since it was defined, no token says.
            .filter(|name| !is_reserved_claim(name))
            .filter_map(|name| Some((name.to_owned(), profile.claim(name)?)))
            .collect()
    }
}

impl Press {
    /// Whether a token with these claims can be made: RULES R3, nothing is consumed for one that cannot.
    pub(crate) fn check(&self, claims: &AccessTokenClaims) -> Result<(), ErrorResponse> {
        match &self.shape {
            Shape::Classic(classic) => {
                let key = self.ring.classic().ok_or_else(no_key)?;
                classic.check(key, claims)
            }
            Shape::Jwt(algorithm) => {
                let key = self.ring.signing(*algorithm).ok_or_else(no_key)?;
                access_token::check_signable(key, claims).map_err(|error| failed(&error))
            }
            Shape::Opaque => {
                let key = self.ring.opaque().ok_or_else(no_key)?;
                opaque::check_sealable(key, claims).map_err(|error| failed(&error))
            }
        }
    }
}

/// A new key is announced but not yet active (RULES T6).
pub(crate) fn no_key() -> ErrorResponse {
    ErrorResponse::new(
        ErrorCode::TemporarilyUnavailable,
        "the key for this kind of token is announced but not yet in use; try again in a few minutes",
    )
}

pub(crate) fn failed(error: &dyn std::error::Error) -> ErrorResponse {
    tracing::error!(%error, "token not made");
    ErrorResponse::new(
        ErrorCode::ServerError,
        "the token could not be made; its user may have more claims than fit into one",
    )
}
