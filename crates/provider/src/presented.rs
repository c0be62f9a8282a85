//! The one gate in (RULES A5): every presented token is checked here, whatever endpoint it comes to.
//!
//! Only the refresh itself judges a refresh token otherwise, since there a token that is not current has consequences.

use countersign_core::{
    ClientId, ClientSettings, Issuer, KeyId, Scope, Secret, TokenId, TokenProfile,
};
use countersign_jose::access_token::{AccessTokenClaims, AccessTokenValidator, ExpectedAudience};
use countersign_jose::{classic, opaque, refresh_token};
use countersign_protocol::{ErrorResponse, MAX_TOKEN_LEN};
use countersign_storage::{FoundGrant, Liveness, LivenessQuery};
use subtle::ConstantTimeEq as _;
use thiserror::Error;

use crate::classic::Classic;
use crate::error::{out_of_touch, unavailable};
use crate::settings::CLOCK_SKEW;
use crate::{Door, Provider};

/// An access token of ours that is good and live. Only this module can make one.
#[derive(Debug)]
pub(crate) struct LiveToken {
    claims: AccessTokenClaims,
    id: TokenId,
}

impl LiveToken {
    /// What the token says.
    pub(crate) const fn claims(&self) -> &AccessTokenClaims {
        &self.claims
    }

    /// The id of the token.
    pub(crate) const fn id(&self) -> &TokenId {
        &self.id
    }

    /// What the token says, for keeps.
    pub(crate) fn into_claims(self) -> AccessTokenClaims {
        self.claims
    }
}

/// A refresh token of ours whose grant is live. Only this module can make one.
pub(crate) struct LiveRefreshToken {
    found: FoundGrant,
    is_current: bool,
}

impl LiveRefreshToken {
    /// The grant that it renews.
    pub(crate) const fn found(&self) -> &FoundGrant {
        &self.found
    }

    /// Whether it is the one that the grant is renewed with.
    pub(crate) const fn is_current(&self) -> bool {
        self.is_current
    }
}

/// A live token of either kind.
pub(crate) enum Presented {
    /// An access token.
    Access(Box<LiveToken>),
    /// A refresh token.
    Refresh(Box<LiveRefreshToken>),
}

/// Why a presented token is no live token of ours.
#[derive(Debug, Error)]
pub(crate) enum PresentedError {
    /// It is malformed, forged, of another issuer or kind, not yet good or no longer.
    #[error("not a good token of this issuer")]
    NotGood,
    /// It was good, and was ended: itself, its grant, its user or its client.
    #[error("the token has been ended")]
    Ended,
    /// It is of a kind that is accepted at another door only.
    #[error("a token of this kind is not accepted here")]
    OfAnotherDoor,
    /// Nobody can say: storage did not answer, or was not heard for too long.
    #[error(transparent)]
    Unknown(ErrorResponse),
}

impl Provider {
    /// Checks a presented token of either kind, for the endpoints that take both.
    pub(crate) async fn check_presented(
        &self,
        token: &Secret<String>,
        door: Door,
    ) -> Result<Presented, PresentedError> {
        // RULES T1: the shape selects one decoder before any crypto.
        if refresh_token::is_refresh_token(token.expose()) {
            let refresh = self.check_refresh_token(token).await?;
            Ok(Presented::Refresh(Box::new(refresh)))
        } else if let Some(key) = classic::key_id(token.expose()) {
            self.check_classic(&key, token, door).await
        } else {
            let access = self.check_access_token(token).await?;
            Ok(Presented::Access(Box::new(access)))
        }
    }

    /// Checks a presented refresh token: shape, MAC, key, issuer, and that its grant is live. Nothing comes of it: "RULES
    /// R3: introspecting an old token is `active: false` without effect".
    async fn check_refresh_token(
        &self,
        token: &Secret<String>,
    ) -> Result<LiveRefreshToken, PresentedError> {
        let now = self.clock.now();
        if !self.touch.is_fresh(now) {
            return Err(PresentedError::Unknown(out_of_touch()));
        }
        let presented = self.authenticate_refresh_token(token.expose()).await;
        let presented = presented.map_err(PresentedError::Unknown)?;
        let presented = presented.ok_or(PresentedError::NotGood)?.token;
        let found = self.store.find_grant(presented.grant).await;
        let found = found.map_err(|error| PresentedError::Unknown(unavailable(&error)))?;
        let found = found.ok_or(PresentedError::Ended)?;
        let Some(current) = &found.grant.refresh else {
            return Err(PresentedError::NotGood);
        };
        let expired = found.grant.lifetime.end(current.used_at) <= now;
        if expired || !found.is_live() {
            return Err(PresentedError::Ended);
        }
        let is_current = presented.generation == current.generation.number()
            && bool::from(presented.nonce.ct_eq(&current.nonce));
        Ok(LiveRefreshToken { found, is_current })
    }

    /// Checks a classic token: which kind it is, its key tells.
    async fn check_classic(
        &self,
        key: &KeyId,
        token: &Secret<String>,
        door: Door,
    ) -> Result<Presented, PresentedError> {
        let now = self.clock.now();
        self.know_key(key, now)
            .await
            .map_err(PresentedError::Unknown)?;
        if self.keys.at(now).classic_by_id(key).is_none() {
            let refresh = self.check_refresh_token(token).await?;
            return Ok(Presented::Refresh(Box::new(refresh)));
        }
        // RULES D1: "accepted only at introspection and revocation there".
        match door {
            Door::Classic => {
                let access = self.check_classic_access_token(key, token).await?;
                Ok(Presented::Access(Box::new(access)))
            }
            Door::Standard | Door::Moov => Err(PresentedError::OfAnotherDoor),
        }
    }

    /// Checks a classic access token. RULES D1: whoever checks such tokens can make them, so client, user and scope are read
    /// again from the grant.
    async fn check_classic_access_token(
        &self,
        key: &KeyId,
        token: &Secret<String>,
    ) -> Result<LiveToken, PresentedError> {
        let now = self.clock.now();
        if !self.touch.is_fresh(now) {
            return Err(PresentedError::Unknown(out_of_touch()));
        }
        let said = {
            let ring = self.keys.at(now);
            let key = ring.classic_by_id(key).ok_or(PresentedError::NotGood)?;
            classic::verify_access_token(key, token.expose(), now, CLOCK_SKEW)
                .map_err(|_| PresentedError::NotGood)?
        };
        let id: TokenId = said.jti.parse().map_err(|_| PresentedError::NotGood)?;
        let found = self.store.find_grant(id.grant()).await;
        let found = found.map_err(|error| PresentedError::Unknown(unavailable(&error)))?;
        let FoundGrant {
            grant,
            client_id: Some(client_id),
            ..
        } = found.ok_or(PresentedError::Ended)?
        else {
            return Err(PresentedError::Ended);
        };
        let query = &LivenessQuery {
            client_id: client_id.clone(),
            token: id,
        };
        self.require_live(query).await?;
        let client = self
            .known_client(client_id.as_str())
            .await
            .map_err(PresentedError::Unknown)?;
        let client = client.ok_or(PresentedError::Ended)?;
        // Whoever has the secret can put the id of any grant into a token. Only that of a client who has such tokens counts, and
        // none for longer than such tokens live.
        let longest = i64::from(ClientSettings::MAX_ACCESS_TOKEN_LIFETIME);
        let is_classic = self.profile_of(&client.client) == TokenProfile::Classic;
        if !is_classic || said.exp > now.plus(longest) {
            return Err(PresentedError::NotGood);
        }
        let sub = self
            .subject_of(&client.client, &grant)
            .map_err(PresentedError::Unknown)?;
        let granted: Scope = said
            .scope
            .iter()
            .filter(|it| grant.scope.contains(it))
            .cloned()
            .collect();
        let cid = Classic::of(&client.client, &self.settings.classic).into_cid();
        let issuer = self.settings.issuer.to_string();
        let claims = AccessTokenClaims {
            sub,
            aud: vec![said.aud.unwrap_or_else(|| issuer.clone())],
            iss: issuer,
            exp: said.exp,
            iat: said.iat,
            nbf: Some(said.nbf),
            jti: said.jti,
            client_id: client_id.to_string(),
            scope: Some(granted).filter(|scope| !scope.is_empty()),
            further: serde_json::Map::from_iter([("cid".to_owned(), cid.into())]),
        };
        Ok(LiveToken { claims, id })
    }

    /// Checks a presented access token: shape, signature or seal, key, issuer, type, times, and that it is live.
    pub(crate) async fn check_access_token(
        &self,
        token: &Secret<String>,
    ) -> Result<LiveToken, PresentedError> {
        if !self.touch.is_fresh(self.clock.now()) {
            return Err(PresentedError::Unknown(out_of_touch()));
        }
        let claims = self.verify_presented(token.expose())?;
        let id: TokenId = claims.jti.parse().map_err(|_| PresentedError::NotGood)?;
        let client_id: ClientId = claims
            .client_id
            .parse()
            .map_err(|_| PresentedError::NotGood)?;
        // RULES A2: read from storage each time; no positive answer is kept.
        let query = &LivenessQuery {
            client_id,
            token: id,
        };
        self.require_live(query).await?;
        Ok(LiveToken { claims, id })
    }

    async fn require_live(&self, query: &LivenessQuery) -> Result<(), PresentedError> {
        let liveness = self.store.liveness(query).await;
        match liveness.map_err(|error| PresentedError::Unknown(unavailable(&error)))? {
            Liveness::Live => Ok(()),
            Liveness::TokenRevoked
            | Liveness::GrantEnded
            | Liveness::UserEnded
            | Liveness::SessionEnded
            | Liveness::ClientEnded => Err(PresentedError::Ended),
        }
    }

    /// Everything about a token that can be judged without storage.
    fn verify_presented(&self, token: &str) -> Result<AccessTokenClaims, PresentedError> {
        if token.len() > MAX_TOKEN_LEN {
            return Err(PresentedError::NotGood);
        }
        let now = self.clock.now();
        let ring = self.keys.at(now);
        // RULES T1: the shape selects one decoder before any crypto.
        let claims = if opaque::is_opaque(token) {
            let issuer = self.settings.issuer.as_str();
            opaque::open(token, &ring.view().sealing, issuer, now, CLOCK_SKEW)
                .map_err(|_| PresentedError::NotGood)?
        } else {
            self.validator
                .verify(token, &ring.view().verifying, now)
                .map_err(|_| PresentedError::NotGood)?
        };
        // The allowance for clocks is for what lies in the future. The end that we set ourselves is the end.
        if claims.exp <= now {
            Err(PresentedError::NotGood)
        } else {
            Ok(claims)
        }
    }
}

/// The validator of the issuer itself, which judges at each of its doors who may ask about which audience.
pub(crate) fn own_validator(issuer: &Issuer) -> AccessTokenValidator {
    AccessTokenValidator::new(
        issuer.as_str(),
        ExpectedAudience::JudgedByIssuer,
        CLOCK_SKEW,
    )
}
