//! The grant that comes of an authorization, and the response: RFC 6749 §4.1.2 and §4.2.2, OpenID Connect Core §3.1.2.5,
//! §3.2.2.5 and §3.3.2.5.

use countersign_core::{
    Authorization, AuthorizationFacts, Client, Grant, GrantLifetime, GrantType, GrantUser,
    IssuedCode, ResponseType, Scope, Secret, UserProfile,
};
use countersign_jose::authorization_code::{self, AuthorizationCode};
use countersign_protocol::{
    AuthorizationResponse, AuthorizationSuccess, ErrorCode, ErrorResponse, IssuedAccessToken,
};

use super::target::Target;
use super::understand::Understood;
use crate::claims::has;
use crate::id_token::IdTokenSubject;
use crate::permit::{Authorized, Evidence, Redeemed};
use crate::sessions::LiveSession;
use crate::{Origin, Provider, audit};

/// A user who has signed in, and has agreed where that is needed: a grant that is to be. Only this module can make one.
pub(crate) struct Approval {
    client: Client,
    session: LiveSession,
    grant: Grant,
}

impl Approval {
    /// The client.
    pub(crate) const fn client(&self) -> &Client {
        &self.client
    }

    /// What is known about the user.
    pub(crate) const fn profile(&self) -> &UserProfile {
        &self.session.user().profile
    }

    /// The grant as it is to be stored.
    pub(crate) const fn grant(&self) -> &Grant {
        &self.grant
    }
}

impl Provider {
    /// Makes the grant, and the response that tells the client of it.
    pub(super) async fn approve(
        &self,
        target: &Target,
        understood: Understood,
        session: LiveSession,
        origin: Origin,
    ) -> Result<AuthorizationResponse, ErrorResponse> {
        let client = target.client().clone();
        let (request, scope, audience, claims, acr) = understood.into_parts();
        let response_type = request.response_type;
        let facts = AuthorizationFacts {
            auth_time: session.session().auth_time,
            acr,
            amr: session.session().amr.clone(),
            nonce: request.nonce,
            claims,
            redirect_uri: target.named_redirect_uri(),
            code_challenge: request.code_challenge.filter(|_| response_type.has_code()),
        };
        let press = self.press(&client)?;
        let id_token = response_type
            .has_id_token()
            .then(|| {
                self.plan_id_token(&IdTokenSubject {
                    client: &client,
                    user: session.user(),
                    session: session.session().id,
                    facts: &facts,
                    scope: (response_type == ResponseType::IdToken).then_some(scope.get()),
                    with_nonce: true,
                })
            })
            .transpose()?;
        let mut resources = request.resources;
        resources.sort();
        resources.dedup();
        let grant = self.new_grant(&client, &session, scope.get(), facts, response_type);
        let grant = Grant { resources, ..grant };
        let stored = grant.clone();
        let approval = Approval {
            client,
            session,
            grant,
        };
        let evidence = Evidence::Approval(Box::new(approval));
        let permit = self.permit(evidence, scope, &audience, press, id_token)?;
        match permit.redeem(self).await? {
            Redeemed::Authorized(authorized) => {
                let success = self.tokens_of(&stored, response_type, *authorized)?;
                audit::authorized(&stored, &target.client().client_id, origin);
                Ok(AuthorizationResponse::success(
                    target.redirect_uri().as_str(),
                    target.addressing(),
                    self.settings.issuer.as_str(),
                    success,
                ))
            }
            // The user or the session ended between the page and now.
            Redeemed::Ended | Redeemed::Changed => Err(ErrorResponse::new(
                ErrorCode::LoginRequired,
                "the user has to sign in again",
            )),
        }
    }

    /// The grant as it begins.
    fn new_grant(
        &self,
        client: &Client,
        session: &LiveSession,
        scope: &Scope,
        facts: AuthorizationFacts,
        response_type: ResponseType,
    ) -> Grant {
        let now = self.clock.now();
        let code = response_type.has_code().then(|| IssuedCode {
            nonce: self.random.bytes(),
            expires_at: now.plus(self.settings.authorization_code_lifetime.into()),
            redeemed_at: None,
        });
        // RULES R11: "Without `offline_access` it ends with its session."
        let ends_with_session = !has(scope, "offline_access");
        let mut lifetime =
            self.grant_lifetime(client, code.is_some() && may_refresh(client, scope));
        if let Some(code) = &code
            && !may_refresh(client, scope)
        {
            // The access token begins when the code is redeemed.
            let waited = code.expires_at.since(now);
            lifetime = GrantLifetime {
                ends_at: lifetime.ends_at.plus(waited),
                ..lifetime
            };
        }
        if ends_with_session {
            lifetime.ends_at = lifetime.ends_at.min(session.session().ends_at);
        }
        Grant {
            id: self.ids.next(now, &*self.random).into(),
            client: client.id,
            client_epoch: client.epoch,
            user: Some(GrantUser {
                id: session.user().id,
                epoch: session.user().epoch,
            }),
            scope: scope.clone(),
            resources: Vec::new(),
            created_at: now,
            lifetime,
            // The code is the first credential; its redemption gives the refresh token (DESIGN §3).
            refresh: None,
            authorization: Some(Authorization {
                session: session.session().id,
                ends_with_session,
                facts,
                code,
            }),
        }
    }

    /// The tokens that the response itself has.
    fn tokens_of(
        &self,
        grant: &Grant,
        response_type: ResponseType,
        authorized: Authorized,
    ) -> Result<AuthorizationSuccess, ErrorResponse> {
        let code = self.write_code(grant)?;
        let access_token = response_type
            .has_token()
            .then(|| self.mint_access_token(&authorized))
            .transpose()?;
        let claims = authorized.claims();
        let issued = access_token.as_ref().map(|token| IssuedAccessToken {
            access_token: Secret::new(token.clone()),
            expires_in: claims.exp.since(claims.iat),
            scope: claims.scope.clone().unwrap_or_default(),
        });
        let id_token = authorized.into_id_token().map(|plan| {
            plan.sign(
                access_token.as_deref(),
                code.as_ref().map(|code| code.expose().as_str()),
            )
        });
        Ok(AuthorizationSuccess {
            code,
            access_token: issued,
            id_token: id_token.transpose()?.map(Secret::new),
        })
    }

    /// The text of the code of a grant, if it has one (RULES C1).
    fn write_code(&self, grant: &Grant) -> Result<Option<Secret<String>>, ErrorResponse> {
        let Some((authorization, code)) = grant
            .authorization
            .as_ref()
            .and_then(|it| it.code.as_ref().map(|code| (it, code)))
        else {
            return Ok(None);
        };
        let ring = self.keys.at(self.clock.now());
        let key = ring.code().ok_or_else(|| {
            ErrorResponse::new(
                ErrorCode::TemporarilyUnavailable,
                "there is no key for codes in use; try again in a few minutes",
            )
        })?;
        let code = AuthorizationCode {
            grant: grant.id,
            has_challenge: authorization.facts.code_challenge.is_some(),
            issued_at: grant.created_at,
            nonce: code.nonce,
        };
        Ok(Some(authorization_code::write(key, &code)))
    }
}

/// Whether the redemption of a code gives a refresh token: without OpenID Connect whenever the client may use one; with it,
/// only if the user has agreed to `offline_access` (OpenID Connect Core §11).
pub(crate) fn may_refresh(client: &Client, scope: &Scope) -> bool {
    client
        .settings
        .grant_types
        .contains(&GrantType::RefreshToken)
        && (!has(scope, "openid") || has(scope, "offline_access"))
}
