//! Verbs on what the wazo dialect keeps (RULES D2).

mod log_in;
mod policies;
mod refresh_tokens;
mod sessions;

use async_trait::async_trait;
use countersign_core::wazo::{AppId, Policy, PolicySlug, RefreshToken, Session};
use countersign_core::{EntityId, Timestamp};
use countersign_storage::{
    AssignPolicy, ChangePolicy, EndRefreshToken, EndSession, FoundRefreshToken, FoundWazoSession,
    LogIn, LogInLimits, LoginBasis, StoreError, WazoSessionFilter, WazoStore,
};
use rusqlite::Connection;

use crate::failure::Result;
use crate::{SqliteStore, sql};

#[async_trait]
impl WazoStore for SqliteStore {
    async fn log_in(
        &self,
        session: Session,
        basis: LoginBasis,
        limits: LogInLimits,
    ) -> std::result::Result<LogIn, StoreError> {
        self.workers
            .write(move |connection| log_in::log_in(connection, &session, basis, limits))
            .await
    }

    async fn find_wazo_session(
        &self,
        token_hash: &[u8; 32],
    ) -> std::result::Result<Option<FoundWazoSession>, StoreError> {
        let token_hash = *token_hash;
        self.workers
            .read(move |connection| sessions::find(connection, &token_hash))
            .await
    }

    async fn end_wazo_session(
        &self,
        which: WazoSessionFilter,
    ) -> std::result::Result<EndSession, StoreError> {
        self.workers
            .write(move |connection| sessions::end(connection, which))
            .await
    }

    async fn list_wazo_sessions(
        &self,
        user: Option<EntityId>,
        now: Timestamp,
        after: Option<EntityId>,
        limit: u32,
    ) -> std::result::Result<Vec<Session>, StoreError> {
        self.workers
            .read(move |connection| sessions::list(connection, user, now, after, limit))
            .await
    }

    async fn find_wazo_refresh_token(
        &self,
        token_hash: &[u8; 32],
    ) -> std::result::Result<Option<FoundRefreshToken>, StoreError> {
        let token_hash = *token_hash;
        self.workers
            .read(move |connection| refresh_tokens::find(connection, &token_hash))
            .await
    }

    async fn end_wazo_refresh_token(
        &self,
        user: EntityId,
        app: &AppId,
    ) -> std::result::Result<EndRefreshToken, StoreError> {
        let app = app.clone();
        self.workers
            .write(move |connection| refresh_tokens::end(connection, user, &app))
            .await
    }

    async fn list_wazo_refresh_tokens(
        &self,
        user: Option<EntityId>,
        after: Option<EntityId>,
        limit: u32,
    ) -> std::result::Result<Vec<RefreshToken>, StoreError> {
        self.workers
            .read(move |connection| refresh_tokens::list(connection, user, after, limit))
            .await
    }

    async fn create_policy(&self, policy: Policy) -> std::result::Result<ChangePolicy, StoreError> {
        self.workers
            .write(move |connection| policies::create(connection, policy))
            .await
    }

    async fn find_policy(&self, id: EntityId) -> std::result::Result<Option<Policy>, StoreError> {
        let find = sql::wazo::FIND_POLICY;
        self.workers
            .read(move |connection| policies::one(connection, find, [id.as_bytes()]))
            .await
    }

    async fn find_policy_by_slug(
        &self,
        slug: &PolicySlug,
    ) -> std::result::Result<Option<Policy>, StoreError> {
        let (find, slug) = (sql::wazo::FIND_POLICY_BY_SLUG, slug.clone());
        self.workers
            .read(move |connection| policies::one(connection, find, [slug.as_str()]))
            .await
    }

    async fn list_policies(
        &self,
        after: Option<EntityId>,
        limit: u32,
    ) -> std::result::Result<Vec<Policy>, StoreError> {
        self.workers
            .read(move |connection| policies::list(connection, after, limit))
            .await
    }

    async fn update_policy(&self, policy: Policy) -> std::result::Result<ChangePolicy, StoreError> {
        self.workers
            .write(move |connection| policies::update(connection, &policy))
            .await
    }

    async fn remove_policy(&self, id: EntityId) -> std::result::Result<bool, StoreError> {
        self.workers
            .write(move |connection| policies::remove(connection, id))
            .await
    }

    async fn assign_policy(
        &self,
        policy: EntityId,
        user: EntityId,
    ) -> std::result::Result<AssignPolicy, StoreError> {
        let assign = sql::wazo::ASSIGN_POLICY;
        self.workers
            .write(move |connection| policies::change_assignment(connection, assign, policy, user))
            .await
    }

    async fn withdraw_policy(
        &self,
        policy: EntityId,
        user: EntityId,
    ) -> std::result::Result<AssignPolicy, StoreError> {
        let withdraw = sql::wazo::WITHDRAW_POLICY;
        self.workers
            .write(move |connection| {
                policies::change_assignment(connection, withdraw, policy, user)
            })
            .await
    }

    async fn policies_of(&self, user: EntityId) -> std::result::Result<Vec<Policy>, StoreError> {
        self.workers
            .read(move |connection| policies::of_user(connection, user))
            .await
    }
}

/// Ends every session and refresh token of this user, for whom all that was issued ends.
pub(crate) fn end_of_user(connection: &Connection, user: EntityId) -> Result<()> {
    let statements = [
        sql::wazo::END_SESSIONS_OF_USER,
        sql::wazo::END_REFRESH_TOKENS_OF_USER,
    ];
    end_of(connection, statements, user)
}

/// Ends every session and refresh token that stands on this client, to which all that was issued ends.
pub(crate) fn end_of_client(connection: &Connection, client: EntityId) -> Result<()> {
    let statements = [
        sql::wazo::END_SESSIONS_OF_CLIENT,
        sql::wazo::END_REFRESH_TOKENS_OF_CLIENT,
    ];
    end_of(connection, statements, client)
}

fn end_of(connection: &Connection, statements: [&str; 2], id: EntityId) -> Result<()> {
    for sql in statements {
        connection.prepare_cached(sql)?.execute([id.as_bytes()])?;
    }
    Ok(())
}

/// Ends every session and refresh token.
pub(crate) fn end_everything(connection: &Connection) -> Result<()> {
    for sql in [
        sql::wazo::END_EVERY_SESSION,
        sql::wazo::END_EVERY_REFRESH_TOKEN,
    ] {
        connection.prepare_cached(sql)?.execute([])?;
    }
    Ok(())
}

/// Takes every policy from this user, who is removed.
pub(crate) fn withdraw_all_from(connection: &Connection, user: EntityId) -> Result<()> {
    let mut statement = connection.prepare_cached(sql::wazo::WITHDRAW_ALL_FROM)?;
    statement.execute([user.as_bytes()])?;
    Ok(())
}
