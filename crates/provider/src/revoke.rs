//! The revocation endpoint: RFC 7009.

use countersign_core::Client;
use countersign_protocol::{ErrorCode, ErrorResponse, RevocationRequest};
use countersign_storage::{EndGrant, RevokeToken};

use crate::error::unavailable;
use crate::presented::{LiveRefreshToken, LiveToken, Presented, PresentedError};
use crate::settings::CLOCK_SKEW;
use crate::{Origin, Provider};

impl Provider {
    /// Answers a request to the revocation endpoint. When this returns `Ok`, the token is dead on every node.
    ///
    /// # Errors
    ///
    /// The error response to send. A token that is none, or has ended, is no error (RFC 7009 §2.2).
    pub async fn revoke(
        &self,
        request: RevocationRequest,
        origin: Origin,
    ) -> Result<(), ErrorResponse> {
        // RFC 7009 §2.1: "The authorization server first validates the client credentials".
        let caller = self.identify(request.client, origin).await?;
        let caller = caller.client();
        match self.check_presented(&request.token, origin.door).await {
            Ok(Presented::Access(token)) => self.revoke_access_token(caller, &token).await,
            Ok(Presented::Refresh(token)) => self.revoke_grant_of(caller, &token).await,
            // RFC 7009 §2.2: "invalid tokens do not cause an error response".
            Err(PresentedError::NotGood | PresentedError::Ended) => Ok(()),
            // RFC 7009 §2.2.1: to say that it is revoked would be a lie.
            Err(PresentedError::OfAnotherDoor) => Err(ErrorResponse::new(
                ErrorCode::UnsupportedTokenType,
                "a classic access token is revoked at the classic dialect's /token/revoke, or with its refresh token here",
            )),
            // RULES A3: revocation is never answered with 200 while storage is away (attack class 30).
            Err(PresentedError::Unknown(error)) => Err(error),
        }
    }

    /// RULES A2: "Revoking an access token ends that `jti`".
    async fn revoke_access_token(
        &self,
        caller: &Client,
        token: &LiveToken,
    ) -> Result<(), ErrorResponse> {
        if token.claims().client_id != caller.client_id.as_str() {
            return Err(of_another_client(caller));
        }
        // Kept until no node, by its own clock, can take the token for a live one.
        let keep_until = token.claims().exp.plus(i64::from(CLOCK_SKEW));
        match self.store.revoke_token(token.id(), keep_until).await {
            Ok(RevokeToken::Revoked | RevokeToken::AlreadyRevoked) => Ok(()),
            Err(error) => Err(unavailable(&error)),
        }
    }

    /// RULES A2: "revoking a refresh token ends its grant"; R3: an old one as well. RFC 7009 §2.1: "the authorization
    /// server SHOULD also invalidate all access tokens based on the same authorization grant".
    async fn revoke_grant_of(
        &self,
        caller: &Client,
        token: &LiveRefreshToken,
    ) -> Result<(), ErrorResponse> {
        let grant = &token.found().grant;
        if grant.client != caller.id {
            return Err(of_another_client(caller));
        }
        match self.store.end_grant(grant.id).await {
            Ok(EndGrant::Ended | EndGrant::NotFound) => Ok(()),
            Err(error) => Err(unavailable(&error)),
        }
    }
}

/// RFC 7009 §2.1: "verifies whether the token was issued to the client making the revocation request. If this validation
/// fails, the request is refused and the client is informed of the error".
fn of_another_client(caller: &Client) -> ErrorResponse {
    tracing::warn!(
        target: "countersign::audit",
        event = "revocation_of_another_clients_token",
        client = %caller.client_id,
        "revocation of another client's token refused"
    );
    ErrorResponse::new(
        ErrorCode::InvalidGrant,
        "the token was issued to another client",
    )
}
