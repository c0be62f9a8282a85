//! Refreshing an access token: RFC 6749 §6, RFC 9700 §4.14.2, RULES R1 to R11. The order of the checks is RULES R3.

mod judge;

use countersign_core::{
    Client, CurrentRefresh, Generation, Grant, GrantType, KeyId, Scope, Secret, TokenProfile,
};
use countersign_jose::classic;
use countersign_jose::refresh_token::{self, RefreshToken, Tag};
use countersign_protocol::{AskedFor, ErrorCode, ErrorResponse, RefreshRequest, TokenResponse};
use countersign_storage::{EndGrant, FoundGrant, SeenRefresh};

use super::ATTEMPTS;
use super::narrow_audience::renew_audience;
use super::narrow_scope::renew_scope;
use crate::authenticate::IdentifiedClient;
use crate::authorize::may_refresh;
use crate::claims::has;
use crate::error::unavailable;
use crate::id_token::{IdTokenPlan, IdTokenSubject};
use crate::permit::{Evidence, Permit, Redeemed};
use crate::{Provider, audit};
use judge::{Judgement, judge};

/// A refresh token whose MAC is good. What it is worth is for the row of its grant to judge.
pub(crate) struct AuthenticToken {
    pub(crate) token: RefreshToken,
    tag: Tag,
}

/// A refresh token that was found good for its client. Only this module can make one.
pub(crate) struct ProvenRefresh {
    client: IdentifiedClient,
    found: FoundGrant,
    seen: SeenRefresh,
    step: Step,
    is_recovered: bool,
}

/// What using the token makes of the grant.
pub(crate) enum Step {
    /// A new generation: the winning request draws its nonce.
    Rotate {
        /// The generation to come.
        next: CurrentRefresh,
    },
    /// The current generation is told again.
    Retry {
        /// How many generations in a row needed that.
        in_a_row: u32,
    },
    /// The token stays the current one (RULES R9).
    Keep,
}

impl ProvenRefresh {
    /// The client that presented it.
    pub(crate) fn client(&self) -> &Client {
        self.client.client()
    }

    /// The grant, its client and its user.
    pub(crate) const fn found(&self) -> &FoundGrant {
        &self.found
    }

    /// What the decision stood on.
    pub(crate) const fn seen(&self) -> &SeenRefresh {
        &self.seen
    }

    /// What the decision was.
    pub(crate) const fn step(&self) -> &Step {
        &self.step
    }

    /// Whether the token is from the time that a declared restore has lost.
    pub(crate) const fn is_recovered(&self) -> bool {
        self.is_recovered
    }

    /// The refresh token that is current once the step is done.
    pub(crate) fn current(&self) -> Option<&CurrentRefresh> {
        match &self.step {
            Step::Rotate { next } => Some(next),
            Step::Retry { .. } | Step::Keep => self.found.grant.refresh.as_ref(),
        }
    }
}

/// The same for every reason: whoever holds a token that is not good is told nothing about it.
fn invalid_grant() -> ErrorResponse {
    ErrorResponse::new(
        ErrorCode::InvalidGrant,
        "the refresh token is not good, or has ended",
    )
}

impl Provider {
    /// Answers a refresh.
    pub(super) async fn refresh(
        &self,
        client: IdentifiedClient,
        presented: Option<AuthenticToken>,
        request: RefreshRequest,
    ) -> Result<TokenResponse, ErrorResponse> {
        // RFC 6749 §5.2: "The authenticated client is not authorized to use this authorization grant type."
        let settings = &client.client().settings;
        if !settings.grant_types.contains(&GrantType::RefreshToken) {
            return Err(ErrorResponse::new(
                ErrorCode::UnauthorizedClient,
                "this client may not use the grant type refresh_token",
            ));
        }
        let presented = presented.ok_or_else(invalid_grant)?;
        for _ in 0..ATTEMPTS {
            let permit = self
                .permit_refresh(client.clone(), &presented, &request.asked)
                .await?;
            let kept = matches!(permit.refresh_step(), Some(Step::Keep));
            match permit.redeem(self).await? {
                Redeemed::Authorized(authorized) => {
                    let mut response = self.mint(*authorized)?;
                    if kept {
                        // The token may be older than its key: what was presented is what stays good.
                        response.refresh_token = Some(request.refresh_token.expose().clone());
                    }
                    return Ok(response);
                }
                // Another request moved the grant on after it was read here: decide again on what is there now.
                Redeemed::Changed => {}
                Redeemed::Ended => return Err(invalid_grant()),
            }
        }
        Err(ErrorResponse::new(
            ErrorCode::TemporarilyUnavailable,
            "this refresh token is being used by too many requests at once; try again",
        ))
    }

    /// Checks the MAC of a refresh token: RULES R3, the first check of all. An unknown key may be a new one of another
    /// node (RULES R6).
    pub(crate) async fn authenticate_refresh_token(
        &self,
        text: &str,
    ) -> Result<Option<AuthenticToken>, ErrorResponse> {
        // RULES T1: the shape selects one decoder before any crypto.
        let key = if refresh_token::is_refresh_token(text) {
            refresh_token::key_id(text).ok()
        } else {
            classic::key_id(text)
        };
        let Some(key) = key else {
            return Ok(None);
        };
        self.know_key(&key, self.clock.now()).await?;
        Ok(self.read_with(&key, text))
    }

    fn read_with(&self, key: &KeyId, text: &str) -> Option<AuthenticToken> {
        let ring = self.keys.at(self.clock.now());
        let (token, tag) = if refresh_token::is_refresh_token(text) {
            refresh_token::read(text, ring.refresh_by_id(key)?).ok()?
        } else {
            classic::read_refresh_token(text, ring.classic_refresh_by_id(key)?).ok()?
        };
        Some(AuthenticToken { token, tag })
    }

    /// Decides whether a client may have a token for this refresh token. Nothing is changed, unless the token was used
    /// again: then its grant ends here.
    async fn permit_refresh(
        &self,
        client: IdentifiedClient,
        presented: &AuthenticToken,
        asked: &AskedFor,
    ) -> Result<Permit, ErrorResponse> {
        let found = self.store.find_grant(presented.token.grant).await;
        let found = found.map_err(|error| unavailable(&error))?;
        let found = found.ok_or_else(invalid_grant)?;
        let grant = &found.grant;
        // RFC 6749 §6: "the refresh token is bound to the client to which it was issued". RULES R3: revokes nothing.
        if grant.client != client.client().id {
            audit::refresh_of_another_client(grant, &client.client().client_id);
            return Err(invalid_grant());
        }
        let (Some(current), Some(seen)) = (&grant.refresh, SeenRefresh::of(grant)) else {
            return Err(invalid_grant());
        };
        let judgement = self.judge(client.client(), presented, current).await?;
        match judgement {
            Judgement::Current | Judgement::Retry { .. } | Judgement::Recovered => {}
            Judgement::NewerThanStored => {
                audit::refresh_newer_than_stored(grant, &client.client().client_id);
                return Err(invalid_grant());
            }
            // RFC 9700 §4.14.2: "the authorization server ... will revoke the active refresh token".
            Judgement::Reused => {
                return Err(self.end_reused(grant, client.client()).await);
            }
        }
        // RULES R11, and then user and client (R3).
        let is_recovered = judgement == Judgement::Recovered;
        let used_at = if is_recovered {
            // What is stored of its last use is from before the restore.
            current.used_at.max(presented.token.issued_at)
        } else {
            current.used_at
        };
        let expired = grant.lifetime.end(used_at) <= self.clock.now();
        if expired || !found.is_live() {
            return Err(invalid_grant());
        }
        if client.client().epoch != grant.client_epoch {
            // The client in memory is older than the one in storage, for whose epoch the token has to be made.
            self.directory.forget(&client.client().client_id);
            return Err(ErrorResponse::new(
                ErrorCode::TemporarilyUnavailable,
                "the client was changed a moment ago; try again",
            ));
        }
        let settings = &client.client().settings;
        // OpenID Connect Core §11: what the client may not have any more, it cannot go on with.
        let still_allowed = renew_scope(settings, &grant.scope, None)?;
        if grant.authorization.is_some() && !may_refresh(client.client(), still_allowed.get()) {
            return Err(invalid_grant());
        }
        // RULES D3: a standing refresh token is worth what the client may get for itself, and no more.
        let speaks_for_itself = grant.user.is_none();
        let may = matches!(client, IdentifiedClient::Proven(_))
            && settings.grant_types.contains(&GrantType::ClientCredentials);
        if speaks_for_itself && !may {
            return Err(invalid_grant());
        }
        let scope = renew_scope(settings, &grant.scope, asked.scope.as_ref())?;
        let audience = renew_audience(
            settings,
            &grant.resources,
            &asked.resources,
            &self.settings.issuer,
        )?;
        let press = self.press(client.client())?;
        let id_token = self.renewed_id_token(client.client(), &found, scope.get())?;
        let step = match judgement {
            // Without its key the successor cannot be told again.
            Judgement::Retry { in_a_row } => {
                match self.derive_refresh_token(client.client(), grant, current) {
                    Some(_) => Step::Retry { in_a_row },
                    None => return Err(invalid_grant()),
                }
            }
            // RULES D3: many processes of a client share its standing grant. RULES R9: such a client is confidential.
            Judgement::Current if !settings.refresh_token_rotation || grant.user.is_none() => {
                Step::Keep
            }
            _ => {
                // RULES R4: "the generation becomes presented + 1".
                let last = Generation::from_number(presented.token.generation);
                let generation = last.next().map_err(|_| invalid_grant())?;
                Step::Rotate {
                    next: self.next_generation(generation, current, presented)?,
                }
            }
        };
        let proven = ProvenRefresh {
            client,
            found,
            seen,
            step,
            is_recovered,
        };
        let evidence = Evidence::RefreshToken(Box::new(proven));
        self.permit(evidence, scope, &audience, press, id_token)
    }

    /// The ID token of a refresh, if the grant is one of OpenID Connect: §12.2.
    fn renewed_id_token(
        &self,
        client: &Client,
        found: &FoundGrant,
        scope: &Scope,
    ) -> Result<Option<IdTokenPlan>, ErrorResponse> {
        let (Some(authorization), Some(user)) = (&found.grant.authorization, &found.user) else {
            return Ok(None);
        };
        if !has(scope, "openid") {
            return Ok(None);
        }
        let about = IdTokenSubject {
            client,
            user,
            session: authorization.session,
            facts: &authorization.facts,
            scope: None,
            with_nonce: false,
        };
        self.plan_id_token(&about).map(Some)
    }

    async fn judge(
        &self,
        client: &Client,
        presented: &AuthenticToken,
        current: &CurrentRefresh,
    ) -> Result<Judgement, ErrorResponse> {
        let window = client.settings.refresh_token_retry_window;
        let window = window.unwrap_or(self.settings.refresh_retry_window);
        let now = self.clock.now();
        let judged = |gap| judge(&presented.token, &presented.tag, current, window, gap, now);
        match judged(None) {
            Judgement::NewerThanStored => {
                let gap = self.store.restore_gap().await;
                Ok(judged(gap.map_err(|error| unavailable(&error))?))
            }
            judgement => Ok(judgement),
        }
    }

    /// The refresh token that takes over, and what is remembered of the one that was presented.
    fn next_generation(
        &self,
        generation: Generation,
        current: &CurrentRefresh,
        presented: &AuthenticToken,
    ) -> Result<CurrentRefresh, ErrorResponse> {
        let first = self.first_refresh()?;
        // RULES R2: the row counts consecutive generations; one that needed no retry ends the row.
        let retried_in_a_row = if current.retried {
            current.retried_in_a_row
        } else {
            0
        };
        Ok(CurrentRefresh {
            generation,
            previous_tag: Some(presented.tag.prefix()),
            retried_in_a_row,
            ..first
        })
    }

    /// The first refresh token of a grant. Each has a nonce of its own.
    pub(super) fn first_refresh(&self) -> Result<CurrentRefresh, ErrorResponse> {
        let now = self.clock.now();
        let ring = self.keys.at(now);
        let key = ring.refresh().ok_or_else(|| {
            ErrorResponse::new(
                ErrorCode::TemporarilyUnavailable,
                "there is no key for refresh tokens in use; try again in a few minutes",
            )
        })?;
        Ok(CurrentRefresh {
            generation: Generation::FIRST,
            nonce: (*self.random).bytes(),
            key: key.id().clone(),
            used_at: now,
            previous_tag: None,
            retried_in_a_row: 0,
            retried: false,
        })
    }

    /// The text of the refresh token that is current for a grant: derived, never stored (RULES R1).
    pub(crate) fn derive_refresh_token(
        &self,
        client: &Client,
        grant: &Grant,
        current: &CurrentRefresh,
    ) -> Option<Secret<String>> {
        if self.profile_of(client) == TokenProfile::Classic {
            return self.derive_classic_refresh_token(client, grant, current);
        }
        let ring = self.keys.at(self.clock.now());
        let key = ring.refresh_by_id(&current.key)?;
        let token = RefreshToken {
            grant: grant.id,
            generation: current.generation.number(),
            issued_at: current.used_at,
            nonce: current.nonce,
        };
        Some(refresh_token::write(key, &token).0)
    }

    /// Whether [`Provider::derive_refresh_token`] will find nothing wrong. A classic one says all of its scope, and may be too
    /// long.
    pub(crate) fn check_refresh_token_can_be_made(
        &self,
        client: &Client,
        grant: &Grant,
        next: &CurrentRefresh,
    ) -> Result<(), ErrorResponse> {
        let is_classic = self.profile_of(client) == TokenProfile::Classic;
        if is_classic && self.derive_refresh_token(client, grant, next).is_none() {
            return Err(ErrorResponse::new(
                ErrorCode::ServerError,
                "the refresh token could not be made; its scope may be longer than fits into one",
            ));
        }
        Ok(())
    }

    /// Ends the grant of a token that was used again. Unless storage says that it is done, it is not.
    async fn end_reused(&self, grant: &Grant, client: &Client) -> ErrorResponse {
        match self.store.end_grant(grant.id).await {
            Ok(EndGrant::Ended) => {
                audit::refresh_reused(grant, &client.client_id);
                invalid_grant()
            }
            Ok(EndGrant::NotFound) => invalid_grant(),
            Err(error) => unavailable(&error),
        }
    }
}
