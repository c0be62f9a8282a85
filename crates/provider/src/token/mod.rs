//! The token endpoint: RFC 6749 §3.2. One file per grant and per rule.

mod client_credentials;
mod narrow_audience;
mod narrow_scope;

use countersign_core::GrantType;
use countersign_protocol::{ErrorResponse, GrantRequest, TokenRequest, TokenResponse};

use crate::Provider;

pub(crate) use narrow_audience::GrantedAudience;
pub(crate) use narrow_scope::GrantedScope;

/// The grant types that [`Provider::token`] answers; the metadata is made from this list.
pub(crate) const GRANT_TYPES: [GrantType; 1] = [GrantType::ClientCredentials];

impl Provider {
    /// Answers a request to the token endpoint.
    ///
    /// # Errors
    ///
    /// The error response to send; see [`ErrorCode`](countersign_protocol::ErrorCode).
    pub async fn token(&self, request: TokenRequest) -> Result<TokenResponse, ErrorResponse> {
        let client = self.identify(request.client).await?;
        let permit = match request.grant {
            GrantRequest::ClientCredentials(grant) => {
                self.permit_client_credentials(client, grant)?
            }
        };
        self.mint(&permit.redeem())
    }
}
