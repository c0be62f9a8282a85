//! The standing grant of a client: what its own tokens stand on where they need a row (RULES D1, D3). One for each client and
//! scope, so that asking again and again leaves no more behind than asking once.

use countersign_core::{Client, Grant, GrantId, GrantLifetime, Scope};
use countersign_protocol::{ErrorCode, ErrorResponse};
use countersign_storage::{CreateStandingGrant, RefreshOutcome, SeenRefresh};

use crate::authenticate::ProvenClient;
use crate::error::unavailable;
use crate::{Provider, audit};

/// The standing grant of a client that has proved who it is. Only this module can make one.
pub(crate) struct Standing {
    client: ProvenClient,
    grant: Grant,
    step: Step,
    is_told: bool,
}

/// What has to be done for it to stand.
enum Step {
    /// It is new, in the place of the one that ended.
    Create { replaces: Option<GrantId> },
    /// It was not used for long.
    Use(SeenRefresh),
    /// Nothing.
    Keep,
}

impl Standing {
    /// The client.
    pub(crate) fn client(&self) -> &Client {
        self.client.client()
    }

    /// The grant.
    pub(crate) const fn grant(&self) -> &Grant {
        &self.grant
    }

    /// Whether the client is told the refresh token.
    pub(crate) const fn is_told(&self) -> bool {
        self.is_told
    }
}

impl Provider {
    /// The standing grant of `client` for `scope`: the one that is there, or a new one.
    pub(super) async fn standing(
        &self,
        client: ProvenClient,
        scope: &Scope,
        is_told: bool,
    ) -> Result<Standing, ErrorResponse> {
        let of = client.client();
        let found = self.store.find_standing_grant(of.id, scope).await;
        let found = found.map_err(|error| unavailable(&error))?;
        let replaces = found.as_ref().map(|found| found.grant.id);
        let now = self.clock.now();
        let kept = found.filter(|found| {
            let refresh = found.grant.refresh.as_ref();
            found.is_live()
                && found.grant.client_epoch == of.epoch
                && refresh.is_some_and(|refresh| {
                    // A refresh token that is told has to be good for a while, and its key to be there.
                    found.grant.lifetime.end(refresh.used_at) > now
                        && self.keys.at(now).refresh_by_id(&refresh.key).is_some()
                })
        });
        let Some(kept) = kept else {
            return Ok(Standing {
                grant: self.new_standing_grant(of, scope.clone())?,
                client,
                step: Step::Create { replaces },
                is_told,
            });
        };
        let grant = kept.grant;
        let unused = grant
            .refresh
            .as_ref()
            .map_or(0, |refresh| now.since(refresh.used_at));
        let step = match SeenRefresh::of(&grant) {
            Some(seen) if unused > i64::from(grant.lifetime.idle) / 2 => Step::Use(seen),
            _ => Step::Keep,
        };
        Ok(Standing {
            client,
            grant,
            step,
            is_told,
        })
    }

    /// As of every grant with a refresh token. But asking is use only every half of the idle time, and no token that was issued
    /// before must end with an idle grant (RULES R11).
    fn standing_lifetime(&self, client: &Client) -> GrantLifetime {
        let lifetime = self.grant_lifetime(client, true);
        let of_tokens = self.access_token_lifetime(client);
        GrantLifetime {
            idle: lifetime.idle.max(of_tokens.saturating_mul(2)),
            ..lifetime
        }
    }

    fn new_standing_grant(&self, client: &Client, scope: Scope) -> Result<Grant, ErrorResponse> {
        let now = self.clock.now();
        Ok(Grant {
            id: self.ids.next(now, &*self.random).into(),
            client: client.id,
            client_epoch: client.epoch,
            user: None,
            scope,
            resources: Vec::new(),
            created_at: now,
            lifetime: self.standing_lifetime(client),
            refresh: Some(self.first_refresh()?),
            authorization: None,
        })
    }

    /// Makes the standing grant true. Whoever comes second finds that it has changed, and uses that of the first.
    pub(crate) async fn stand(&self, standing: &Standing) -> Result<RefreshOutcome, ErrorResponse> {
        match &standing.step {
            Step::Keep => Ok(RefreshOutcome::Done),
            Step::Use(seen) => {
                let used = self.store.use_refresh(seen.clone(), self.clock.now()).await;
                used.map_err(|error| unavailable(&error))
            }
            Step::Create { replaces } => {
                let client = standing.client();
                let grant = standing.grant.clone();
                let limit = self.settings.max_grants;
                let created = self
                    .store
                    .create_standing_grant(grant, *replaces, limit)
                    .await;
                match created.map_err(|error| unavailable(&error))? {
                    CreateStandingGrant::Created { ended } => {
                        for oldest in ended {
                            audit::oldest_grant_ended(oldest, None, &client.client_id);
                        }
                        Ok(RefreshOutcome::Done)
                    }
                    CreateStandingGrant::AlreadyThere => Ok(RefreshOutcome::Changed),
                    // The client in memory is not the one in storage any more; the next request reads it anew.
                    CreateStandingGrant::ClientEnded => {
                        self.directory.forget(&client.client_id);
                        Err(ErrorResponse::new(
                            ErrorCode::TemporarilyUnavailable,
                            "the client was changed a moment ago; try again",
                        ))
                    }
                }
            }
        }
    }
}
