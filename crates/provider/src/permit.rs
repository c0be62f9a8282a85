//! The one gate out (RULES A4): policy gives a [`Permit`], storage makes it true, and only then is anything signed.
//!
//! A permit is made of evidence, a granted scope, a granted audience, and a key in hand. Each of these can be made only
//! by the module that checks it, so a path to a token that skips one of the checks does not compile.

use countersign_core::{Client, CurrentRefresh, Grant, GrantLifetime, UserProfile};
use countersign_jose::access_token::AccessTokenClaims;
use countersign_protocol::{ErrorCode, ErrorResponse};
use countersign_storage::{CreateGrant, GrantLimits, RedeemCode, RefreshOutcome, StoreError};

use crate::authenticate::ProvenClient;
use crate::authorize::Approval;
use crate::error::unavailable;
use crate::id_token::IdTokenPlan;
use crate::mint::Press;
use crate::token::{
    GrantedAudience, GrantedScope, NewAuthorization, ProvenCode, ProvenRefresh, Standing, Step,
};
use crate::{Provider, audit};

/// What was proved before a token was asked for. Each kind of evidence can be made only by the module that checks it.
pub(crate) enum Evidence {
    /// The client itself, by its credentials (RFC 6749 §4.4).
    ClientCredentials(ProvenClient),
    /// The client itself, by its credentials, on the grant that it has for that (RULES D1, D3).
    Standing(Box<Standing>),
    /// A user, by the password (RFC 6749 §4.3).
    Password(Box<NewAuthorization>),
    /// An earlier authorization, by its refresh token (RFC 6749 §6).
    RefreshToken(Box<ProvenRefresh>),
    /// A user in a browser, who has signed in and agreed (RFC 6749 §4.1.1).
    Approval(Box<Approval>),
    /// That approval, by its code (RFC 6749 §4.1.3).
    Code(Box<ProvenCode>),
}

/// The most codes of one session that wait for their redemption; with one more, the oldest is void (RULES C3).
const MAX_UNREDEEMED: u32 = 20;

/// Policy has agreed; storage has not yet been asked.
pub(crate) struct Permit {
    evidence: Evidence,
    claims: AccessTokenClaims,
    press: Press,
    id_token: Option<IdTokenPlan>,
}

/// What became of a permit.
pub(crate) enum Redeemed {
    /// It is true.
    Authorized(Box<Authorized>),
    /// What it stood on has changed: decide again.
    Changed,
    /// What it stood on has ended.
    Ended,
}

/// Policy has agreed and storage has made it true: this may be signed.
pub(crate) struct Authorized {
    permit: Permit,
    refresh_token: Option<String>,
}

impl Provider {
    /// The decision that whoever gave `evidence` may have a token of this scope, for this audience.
    pub(crate) fn permit(
        &self,
        evidence: Evidence,
        scope: GrantedScope,
        audience: &GrantedAudience,
        press: Press,
        id_token: Option<IdTokenPlan>,
    ) -> Result<Permit, ErrorResponse> {
        let scope = scope.known_to(audience, &self.registry.load());
        let claims = self.claims(&evidence, scope.get(), audience.get())?;
        // RULES R3: nothing is consumed for a token that cannot be made.
        if evidence.grant().is_some() {
            press.check(&claims)?;
        }
        if let (Some(grant), Some(next)) = (evidence.grant(), evidence.new_refresh()) {
            self.check_refresh_token_can_be_made(evidence.client(), grant, next)?;
        }
        Ok(Permit {
            evidence,
            claims,
            press,
            id_token,
        })
    }

    /// How long a new grant of `client` lives (RULES R11).
    pub(crate) fn grant_lifetime(&self, client: &Client, with_refresh: bool) -> GrantLifetime {
        let settings = &client.settings;
        let or = |of_client: Option<u32>, of_server| of_client.unwrap_or(of_server);
        let (absolute, idle) = if with_refresh {
            (
                or(
                    settings.refresh_token_lifetime,
                    self.settings.refresh_token_lifetime,
                ),
                or(
                    settings.refresh_token_idle_lifetime,
                    self.settings.refresh_token_idle_lifetime,
                ),
            )
        } else {
            // Nothing is left to use once the access token has ended.
            let lifetime = self.access_token_lifetime(client);
            (lifetime, lifetime)
        };
        GrantLifetime {
            ends_at: self.clock.now().plus(absolute.into()),
            idle,
        }
    }
}

impl Permit {
    /// What redeeming makes of a presented refresh token, if one was presented.
    pub(crate) fn refresh_step(&self) -> Option<&Step> {
        match &self.evidence {
            Evidence::RefreshToken(proven) => Some(proven.step()),
            Evidence::ClientCredentials(_)
            | Evidence::Standing(_)
            | Evidence::Password(_)
            | Evidence::Approval(_)
            | Evidence::Code(_) => None,
        }
    }

    /// Makes the permit true by one atomic command, which checks again every stored fact that the decision used.
    pub(crate) async fn redeem(self, provider: &Provider) -> Result<Redeemed, ErrorResponse> {
        match &self.evidence {
            // Nothing is consumed and nothing written: the token stands on the client alone (DESIGN §3).
            Evidence::ClientCredentials(_) => Ok(Redeemed::Authorized(Box::new(Authorized {
                permit: self,
                refresh_token: None,
            }))),
            Evidence::Standing(standing) => {
                let grant = standing.grant().clone();
                let outcome = provider.stand(standing).await?;
                let told = grant.refresh.as_ref().filter(|_| standing.is_told());
                Ok(self.authorized(provider, outcome, &grant, told))
            }
            Evidence::Password(new) => {
                let grant = new.grant().clone();
                let created = create(provider, new.client(), &grant).await?;
                if created == RefreshOutcome::Done {
                    audit::signed_in(new.user(), &new.client().client_id, new.origin());
                }
                Ok(self.authorized(provider, created, &grant, grant.refresh.as_ref()))
            }
            Evidence::Approval(approval) => {
                let grant = approval.grant().clone();
                let created = create(provider, approval.client(), &grant).await?;
                Ok(self.authorized(provider, created, &grant, None))
            }
            Evidence::Code(proven) => {
                let grant = proven.found().grant.clone();
                let refresh = proven.refresh().cloned();
                let redeemed = redeem(provider, proven).await?;
                Ok(self.authorized(provider, redeemed, &grant, refresh.as_ref()))
            }
            Evidence::RefreshToken(proven) => {
                let outcome = advance(provider, proven).await;
                let grant = proven.found().grant.clone();
                let current = proven.current().cloned();
                let outcome = outcome.map_err(|error| unavailable(&error))?;
                if outcome == RefreshOutcome::Done && proven.is_recovered() {
                    audit::refresh_recovered(&grant, &proven.client().client_id);
                }
                Ok(self.authorized(provider, outcome, &grant, current.as_ref()))
            }
        }
    }

    fn authorized(
        self,
        provider: &Provider,
        outcome: RefreshOutcome,
        grant: &Grant,
        current: Option<&CurrentRefresh>,
    ) -> Redeemed {
        match outcome {
            RefreshOutcome::Done => {
                let client = self.evidence.client();
                let refresh_token = current
                    .and_then(|current| provider.derive_refresh_token(client, grant, current))
                    .map(|text| text.expose().clone());
                Redeemed::Authorized(Box::new(Authorized {
                    permit: self,
                    refresh_token,
                }))
            }
            RefreshOutcome::Changed => Redeemed::Changed,
            RefreshOutcome::Ended => Redeemed::Ended,
        }
    }
}

/// Stores a new grant.
async fn create(
    provider: &Provider,
    client: &Client,
    grant: &Grant,
) -> Result<RefreshOutcome, ErrorResponse> {
    let limits = GrantLimits {
        of_client: provider.settings.max_grants,
        unredeemed: MAX_UNREDEEMED,
    };
    match provider.store.create_grant(grant.clone(), limits).await {
        Ok(CreateGrant::Created { ended }) => {
            for oldest in ended {
                let user = grant.user.map(|user| user.id);
                audit::oldest_grant_ended(oldest, user, &client.client_id);
            }
            Ok(RefreshOutcome::Done)
        }
        // The client in memory is not the one in storage any more; the next request reads it anew.
        Ok(CreateGrant::ClientEnded) => {
            provider.directory.forget(&client.client_id);
            Err(ErrorResponse::new(
                ErrorCode::TemporarilyUnavailable,
                "the client was changed a moment ago; try again",
            ))
        }
        Ok(CreateGrant::UserEnded | CreateGrant::SessionEnded) => Ok(RefreshOutcome::Ended),
        Err(error) => Err(unavailable(&error)),
    }
}

/// Redeems a code. Whoever comes second finds that it has changed.
async fn redeem(provider: &Provider, proven: &ProvenCode) -> Result<RefreshOutcome, ErrorResponse> {
    let (seen, refresh) = (proven.seen().clone(), proven.refresh().cloned());
    let now = provider.clock.now();
    match provider.store.redeem_code(seen, now, refresh).await {
        Ok(RedeemCode::Redeemed) => Ok(RefreshOutcome::Done),
        Ok(RedeemCode::AlreadyRedeemed) => Ok(RefreshOutcome::Changed),
        Ok(RedeemCode::Ended) => Ok(RefreshOutcome::Ended),
        Err(error) => Err(unavailable(&error)),
    }
}

/// Moves the grant on. A rotation whose outcome is not known is tried once more: its nonce names the attempt, so it
/// cannot happen twice (RULES R5).
async fn advance(
    provider: &Provider,
    proven: &ProvenRefresh,
) -> Result<RefreshOutcome, StoreError> {
    let store = &provider.store;
    let seen = || proven.seen().clone();
    match proven.step() {
        Step::Rotate { next } => match store.rotate_refresh(seen(), next.clone()).await {
            Err(StoreError::OutcomeUnknown(reason)) => {
                tracing::warn!(reason, "a rotation was not confirmed; asking again");
                store.rotate_refresh(seen(), next.clone()).await
            }
            outcome => outcome,
        },
        Step::Retry { in_a_row } => store.retry_refresh(seen(), *in_a_row).await,
        Step::Keep => store.use_refresh(seen(), provider.clock.now()).await,
    }
}

impl Evidence {
    /// The client to which the token is issued.
    pub(crate) fn client(&self) -> &Client {
        match self {
            Self::ClientCredentials(client) => client.client(),
            Self::Standing(standing) => standing.client(),
            Self::Password(new) => new.client(),
            Self::RefreshToken(proven) => proven.client(),
            Self::Approval(approval) => approval.client(),
            Self::Code(proven) => proven.client(),
        }
    }

    /// The grant on which the token stands; none if it stands on the client alone.
    pub(crate) fn grant(&self) -> Option<&Grant> {
        match self {
            Self::ClientCredentials(_) => None,
            Self::Standing(standing) => Some(standing.grant()),
            Self::Password(new) => Some(new.grant()),
            Self::RefreshToken(proven) => Some(&proven.found().grant),
            Self::Approval(approval) => Some(approval.grant()),
            Self::Code(proven) => Some(&proven.found().grant),
        }
    }

    /// The refresh token that is new with this evidence, if there is one.
    pub(crate) fn new_refresh(&self) -> Option<&CurrentRefresh> {
        match self {
            Self::ClientCredentials(_) | Self::Standing(_) | Self::Approval(_) => None,
            Self::Password(new) => new.grant().refresh.as_ref(),
            Self::Code(proven) => proven.refresh(),
            Self::RefreshToken(proven) => match proven.step() {
                Step::Rotate { next } => Some(next),
                Step::Retry { .. } | Step::Keep => None,
            },
        }
    }

    /// What is known about the user, if there is one.
    pub(crate) fn profile(&self) -> Option<&UserProfile> {
        let found = match self {
            Self::ClientCredentials(_) | Self::Standing(_) => return None,
            Self::Password(new) => return Some(new.profile()),
            Self::Approval(approval) => return Some(approval.profile()),
            Self::RefreshToken(proven) => proven.found(),
            Self::Code(proven) => proven.found(),
        };
        found.user.as_ref().map(|user| &user.profile)
    }
}

impl Authorized {
    /// What the access token says.
    pub(crate) const fn claims(&self) -> &AccessTokenClaims {
        &self.permit.claims
    }

    /// The refresh token that goes with it.
    pub(crate) fn refresh_token(&self) -> Option<String> {
        self.refresh_token.clone()
    }

    /// The key that is in hand for the access token.
    pub(crate) const fn press(&self) -> &Press {
        &self.permit.press
    }

    /// The ID token that goes with it, ready to be signed.
    pub(crate) fn into_id_token(self) -> Option<IdTokenPlan> {
        self.permit.id_token
    }
}
