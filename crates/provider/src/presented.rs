//! The one gate in (RULES A5): every presented token is checked here, whatever endpoint it comes to.
//!
//! Only the refresh itself judges a refresh token otherwise, since there a token that is not current has consequences.

use countersign_core::{ClientId, Issuer, Secret, TokenId};
use countersign_jose::access_token::{AccessTokenClaims, AccessTokenValidator, ExpectedAudience};
use countersign_jose::{opaque, refresh_token};
use countersign_protocol::{ErrorResponse, MAX_TOKEN_LEN};
use countersign_storage::{FoundGrant, Liveness, LivenessQuery};
use subtle::ConstantTimeEq as _;
use thiserror::Error;

use crate::Provider;
use crate::error::{out_of_touch, unavailable};
use crate::settings::CLOCK_SKEW;

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
    /// Nobody can say: storage did not answer, or was not heard for too long.
    #[error(transparent)]
    Unknown(ErrorResponse),
}

impl Provider {
    /// Checks a presented token of either kind, for the endpoints that take both.
    pub(crate) async fn check_presented(
        &self,
        token: &Secret<String>,
    ) -> Result<Presented, PresentedError> {
        // RULES T1: the shape selects one decoder before any crypto.
        if refresh_token::is_refresh_token(token.expose()) {
            let refresh = self.check_refresh_token(token).await?;
            Ok(Presented::Refresh(Box::new(refresh)))
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
        let liveness = self.store.liveness(query).await;
        match liveness.map_err(|error| PresentedError::Unknown(unavailable(&error)))? {
            Liveness::Live => Ok(LiveToken { claims, id }),
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
