//! The client credentials grant: RFC 6749 §4.4.

use countersign_core::{GrantType, TokenProfile};
use countersign_protocol::{AskedFor, ErrorCode, ErrorResponse, TokenResponse};

use super::ATTEMPTS;
use super::narrow_audience::narrow_audience;
use super::narrow_scope::narrow_scope;
use crate::authenticate::{IdentifiedClient, ProvenClient};
use crate::permit::{Evidence, Permit, Redeemed};
use crate::{Door, Origin, Provider};

impl Provider {
    /// Answers a client that wants a token for itself.
    pub(super) async fn client_credentials(
        &self,
        client: IdentifiedClient,
        asked: AskedFor,
        origin: Origin,
    ) -> Result<TokenResponse, ErrorResponse> {
        let unauthorized = |text| Err(ErrorResponse::new(ErrorCode::UnauthorizedClient, text));
        // RFC 6749 §4.4: "The client credentials grant type MUST only be used by confidential clients."
        let IdentifiedClient::Proven(client) = client else {
            return unauthorized("a public client cannot use client_credentials");
        };
        let grant_types = &client.client().settings.grant_types;
        // RFC 6749 §5.2: "The authenticated client is not authorized to use this authorization grant type."
        if !grant_types.contains(&GrantType::ClientCredentials) {
            return unauthorized("this client may not use the grant type client_credentials");
        }
        // RFC 6749 §4.4.3: "A refresh token SHOULD NOT be included." RULES D3: that wire cannot do without.
        let with_refresh = origin.door == Door::Moov;
        if with_refresh && !grant_types.contains(&GrantType::RefreshToken) {
            return unauthorized(
                "the answer has a refresh token, and this client may not use the grant type refresh_token",
            );
        }
        for _ in 0..ATTEMPTS {
            let permit = self
                .permit_client_credentials(client.clone(), asked.clone(), with_refresh)
                .await?;
            match permit.redeem(self).await? {
                Redeemed::Authorized(authorized) => return self.mint(*authorized),
                // Another request has made the standing grant meanwhile, or ended it.
                Redeemed::Changed | Redeemed::Ended => {}
            }
        }
        Err(ErrorResponse::new(
            ErrorCode::TemporarilyUnavailable,
            "this client is asking for too many tokens at once; try again",
        ))
    }

    /// Decides whether a client may have a token for itself.
    async fn permit_client_credentials(
        &self,
        client: ProvenClient,
        asked: AskedFor,
        with_refresh: bool,
    ) -> Result<Permit, ErrorResponse> {
        let settings = &client.client().settings;
        let scope = narrow_scope(settings, asked.scope)?;
        let audience = narrow_audience(settings, &asked.resources, &self.settings.issuer)?;
        let press = self.press(client.client())?;
        let is_classic = self.profile_of(client.client()) == TokenProfile::Classic;
        // RULES D1: of a classic token, client and scope are read again from a grant.
        let evidence = if with_refresh || is_classic {
            let standing = self.standing(client, scope.get(), with_refresh).await?;
            Evidence::Standing(Box::new(standing))
        } else {
            Evidence::ClientCredentials(client)
        };
        self.permit(evidence, scope, &audience, press, None)
    }
}
