//! Grants in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use async_trait::async_trait;
use countersign_core::{
    Authorization, CurrentRefresh, EntityId, Grant, GrantId, GrantUser, IssuedCode, Scope,
    Timestamp,
};

use super::{MemoryStore, State};
use crate::{
    CreateGrant, CreateStandingGrant, EndGrant, FoundGrant, GrantFilter, GrantLimits, GrantStore,
    RedeemCode, RefreshOutcome, SeenCode, SeenRefresh, StoreError,
};

/// The grants and what they are found by.
#[derive(Clone, Debug, Default)]
pub(super) struct Grants {
    rows: BTreeMap<GrantId, Row>,
    /// Of each user and client, and of each client alone.
    pairs: BTreeSet<(Option<EntityId>, EntityId, GrantId)>,
    /// Those with an unredeemed code, of each session.
    unredeemed: BTreeSet<(EntityId, GrantId)>,
    /// When the sweep looks at each.
    looks: BTreeSet<(Timestamp, GrantId)>,
}

#[derive(Clone, Debug)]
struct Row {
    grant: Grant,
    look_at: Timestamp,
}

/// The user, if there is one, the client, and the grant itself.
fn pair_of(grant: &Grant) -> (Option<EntityId>, EntityId, GrantId) {
    (grant.user.map(|user| user.id), grant.client, grant.id)
}

/// The session of a grant with an unredeemed code.
fn session_of_code(grant: &Grant) -> Option<EntityId> {
    grant.unredeemed_code()?;
    grant.authorization.as_ref().map(|it| it.session)
}

impl Grants {
    pub(super) fn get(&self, id: GrantId) -> Option<&Grant> {
        self.rows.get(&id).map(|row| &row.grant)
    }

    /// The first grant that the sweep is to look at by `now`.
    pub(super) fn due(&self, now: Timestamp) -> Option<&Grant> {
        let (look_at, id) = self.looks.first()?;
        self.get(*id).filter(|_| *look_at <= now)
    }

    /// The sweep has looked at a grant that is needed still, and will again when it would end now.
    pub(super) fn look_again(&mut self, id: GrantId) {
        if let Some(row) = self.rows.get_mut(&id) {
            self.looks.remove(&(row.look_at, id));
            row.look_at = row.grant.row_ends_at();
            self.looks.insert((row.look_at, id));
        }
    }

    pub(super) fn remove(&mut self, id: GrantId) -> Option<Grant> {
        let Row { grant, look_at } = self.rows.remove(&id)?;
        self.pairs.remove(&pair_of(&grant));
        self.looks.remove(&(look_at, id));
        if let Some(session) = session_of_code(&grant) {
            self.unredeemed.remove(&(session, id));
        }
        Some(grant)
    }

    fn insert(&mut self, grant: Grant) {
        let (id, look_at) = (grant.id, grant.row_ends_at());
        self.pairs.insert(pair_of(&grant));
        self.looks.insert((look_at, id));
        if let Some(session) = session_of_code(&grant) {
            self.unredeemed.insert((session, id));
        }
        self.rows.insert(id, Row { grant, look_at });
    }

    /// Ends the oldest grants with unredeemed codes of the session of `new`, if it has one, until there are no more than
    /// `limit` with it.
    fn end_oldest_unredeemed_beside(&mut self, new: &Grant, limit: u32) {
        let Some(session) = session_of_code(new) else {
            return;
        };
        let last = (session, GrantId::from_bytes([u8::MAX; 16]));
        let of_session = self.unredeemed.range((session, GrantId::NONE)..=last);
        let ids = of_session.map(|pair| pair.1).collect();
        self.end_oldest(ids, new.id, limit);
    }

    /// Redeems the code of a grant. The sweep looks at it when it would have without that.
    fn redeem_code(&mut self, id: GrantId, at: Timestamp, refresh: Option<CurrentRefresh>) {
        let Some(Row { grant, .. }) = self.rows.get_mut(&id) else {
            return;
        };
        grant.refresh = refresh;
        if let Some(authorization) = &mut grant.authorization {
            self.unredeemed.remove(&(authorization.session, id));
            if let Some(code) = &mut authorization.code {
                code.redeemed_at = Some(at);
            }
        }
    }

    /// Ends the oldest grants that `new` has as brothers, until there are no more than `limit` with it.
    fn end_oldest_beside(&mut self, new: &Grant, limit: u32) -> Vec<GrantId> {
        let ids = self.of_pair(new.user.map(|user| user.id), new.client);
        let ids: Vec<GrantId> = ids.collect();
        self.end_oldest(ids, new.id, limit)
    }

    /// The ids of the grants of a client by a user, or of those that are its own.
    fn of_pair(&self, user: Option<EntityId>, client: EntityId) -> impl Iterator<Item = GrantId> {
        let first = (user, client, GrantId::NONE);
        let last = (user, client, GrantId::from_bytes([u8::MAX; 16]));
        self.pairs.range(first..=last).map(|pair| pair.2)
    }

    /// The standing grant of a client for this scope.
    fn standing(&self, client: EntityId, scope: &Scope) -> Option<&Grant> {
        let own = self.of_pair(None, client);
        let mut own = own.filter_map(|id| self.get(id));
        own.find(|grant| grant.scope == *scope)
    }

    /// Ends the first of `ids` other than `new`, until there are no more than `limit` of them.
    fn end_oldest(&mut self, ids: Vec<GrantId>, new: GrantId, limit: u32) -> Vec<GrantId> {
        let too_many = ids.len().saturating_sub(limit as usize);
        let others = ids.into_iter().filter(|id| *id != new);
        let ended: Vec<GrantId> = others.take(too_many).collect();
        for id in &ended {
            self.remove(*id);
        }
        ended
    }
}

impl State {
    pub(super) fn grant_is_live(&self, grant: &Grant) -> bool {
        self.client_is_live(grant.client, grant.client_epoch)
            && self.user_of_grant_is_live(grant)
            && self.session_is_live(grant)
    }

    /// Whether the user of the grant is as it says; true if it has none.
    pub(super) fn user_of_grant_is_live(&self, grant: &Grant) -> bool {
        let is_live = |user: GrantUser| self.user_is_live(user.id, user.epoch);
        grant.user.is_none_or(is_live)
    }

    /// The grant with what it stands on.
    fn found_grant(&self, grant: &Grant) -> FoundGrant {
        let client = self.clients.get(grant.client);
        let user = grant.user.and_then(|user| self.users.get(user.id));
        FoundGrant {
            grant: grant.clone(),
            client_is_live: client.is_some_and(|it| it.epoch == grant.client_epoch),
            client_id: client.map(|it| it.client_id.clone()),
            user: user.cloned(),
            session_is_there: self.session_is_there(grant),
        }
    }

    /// Whether the session with which the grant ends is there; true if it ends with none.
    pub(super) fn session_is_live(&self, grant: &Grant) -> bool {
        let ends_with_session = |it: &Authorization| it.ends_with_session;
        self.session_is_there(grant) || !grant.authorization.as_ref().is_some_and(ends_with_session)
    }

    /// Whether the session in which the grant was authorized is there; true if it was not authorized in one.
    fn session_is_there(&self, grant: &Grant) -> bool {
        let is_there = |it: &Authorization| self.sessions.get(it.session).is_some();
        grant.authorization.as_ref().is_none_or(is_there)
    }

    /// The grant of the code that was seen, if there is such a code and its client and user are as they were seen.
    fn seen_code(&self, seen: &SeenCode) -> Option<(&Grant, &IssuedCode)> {
        let grant = self.grants.get(seen.grant)?;
        let code = grant.authorization.as_ref()?.code.as_ref()?;
        let is_as_seen = code.nonce == seen.nonce
            && grant.client_epoch == seen.client_epoch
            && grant.user.is_some_and(|user| user.epoch == seen.user_epoch)
            && self.client_is_live(grant.client, grant.client_epoch)
            && self.user_of_grant_is_live(grant);
        is_as_seen.then_some((grant, code))
    }

    /// The grant that was seen, if it is live.
    fn seen_grant(&mut self, seen: &SeenRefresh) -> Option<&mut Grant> {
        let grant = self.grants.get(seen.grant)?;
        let same_epochs = grant.client_epoch == seen.client_epoch
            && grant.user.map(|user| user.epoch) == seen.user_epoch;
        if !(same_epochs && self.grant_is_live(grant)) {
            return None;
        }
        self.grants
            .rows
            .get_mut(&seen.grant)
            .map(|row| &mut row.grant)
    }

    /// Changes the refresh token that was seen, if it is current and its grant is live.
    fn change_refresh(
        &mut self,
        seen: &SeenRefresh,
        is_as_seen: impl FnOnce(&CurrentRefresh) -> bool,
        change: impl FnOnce(&mut CurrentRefresh),
    ) -> RefreshOutcome {
        let Some(grant) = self.seen_grant(seen) else {
            return RefreshOutcome::Ended;
        };
        match &mut grant.refresh {
            Some(current)
                if (current.generation, current.nonce) == (seen.generation, seen.nonce)
                    && is_as_seen(current) =>
            {
                change(current);
                RefreshOutcome::Done
            }
            _ => RefreshOutcome::Changed,
        }
    }
}

fn id_taken(id: GrantId) -> StoreError {
    StoreError::EntityIdTaken(EntityId::from_bytes(*id.as_bytes()))
}

#[async_trait]
impl GrantStore for MemoryStore {
    async fn create_grant(
        &self,
        grant: Grant,
        limits: GrantLimits,
    ) -> Result<CreateGrant, StoreError> {
        let mut state = self.state()?;
        if !state.client_is_live(grant.client, grant.client_epoch) {
            return Ok(CreateGrant::ClientEnded);
        }
        if grant.user.is_none() || !state.user_of_grant_is_live(&grant) {
            return Ok(CreateGrant::UserEnded);
        }
        if !state.session_is_there(&grant) {
            return Ok(CreateGrant::SessionEnded);
        }
        if state.grants.get(grant.id).is_some() {
            return Err(id_taken(grant.id));
        }
        state.grants.insert(grant.clone());
        let grants = &mut state.grants;
        grants.end_oldest_unredeemed_beside(&grant, limits.unredeemed);
        let ended = grants.end_oldest_beside(&grant, limits.of_client);
        Ok(CreateGrant::Created { ended })
    }

    async fn find_standing_grant(
        &self,
        client: EntityId,
        scope: &Scope,
    ) -> Result<Option<FoundGrant>, StoreError> {
        let state = self.state()?;
        let grant = state.grants.standing(client, scope);
        Ok(grant.map(|grant| state.found_grant(grant)))
    }

    async fn create_standing_grant(
        &self,
        grant: Grant,
        replaces: Option<GrantId>,
        limit: u32,
    ) -> Result<CreateStandingGrant, StoreError> {
        if grant.user.is_some() {
            let defect = "a standing grant has no user";
            return Err(StoreError::Defect(defect.into()));
        }
        let mut state = self.state()?;
        if !state.client_is_live(grant.client, grant.client_epoch) {
            return Ok(CreateStandingGrant::ClientEnded);
        }
        let other = state.grants.standing(grant.client, &grant.scope);
        let other = other.map(|other| other.id);
        if other.is_some() && other != replaces {
            return Ok(CreateStandingGrant::AlreadyThere);
        }
        if state.grants.get(grant.id).is_some() {
            return Err(id_taken(grant.id));
        }
        if let Some(replaced) = other {
            state.grants.remove(replaced);
        }
        state.grants.insert(grant.clone());
        let ended = state.grants.end_oldest_beside(&grant, limit);
        Ok(CreateStandingGrant::Created { ended })
    }

    async fn redeem_code(
        &self,
        seen: SeenCode,
        redeemed_at: Timestamp,
        refresh: Option<CurrentRefresh>,
    ) -> Result<RedeemCode, StoreError> {
        let mut state = self.state()?;
        let Some((grant, code)) = state.seen_code(&seen) else {
            return Ok(RedeemCode::Ended);
        };
        if code.redeemed_at.is_some() {
            return Ok(RedeemCode::AlreadyRedeemed);
        }
        if !state.session_is_there(grant) {
            return Ok(RedeemCode::Ended);
        }
        state.grants.redeem_code(seen.grant, redeemed_at, refresh);
        Ok(RedeemCode::Redeemed)
    }

    async fn find_grant(&self, id: GrantId) -> Result<Option<FoundGrant>, StoreError> {
        let state = self.state()?;
        let grant = state.grants.get(id);
        Ok(grant.map(|grant| state.found_grant(grant)))
    }

    async fn rotate_refresh(
        &self,
        seen: SeenRefresh,
        next: CurrentRefresh,
    ) -> Result<RefreshOutcome, StoreError> {
        let mut state = self.state()?;
        let nonce = next.nonce;
        let is_as_seen = |current: &CurrentRefresh| current.retried == seen.retried;
        let outcome = state.change_refresh(&seen, is_as_seen, |current| *current = next);
        // RULES R5: "the nonce is mine" means "I won".
        let mine = |grant: &Grant| grant.refresh.as_ref().is_some_and(|it| it.nonce == nonce);
        if outcome == RefreshOutcome::Changed && state.grants.get(seen.grant).is_some_and(mine) {
            return Ok(RefreshOutcome::Done);
        }
        Ok(outcome)
    }

    async fn retry_refresh(
        &self,
        seen: SeenRefresh,
        in_a_row: u32,
    ) -> Result<RefreshOutcome, StoreError> {
        Ok(self.state()?.change_refresh(
            &seen,
            |_| true,
            |current| {
                current.retried = true;
                current.retried_in_a_row = in_a_row;
            },
        ))
    }

    async fn use_refresh(
        &self,
        seen: SeenRefresh,
        now: Timestamp,
    ) -> Result<RefreshOutcome, StoreError> {
        Ok(self.state()?.change_refresh(
            &seen,
            |_| true,
            |current| {
                current.used_at = now;
                current.previous_tag = None;
            },
        ))
    }

    async fn end_grant(&self, id: GrantId) -> Result<EndGrant, StoreError> {
        Ok(match self.state()?.grants.remove(id) {
            Some(_) => EndGrant::Ended,
            None => EndGrant::NotFound,
        })
    }

    async fn list_grants(
        &self,
        filter: GrantFilter,
        after: Option<GrantId>,
        limit: u32,
    ) -> Result<Vec<Grant>, StoreError> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let wanted = |grant: &&Grant| {
            filter
                .user
                .is_none_or(|user| grant.user.is_some_and(|it| it.id == user))
                && filter.client.is_none_or(|client| grant.client == client)
        };
        let state = self.state()?;
        let behind = state.grants.rows.range((from, Bound::Unbounded));
        let grants = behind.map(|(_, row)| &row.grant).filter(wanted);
        Ok(grants.take(limit as usize).cloned().collect())
    }
}
