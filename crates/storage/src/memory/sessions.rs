//! Sessions in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use async_trait::async_trait;
use countersign_core::{EntityId, Session, Timestamp};

use super::MemoryStore;
use crate::{CreateSession, EndSession, FoundSession, RenewSession, SessionStore, StoreError};

/// The sessions and what they are found by.
#[derive(Clone, Debug, Default)]
pub(super) struct Sessions {
    rows: BTreeMap<EntityId, Session>,
    /// When the sweep removes each.
    ends: BTreeSet<(Timestamp, EntityId)>,
}

impl Sessions {
    pub(super) fn get(&self, id: EntityId) -> Option<&Session> {
        self.rows.get(&id)
    }

    /// The first session that nobody needs after `now`.
    pub(super) fn due(&self, now: Timestamp) -> Option<EntityId> {
        let (row_ends_at, id) = self.ends.first()?;
        (*row_ends_at <= now).then_some(*id)
    }

    pub(super) fn remove(&mut self, id: EntityId) -> Option<Session> {
        let session = self.rows.remove(&id)?;
        self.ends.remove(&(session.row_ends_at(), id));
        Some(session)
    }

    /// Adds a session, in the place of one with the same id.
    fn put(&mut self, session: Session) {
        self.remove(session.id);
        self.ends.insert((session.row_ends_at(), session.id));
        self.rows.insert(session.id, session);
    }

    /// Ends the oldest sessions of the user of `new`, until there are no more than `limit` with it.
    fn end_oldest_beside(&mut self, new: &Session, limit: u32) -> Vec<EntityId> {
        let of_user = self.rows.values().filter(|it| it.user == new.user);
        let ids: Vec<EntityId> = of_user.map(|it| it.id).collect();
        let too_many = ids.len().saturating_sub(limit as usize);
        let others = ids.into_iter().filter(|id| *id != new.id);
        let ended: Vec<EntityId> = others.take(too_many).collect();
        for id in &ended {
            self.remove(*id);
        }
        ended
    }
}

#[async_trait]
impl SessionStore for MemoryStore {
    async fn create_session(
        &self,
        session: Session,
        replaces: Option<EntityId>,
        limit: u32,
    ) -> Result<CreateSession, StoreError> {
        let mut state = self.state()?;
        if !state.user_is_live(session.user, session.user_epoch) {
            return Ok(CreateSession::UserEnded);
        }
        if state.sessions.get(session.id).is_some() {
            return Err(StoreError::EntityIdTaken(session.id));
        }
        if let Some(replaced) = replaces {
            state.sessions.remove(replaced);
        }
        state.sessions.put(session.clone());
        let ended = state.sessions.end_oldest_beside(&session, limit);
        Ok(CreateSession::Created { ended })
    }

    async fn renew_session(
        &self,
        seen: [u8; 32],
        renewed: Session,
    ) -> Result<RenewSession, StoreError> {
        let mut state = self.state()?;
        let is_seen = |it: &&Session| it.secret_hash == seen && it.user == renewed.user;
        let Some(stored) = state.sessions.get(renewed.id).filter(is_seen) else {
            return Ok(RenewSession::Ended);
        };
        if !state.user_is_live(renewed.user, renewed.user_epoch) {
            return Ok(RenewSession::Ended);
        }
        let renewed = Session {
            created_at: stored.created_at,
            ..renewed
        };
        state.sessions.put(renewed);
        Ok(RenewSession::Renewed)
    }

    async fn find_session(&self, id: EntityId) -> Result<Option<FoundSession>, StoreError> {
        let state = self.state()?;
        Ok(state.sessions.get(id).map(|session| FoundSession {
            session: session.clone(),
            user: state.users.get(session.user).cloned(),
        }))
    }

    async fn use_session(&self, id: EntityId, now: Timestamp) -> Result<(), StoreError> {
        if let Some(session) = self.state()?.sessions.rows.get_mut(&id) {
            session.used_at = session.used_at.max(now);
        }
        Ok(())
    }

    async fn end_session(&self, id: EntityId) -> Result<EndSession, StoreError> {
        Ok(match self.state()?.sessions.remove(id) {
            Some(_) => EndSession::Ended,
            None => EndSession::NotFound,
        })
    }

    async fn list_sessions(
        &self,
        user: Option<EntityId>,
        after: Option<EntityId>,
        limit: u32,
    ) -> Result<Vec<Session>, StoreError> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let wanted = |session: &&Session| user.is_none_or(|user| session.user == user);
        let state = self.state()?;
        let behind = state.sessions.rows.range((from, Bound::Unbounded));
        let sessions = behind.map(|(_, session)| session).filter(wanted);
        Ok(sessions.take(limit as usize).cloned().collect())
    }
}
