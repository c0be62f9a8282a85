//! The resource owner password credentials grant: RFC 6749 §4.3.

use countersign_core::GrantType;
use countersign_protocol::{ErrorCode, ErrorResponse, PasswordRequest};

use super::narrow_audience::narrow_audience;
use super::narrow_scope::narrow_scope_of_user;
use crate::authenticate::IdentifiedClient;
use crate::permit::{Evidence, NewAuthorization, Permit};
use crate::{Origin, Provider};

impl Provider {
    /// Decides whether a client may have a token for the user whose password it sends.
    pub(super) async fn permit_password(
        &self,
        client: IdentifiedClient,
        request: PasswordRequest,
        origin: Origin,
    ) -> Result<Permit, ErrorResponse> {
        let settings = &client.client().settings;
        // RFC 6749 §5.2: "The authenticated client is not authorized to use this authorization grant type."
        if !settings.grant_types.contains(&GrantType::Password) {
            return Err(ErrorResponse::new(
                ErrorCode::UnauthorizedClient,
                "this client may not use the grant type password",
            ));
        }
        let asked = request.asked;
        let scope = narrow_scope_of_user(settings, asked.scope)?;
        let audience = narrow_audience(settings, &asked.resources, &self.settings.issuer)?;
        let press = self.press(client.client())?;
        let refresh = settings
            .grant_types
            .contains(&GrantType::RefreshToken)
            .then(|| self.first_refresh())
            .transpose()?;
        let user = self
            .sign_in(
                &request.username,
                &request.password,
                client.client(),
                origin,
            )
            .await?;
        let mut resources = asked.resources;
        resources.sort();
        resources.dedup();
        let evidence = Evidence::Password(Box::new(NewAuthorization {
            client,
            user,
            scope: scope.get().clone(),
            resources,
            refresh,
        }));
        Ok(self.permit(evidence, scope, audience, press))
    }
}
