//! ID tokens: OpenID Connect Core §2, §3.1.3.6, §3.3.2.11 and §12.2.

use countersign_core::{
    AuthorizationFacts, Client, EntityId, IdTokenAlgorithm, Scope, Secret, User,
};
use countersign_jose::id_token::{self, IdTokenClaims};
use countersign_protocol::{ErrorCode, ErrorResponse};

use crate::Provider;
use crate::claims::{claims_about, renew_claims};
use crate::keys::RingAt;
use crate::mint::{failed, no_key};

/// An ID token that is to be, with the key that will sign it in hand (RULES R3).
pub(crate) struct IdTokenPlan {
    claims: IdTokenClaims,
    key: IdTokenKey,
}

/// What signs an ID token.
enum IdTokenKey {
    /// The active key of the service.
    Service {
        ring: RingAt,
        algorithm: countersign_core::SigningAlgorithm,
    },
    /// The secret of the client (OpenID Connect Core §10.1, RULES S2).
    Client(Secret<Vec<u8>>),
}

/// Of what an ID token speaks.
pub(crate) struct IdTokenSubject<'all> {
    pub(crate) client: &'all Client,
    pub(crate) user: &'all User,
    pub(crate) session: EntityId,
    pub(crate) facts: &'all AuthorizationFacts,
    /// OpenID Connect Core §5.4: the scopes whose claims stand in the ID token, where there is no access token with which
    /// they could be asked for.
    pub(crate) scope: Option<&'all Scope>,
    /// Whether the `nonce` belongs into it: §12.2, not after a refresh.
    pub(crate) with_nonce: bool,
}

impl Provider {
    /// Prepares an ID token, and makes sure that it can be signed.
    pub(crate) fn plan_id_token(
        &self,
        about: &IdTokenSubject<'_>,
    ) -> Result<IdTokenPlan, ErrorResponse> {
        let IdTokenSubject {
            client,
            user,
            facts,
            ..
        } = *about;
        let now = self.clock.now();
        let key = self.id_token_key(client)?;
        let nothing = Scope::empty();
        let registry = self.registry.load();
        let released = renew_claims(&registry, client, &facts.claims.id_token);
        let further = claims_about(&registry, user, about.scope.unwrap_or(&nothing), &released);
        let claims = IdTokenClaims {
            iss: self.settings.issuer.to_string(),
            sub: self.subject(client, user.id)?,
            aud: client.client_id.to_string(),
            exp: now.plus(self.settings.id_token_lifetime.into()),
            iat: now,
            auth_time: Some(facts.auth_time),
            nonce: facts.nonce.clone().filter(|_| about.with_nonce),
            acr: facts.acr.clone(),
            amr: facts.amr.clone(),
            azp: Some(client.client_id.to_string()),
            sid: Some(self.session_name(client, about.session)?),
            at_hash: None,
            c_hash: None,
            further,
        };
        let plan = IdTokenPlan { claims, key };
        plan.check()?;
        Ok(plan)
    }

    fn id_token_key(&self, client: &Client) -> Result<IdTokenKey, ErrorResponse> {
        let now = self.clock.now();
        match client.settings.id_token_algorithm() {
            IdTokenAlgorithm::Signed(algorithm) => {
                let ring = self.keys.at(now);
                if ring.signing(algorithm).is_none() {
                    return Err(no_key());
                }
                Ok(IdTokenKey::Service { ring, algorithm })
            }
            IdTokenAlgorithm::Hs256 => {
                // Of two that are accepted, the newer one.
                let secret = self.newest_sealed_secret(client);
                secret.map(IdTokenKey::Client).ok_or_else(|| {
                    tracing::error!(client = %client.client_id, "the secret for HS256 is not kept");
                    ErrorResponse::new(
                        ErrorCode::ServerError,
                        "the ID token could not be signed: the secret of the client is not kept for it",
                    )
                })
            }
        }
    }
}

impl IdTokenPlan {
    /// Signs the ID token. `access_token` and `code` are those that the same response has.
    pub(crate) fn sign(
        self,
        access_token: Option<&str>,
        code: Option<&str>,
    ) -> Result<String, ErrorResponse> {
        let Self { mut claims, key } = self;
        let algorithm = key.algorithm();
        let hash = |value: &str| id_token::left_half_hash(algorithm, value);
        claims.at_hash = access_token.map(hash);
        claims.c_hash = code.map(hash);
        match &key {
            IdTokenKey::Service { ring, algorithm } => {
                let key = ring.signing(*algorithm).ok_or_else(no_key)?;
                id_token::sign(key, &claims).map_err(|error| failed(&error))
            }
            IdTokenKey::Client(secret) => {
                id_token::sign_hs256(secret, &claims).map_err(|error| failed(&error))
            }
        }
    }

    /// Whether the token can be made, with both hashes in it.
    fn check(&self) -> Result<(), ErrorResponse> {
        let longest = id_token::left_half_hash(self.key.algorithm(), "");
        let claims = IdTokenClaims {
            at_hash: Some(longest.clone()),
            c_hash: Some(longest),
            ..self.claims.clone()
        };
        match &self.key {
            IdTokenKey::Service { ring, algorithm } => {
                let key = ring.signing(*algorithm).ok_or_else(no_key)?;
                id_token::check_signable(key, &claims).map_err(|error| failed(&error))
            }
            IdTokenKey::Client(secret) => {
                id_token::check_signable_hs256(secret, &claims).map_err(|error| failed(&error))
            }
        }
    }
}

impl IdTokenKey {
    const fn algorithm(&self) -> IdTokenAlgorithm {
        match self {
            Self::Service { algorithm, .. } => IdTokenAlgorithm::Signed(*algorithm),
            Self::Client(_) => IdTokenAlgorithm::Hs256,
        }
    }
}
