//! What the wazo dialect keeps, in memory.

mod hashed;
mod log_in;
mod policies;

use async_trait::async_trait;
use countersign_core::wazo::{AppId, Policy, PolicySlug, RefreshToken, Session};
use countersign_core::{EntityId, Timestamp};

use super::{MemoryStore, State};
use crate::{
    AssignPolicy, ChangePolicy, EndRefreshToken, EndSession, FoundRefreshToken, FoundWazoSession,
    LogIn, LogInLimits, LoginBasis, StoreError, WazoSessionFilter, WazoStore,
};
pub(super) use hashed::Hashed;
pub(super) use policies::Policies;

impl State {
    /// What was issued to the user or the client with this id has ended, and with it its sessions and refresh tokens.
    pub(super) fn end_wazo_of(&mut self, id: EntityId) {
        self.wazo_sessions
            .end(|it| it.user == id || it.client == id);
        self.wazo_refresh_tokens
            .end(|it| it.user == id || it.client == id);
    }

    /// What stands against giving the policy to the user, or taking it away: one of them is not there.
    fn assignment_of_nothing(&self, policy: EntityId, user: EntityId) -> Option<AssignPolicy> {
        if self.policies.get(policy).is_none() {
            Some(AssignPolicy::PolicyNotFound)
        } else if self.users.get(user).is_none() {
            Some(AssignPolicy::UserNotFound)
        } else {
            None
        }
    }
}

const fn assigned(anew: bool) -> AssignPolicy {
    if anew {
        AssignPolicy::Done
    } else {
        AssignPolicy::Already
    }
}

#[async_trait]
impl WazoStore for MemoryStore {
    async fn log_in(
        &self,
        session: Session,
        basis: LoginBasis,
        limits: LogInLimits,
    ) -> Result<LogIn, StoreError> {
        self.state()?.wazo_log_in(session, basis, limits)
    }

    async fn find_wazo_session(
        &self,
        token_hash: &[u8; 32],
    ) -> Result<Option<FoundWazoSession>, StoreError> {
        let state = self.state()?;
        let session = state.wazo_sessions.find(token_hash);
        Ok(session.map(|session| FoundWazoSession {
            session: session.clone(),
            client_is_live: state.client_is_live(session.client, session.client_epoch),
            user: state.users.get(session.user).cloned(),
        }))
    }

    async fn end_wazo_session(&self, which: WazoSessionFilter) -> Result<EndSession, StoreError> {
        let mut state = self.state()?;
        let sessions = &mut state.wazo_sessions;
        let session = match which {
            WazoSessionFilter::Token(hash) => sessions.find(&hash),
            WazoSessionFilter::Id { id, user } => sessions
                .get(id)
                .filter(|it| user.is_none_or(|user| it.user == user)),
        };
        let id = session.map(|session| session.id);
        Ok(match id.and_then(|id| sessions.remove(id)) {
            Some(_) => EndSession::Ended,
            None => EndSession::NotFound,
        })
    }

    async fn list_wazo_sessions(
        &self,
        user: Option<EntityId>,
        now: Timestamp,
        after: Option<EntityId>,
        limit: u32,
    ) -> Result<Vec<Session>, StoreError> {
        let state = self.state()?;
        let wanted = |it: &&Session| {
            user.is_none_or(|user| it.user == user)
                && it.expires_at >= now
                && state.wazo_session_is_live(it)
        };
        let sessions = state.wazo_sessions.behind(after).filter(wanted);
        Ok(sessions.take(limit as usize).cloned().collect())
    }

    async fn find_wazo_refresh_token(
        &self,
        token_hash: &[u8; 32],
    ) -> Result<Option<FoundRefreshToken>, StoreError> {
        let state = self.state()?;
        let token = state.wazo_refresh_tokens.find(token_hash);
        Ok(token.map(|token| FoundRefreshToken {
            token: token.clone(),
            client_is_live: state.client_is_live(token.client, token.client_epoch),
            user: state.users.get(token.user).cloned(),
        }))
    }

    async fn end_wazo_refresh_token(
        &self,
        user: EntityId,
        app: &AppId,
    ) -> Result<EndRefreshToken, StoreError> {
        let mut state = self.state()?;
        let Some(id) = state.wazo_refresh_token(user, app).map(|it| it.id) else {
            return Ok(EndRefreshToken::NotFound);
        };
        state.wazo_refresh_tokens.remove(id);
        state
            .wazo_sessions
            .end(|it| it.user == user && it.app.as_ref() == Some(app));
        Ok(EndRefreshToken::Ended)
    }

    async fn list_wazo_refresh_tokens(
        &self,
        user: Option<EntityId>,
        after: Option<EntityId>,
        limit: u32,
    ) -> Result<Vec<RefreshToken>, StoreError> {
        let state = self.state()?;
        let wanted = |it: &&RefreshToken| {
            user.is_none_or(|user| it.user == user) && state.wazo_refresh_token_is_live(it)
        };
        let tokens = state.wazo_refresh_tokens.behind(after).filter(wanted);
        Ok(tokens.take(limit as usize).cloned().collect())
    }

    async fn create_policy(&self, policy: Policy) -> Result<ChangePolicy, StoreError> {
        self.state()?.policies.create(policy)
    }

    async fn find_policy(&self, id: EntityId) -> Result<Option<Policy>, StoreError> {
        Ok(self.state()?.policies.get(id).cloned())
    }

    async fn find_policy_by_slug(&self, slug: &PolicySlug) -> Result<Option<Policy>, StoreError> {
        Ok(self.state()?.policies.find(slug).cloned())
    }

    async fn list_policies(
        &self,
        after: Option<EntityId>,
        limit: u32,
    ) -> Result<Vec<Policy>, StoreError> {
        Ok(self.state()?.policies.page(after, limit))
    }

    async fn update_policy(&self, policy: Policy) -> Result<ChangePolicy, StoreError> {
        Ok(self.state()?.policies.update(policy))
    }

    async fn remove_policy(&self, id: EntityId) -> Result<bool, StoreError> {
        Ok(self.state()?.policies.remove(id))
    }

    async fn assign_policy(
        &self,
        policy: EntityId,
        user: EntityId,
    ) -> Result<AssignPolicy, StoreError> {
        let mut state = self.state()?;
        if let Some(nothing) = state.assignment_of_nothing(policy, user) {
            return Ok(nothing);
        }
        Ok(assigned(state.policies.assign(policy, user)))
    }

    async fn withdraw_policy(
        &self,
        policy: EntityId,
        user: EntityId,
    ) -> Result<AssignPolicy, StoreError> {
        let mut state = self.state()?;
        if let Some(nothing) = state.assignment_of_nothing(policy, user) {
            return Ok(nothing);
        }
        Ok(assigned(state.policies.withdraw(policy, user)))
    }

    async fn policies_of(&self, user: EntityId) -> Result<Vec<Policy>, StoreError> {
        Ok(self.state()?.policies.of(user))
    }
}
