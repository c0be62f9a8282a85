//! What a user, or everybody, has open: sessions and refresh tokens.

use countersign_core::EntityId;
use countersign_core::wazo::{AppId, RefreshToken, Session};
use countersign_storage::{EndRefreshToken, EndSession, WazoSessionFilter};

use super::{Absent, Caller, Refusal, Wazo};
use crate::audit;

impl Wazo<'_> {
    /// At most `limit` live sessions, the oldest first, beginning behind `after`: of one user, or of all.
    pub async fn list_sessions(
        &self,
        _: &Caller,
        user: Option<EntityId>,
        after: Option<EntityId>,
        limit: u32,
    ) -> Result<Vec<Session>, Refusal> {
        let now = self.provider.clock.now();
        let store = &self.provider.store;
        Ok(store.list_wazo_sessions(user, now, after, limit).await?)
    }

    /// Ends a session with its token: of this user, where one is named. Tells whether there was one.
    pub async fn end_session(
        &self,
        _: &Caller,
        id: EntityId,
        user: Option<EntityId>,
    ) -> Result<bool, Refusal> {
        let which = WazoSessionFilter::Id { id, user };
        let ended = self.provider.store.end_wazo_session(which).await? == EndSession::Ended;
        if ended {
            audit::session_ended(id);
        }
        Ok(ended)
    }

    /// At most `limit` live refresh tokens, the oldest first, beginning behind `after`: of one user, or of all. Their values
    /// are never told.
    pub async fn list_refresh_tokens(
        &self,
        _: &Caller,
        user: Option<EntityId>,
        after: Option<EntityId>,
        limit: u32,
    ) -> Result<Vec<RefreshToken>, Refusal> {
        let store = &self.provider.store;
        Ok(store.list_wazo_refresh_tokens(user, after, limit).await?)
    }

    /// Ends the refresh token of a user for a program, and every session that was made with it.
    pub async fn end_refresh_token(
        &self,
        caller: &Caller,
        user: EntityId,
        app: &AppId,
    ) -> Result<(), Refusal> {
        match self
            .provider
            .store
            .end_wazo_refresh_token(user, app)
            .await?
        {
            EndRefreshToken::Ended => {
                audit::wazo_refresh_token_ended(user, caller.actor());
                Ok(())
            }
            EndRefreshToken::NotFound => Err(Refusal::Absent(Absent::RefreshToken)),
        }
    }
}
