//! The one gate in (RULES A5): every presented token is checked here, whatever endpoint it comes to.

use countersign_core::{ClientId, Issuer, Secret, TokenId};
use countersign_jose::access_token::{AccessTokenClaims, AccessTokenValidator, ExpectedAudience};
use countersign_jose::opaque;
use countersign_protocol::{ErrorResponse, MAX_TOKEN_LEN};
use countersign_storage::{Liveness, LivenessQuery};
use thiserror::Error;

use crate::Provider;
use crate::error::{out_of_touch, unavailable};
use crate::settings::CLOCK_SKEW;

/// A token of ours that is good and live. Only this module can make one.
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

/// Why a presented token is no live token of ours.
#[derive(Debug, Error)]
pub(crate) enum PresentedError {
    /// It is malformed, forged, of another issuer or kind, not yet good or no longer.
    #[error("not a good token of this issuer")]
    NotGood,
    /// It was good, and was ended: itself, or its client.
    #[error("the token has been ended")]
    Ended,
    /// Nobody can say: storage did not answer, or was not heard for too long.
    #[error(transparent)]
    Unknown(ErrorResponse),
}

impl Provider {
    /// Checks a presented access token: shape, signature or seal, key, issuer, type, times, and that it is live.
    pub(crate) async fn check_presented(
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
            Liveness::TokenRevoked | Liveness::ClientEnded => Err(PresentedError::Ended),
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
