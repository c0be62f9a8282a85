//! Verbs on sessions.

use async_trait::async_trait;
use countersign_core::{EntityId, Session, Timestamp};
use countersign_storage::{
    CreateSession, EndSession, FoundSession, RenewSession, SessionStore, StoreError,
};
use rusqlite::{Connection, Row, params};

use crate::failure::Result;
use crate::oldest::end_oldest;
use crate::rows::{NamedRow, bound, json};
use crate::{SqliteStore, sql, users};

#[async_trait]
impl SessionStore for SqliteStore {
    async fn create_session(
        &self,
        session: Session,
        replaces: Option<EntityId>,
        limit: u32,
    ) -> std::result::Result<CreateSession, StoreError> {
        self.workers
            .write(move |connection| create(connection, &session, replaces, limit))
            .await
    }

    async fn renew_session(
        &self,
        seen: [u8; 32],
        renewed: Session,
    ) -> std::result::Result<RenewSession, StoreError> {
        self.workers
            .write(move |connection| renew(connection, seen, &renewed))
            .await
    }

    async fn find_session(
        &self,
        id: EntityId,
    ) -> std::result::Result<Option<FoundSession>, StoreError> {
        self.workers
            .read(move |connection| find(connection, id))
            .await
    }

    async fn use_session(
        &self,
        id: EntityId,
        now: Timestamp,
    ) -> std::result::Result<(), StoreError> {
        self.workers
            .write(move |connection| {
                connection
                    .prepare_cached(sql::sessions::USE_SESSION)?
                    .execute(params![id.as_bytes(), now.as_seconds()])?;
                Ok(())
            })
            .await
    }

    async fn end_session(&self, id: EntityId) -> std::result::Result<EndSession, StoreError> {
        self.workers
            .write(move |connection| {
                Ok(if end(connection, id)? {
                    EndSession::Ended
                } else {
                    EndSession::NotFound
                })
            })
            .await
    }

    async fn list_sessions(
        &self,
        user: Option<EntityId>,
        after: Option<EntityId>,
        limit: u32,
    ) -> std::result::Result<Vec<Session>, StoreError> {
        self.workers
            .read(move |connection| list(connection, user, after, limit))
            .await
    }
}

fn create(
    connection: &Connection,
    session: &Session,
    replaces: Option<EntityId>,
    limit: u32,
) -> Result<CreateSession> {
    let user_epoch = bound(session.user_epoch.number());
    let user_is_live: bool = connection
        .prepare_cached(sql::sessions::SESSION_MAY_STAND)?
        .query_row(params![session.user.as_bytes(), user_epoch], |row| {
            row.get(0)
        })?;
    if !user_is_live {
        return Ok(CreateSession::UserEnded);
    }
    let created = connection
        .prepare_cached(sql::sessions::CREATE_SESSION)?
        .execute(params![
            session.id.as_bytes(),
            session.user.as_bytes(),
            user_epoch,
            session.secret_hash,
            session.created_at.as_seconds(),
            session.auth_time.as_seconds(),
            json("a session", &session.amr)?,
            session.used_at.as_seconds(),
            session.ends_at.as_seconds(),
            session.row_ends_at().as_seconds(),
        ])?;
    if created == 0 {
        return Err(StoreError::EntityIdTaken(session.id).into());
    }
    if let Some(replaced) = replaces {
        end(connection, replaced)?;
    }
    let statements = [
        sql::sessions::TOO_MANY_SESSIONS,
        sql::sessions::END_OLDEST_SESSIONS,
    ];
    let (user, id) = (session.user.as_bytes(), session.id.as_bytes());
    let ended = end_oldest(connection, statements, &[user], id, limit)?;
    Ok(CreateSession::Created {
        ended: ended.into_iter().map(EntityId::from_bytes).collect(),
    })
}

fn renew(connection: &Connection, seen: [u8; 32], renewed: &Session) -> Result<RenewSession> {
    let changed = connection
        .prepare_cached(sql::sessions::RENEW_SESSION)?
        .execute(params![
            renewed.id.as_bytes(),
            seen,
            renewed.user.as_bytes(),
            bound(renewed.user_epoch.number()),
            renewed.secret_hash,
            renewed.auth_time.as_seconds(),
            json("a session", &renewed.amr)?,
            renewed.used_at.as_seconds(),
            renewed.ends_at.as_seconds(),
            renewed.row_ends_at().as_seconds(),
        ])?;
    Ok(if changed > 0 {
        RenewSession::Renewed
    } else {
        RenewSession::Ended
    })
}

fn find(connection: &Connection, id: EntityId) -> Result<Option<FoundSession>> {
    let mut statement = connection.prepare_cached(sql::sessions::FIND_SESSION)?;
    let mut found = statement.query_and_then([id.as_bytes()], |row| {
        let user = NamedRow::behind("ends_at", "users", row);
        Ok(FoundSession {
            session: session(row)?,
            user: users::read_joined(&user)?,
        })
    })?;
    found.next().transpose()
}

/// Removes the row of a session. Whether there was one.
fn end(connection: &Connection, id: EntityId) -> Result<bool> {
    let mut statement = connection.prepare_cached(sql::sessions::END_SESSION)?;
    Ok(statement.execute([id.as_bytes()])? > 0)
}

fn list(
    connection: &Connection,
    user: Option<EntityId>,
    after: Option<EntityId>,
    limit: u32,
) -> Result<Vec<Session>> {
    let after = after.as_ref().map(EntityId::as_bytes);
    let Some(user) = user else {
        let mut statement = connection.prepare_cached(sql::sessions::LIST_SESSIONS)?;
        let sessions = statement.query_and_then(params![after, limit], session)?;
        return sessions.collect();
    };
    let mut statement = connection.prepare_cached(sql::sessions::LIST_SESSIONS_OF_USER)?;
    let sessions = statement.query_and_then(params![after, limit, user.as_bytes()], session)?;
    sessions.collect()
}

fn session(row: &Row<'_>) -> Result<Session> {
    let row = NamedRow::new("sessions", row);
    Ok(Session {
        id: row.entity_id("id")?,
        user: row.entity_id("user")?,
        user_epoch: row.epoch("user_epoch")?,
        secret_hash: row.get("secret_hash")?,
        created_at: row.time("created_at")?,
        auth_time: row.time("auth_time")?,
        amr: row.json("amr")?,
        used_at: row.time("used_at")?,
        ends_at: row.time("ends_at")?,
    })
}
