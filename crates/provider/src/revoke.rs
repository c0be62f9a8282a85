//! The revocation endpoint: RFC 7009.

use countersign_protocol::{ErrorCode, ErrorResponse, RevocationRequest};
use countersign_storage::RevokeToken;

use crate::Provider;
use crate::error::unavailable;
use crate::presented::PresentedError;
use crate::settings::CLOCK_SKEW;

impl Provider {
    /// Answers a request to the revocation endpoint. When this returns `Ok`, the token is dead on every node.
    ///
    /// # Errors
    ///
    /// The error response to send. A token that is none, or has ended, is no error (RFC 7009 §2.2).
    pub async fn revoke(&self, request: RevocationRequest) -> Result<(), ErrorResponse> {
        // RFC 7009 §2.1: "The authorization server first validates the client credentials".
        let caller = self.identify(request.client).await?;
        let token = match self.check_presented(&request.token).await {
            Ok(token) => token,
            // RFC 7009 §2.2: "invalid tokens do not cause an error response".
            Err(PresentedError::NotGood | PresentedError::Ended) => return Ok(()),
            // RULES A3: revocation is never answered with 200 while storage is away (attack class 30).
            Err(PresentedError::Unknown(error)) => return Err(error),
        };
        // RFC 7009 §2.1: "verifies whether the token was issued to the client making the revocation request. If this
        // validation fails, the request is refused and the client is informed of the error".
        if token.claims().client_id != caller.client().client_id.as_str() {
            tracing::warn!(caller = %caller.client().client_id, "revocation of another client's token refused");
            return Err(ErrorResponse::new(
                ErrorCode::InvalidGrant,
                "the token was issued to another client",
            ));
        }
        // Kept until no node, by its own clock, can take the token for a live one.
        let keep_until = token.claims().exp.plus(i64::from(CLOCK_SKEW));
        match self.store.revoke_token(token.id(), keep_until).await {
            Ok(RevokeToken::Revoked | RevokeToken::AlreadyRevoked) => Ok(()),
            Err(error) => Err(unavailable(&error)),
        }
    }
}
