//! The client credentials grant: RFC 6749 §4.4.

use countersign_core::GrantType;
use countersign_protocol::{AskedFor, ErrorCode, ErrorResponse};

use super::narrow_audience::narrow_audience;
use super::narrow_scope::narrow_scope;
use crate::Provider;
use crate::authenticate::IdentifiedClient;
use crate::permit::{Evidence, Permit};

impl Provider {
    /// Decides whether a client may have a token for itself.
    pub(super) fn permit_client_credentials(
        &self,
        client: IdentifiedClient,
        asked: AskedFor,
    ) -> Result<Permit, ErrorResponse> {
        let unauthorized = |text| Err(ErrorResponse::new(ErrorCode::UnauthorizedClient, text));
        // RFC 6749 §4.4: "The client credentials grant type MUST only be used by confidential clients."
        let IdentifiedClient::Proven(client) = client else {
            return unauthorized("a public client cannot use client_credentials");
        };
        let settings = &client.client().settings;
        // RFC 6749 §5.2: "The authenticated client is not authorized to use this authorization grant type."
        if !settings.grant_types.contains(&GrantType::ClientCredentials) {
            return unauthorized("this client may not use the grant type client_credentials");
        }
        let scope = narrow_scope(settings, asked.scope)?;
        let audience = narrow_audience(settings, &asked.resources, &self.settings.issuer)?;
        let press = self.press(client.client())?;
        self.permit(
            Evidence::ClientCredentials(client),
            scope,
            &audience,
            press,
            None,
        )
    }
}
