//! The token endpoint: RFC 6749 §3.2. One file per grant and per rule.

mod authorization_code;
mod client_credentials;
mod narrow_audience;
mod narrow_scope;
mod password;
mod refresh_token;
mod standing;

use countersign_core::GrantType;
use countersign_protocol::{ErrorCode, ErrorResponse, GrantRequest, TokenRequest, TokenResponse};

use crate::permit::{Permit, Redeemed};
use crate::{Origin, Provider};

pub(crate) use authorization_code::ProvenCode;
pub(crate) use narrow_audience::{GrantedAudience, narrow_audience};
pub(crate) use narrow_scope::{GrantedScope, narrow_scope_of_user};
pub(crate) use password::NewAuthorization;
pub(crate) use refresh_token::{ProvenRefresh, Step};
pub(crate) use standing::Standing;

/// How often a decision is made anew after another request moved the grant on in between.
const ATTEMPTS: usize = 8;

/// The grant types that [`Provider::token`] answers; the metadata is made from this list.
pub(crate) const GRANT_TYPES: [GrantType; 4] = [
    GrantType::AuthorizationCode,
    GrantType::ClientCredentials,
    GrantType::Password,
    GrantType::RefreshToken,
];

impl Provider {
    /// Answers a request to the token endpoint, which came from `origin`.
    ///
    /// # Errors
    ///
    /// The error response to send; see [`ErrorCode`].
    pub async fn token(
        &self,
        request: TokenRequest,
        origin: Origin,
    ) -> Result<TokenResponse, ErrorResponse> {
        match request.grant {
            GrantRequest::ClientCredentials(asked) => {
                let client = self.identify(request.client, origin).await?;
                self.client_credentials(client, asked, origin).await
            }
            // RFC 9700 §2.4: "The resource owner password credentials grant MUST NOT be used."
            GrantRequest::Password(_) if self.settings.strict => Err(ErrorResponse::new(
                ErrorCode::UnsupportedGrantType,
                "this grant_type is not supported; see grant_types_supported in the metadata",
            )),
            GrantRequest::Password(grant) => {
                let client = self.identify(request.client, origin).await?;
                let permit = self.permit_password(client, grant, origin).await?;
                self.issue(permit).await
            }
            GrantRequest::AuthorizationCode(grant) => {
                // RULES R3, as for refresh tokens.
                let presented = self.authenticate_code(grant.code.expose()).await;
                let client = self.identify(request.client, origin).await?;
                self.redeem(client, presented?, &grant, origin).await
            }
            GrantRequest::RefreshToken(grant) => {
                // RULES R3: the MAC before everything else. Who the client is comes first in the answer, all the same.
                let presented = self
                    .authenticate_refresh_token(grant.refresh_token.expose())
                    .await;
                let client = self.identify(request.client, origin).await?;
                self.refresh(client, presented?, grant).await
            }
        }
    }

    /// Makes a permit true and signs what it allows.
    async fn issue(&self, permit: Permit) -> Result<TokenResponse, ErrorResponse> {
        match permit.redeem(self).await? {
            Redeemed::Authorized(authorized) => self.mint(*authorized),
            // The user was disabled or removed between signing in and now.
            Redeemed::Ended | Redeemed::Changed => Err(ErrorResponse::new(
                ErrorCode::InvalidGrant,
                "the username or password is wrong",
            )),
        }
    }
}
