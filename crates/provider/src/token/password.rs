//! The resource owner password credentials grant: RFC 6749 §4.3.

use countersign_core::{Client, EntityId, Grant, GrantType, GrantUser, UserProfile};
use countersign_protocol::{ErrorCode, ErrorResponse, PasswordRequest};

use super::narrow_audience::narrow_audience;
use super::narrow_scope::narrow_scope_of_user;
use crate::authenticate::{IdentifiedClient, SignInName, SignedInUser};
use crate::permit::{Evidence, Permit};
use crate::{Origin, Provider};

/// What a user authorizes a client to do: a grant that is to be. Only this module can make one.
pub(crate) struct NewAuthorization {
    client: IdentifiedClient,
    user: SignedInUser,
    grant: Grant,
    origin: Origin,
}

impl NewAuthorization {
    /// The client.
    pub(crate) fn client(&self) -> &Client {
        self.client.client()
    }

    /// What is known about the user, who has just proved to be one.
    pub(crate) fn profile(&self) -> &UserProfile {
        &self.user.user().profile
    }

    /// Who it is, by the internal id.
    pub(crate) fn user(&self) -> EntityId {
        self.user.user().id
    }

    /// The grant as it is to be stored.
    pub(crate) const fn grant(&self) -> &Grant {
        &self.grant
    }

    /// Where the user signed in.
    pub(crate) const fn origin(&self) -> Origin {
        self.origin
    }
}

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
        let user = self
            .sign_in(
                SignInName::Username(&request.username),
                &request.password,
                client.client(),
                origin,
            )
            .await?;
        // After the hash, which may have waited for its turn: what is taken in hand here is used at once.
        let press = self.press(client.client())?;
        let refresh = settings
            .grant_types
            .contains(&GrantType::RefreshToken)
            .then(|| self.first_refresh())
            .transpose()?;
        let mut resources = asked.resources;
        resources.sort();
        resources.dedup();
        let now = self.clock.now();
        let grant = Grant {
            id: self.ids.next(now, &*self.random).into(),
            client: client.client().id,
            client_epoch: client.client().epoch,
            user: Some(GrantUser {
                id: user.user().id,
                epoch: user.user().epoch,
            }),
            scope: scope.get().clone(),
            resources,
            created_at: now,
            lifetime: self.grant_lifetime(client.client(), refresh.is_some()),
            refresh,
            authorization: None,
        };
        let evidence = Evidence::Password(Box::new(NewAuthorization {
            client,
            user,
            grant,
            origin,
        }));
        self.permit(evidence, scope, &audience, press, None)
    }
}
