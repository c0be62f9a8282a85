//! Sessions, each with its one token.

use countersign_core::wazo::{AppId, Session};
use countersign_core::{EntityId, Timestamp};
use countersign_storage::{EndSession, FoundWazoSession, StoreError, WazoSessionFilter};
use rusqlite::{Connection, Row, params};

use crate::failure::Result;
use crate::rows::{NamedRow, bound, json};
use crate::{sql, users};

/// Whether the user of a new session has as many others as there may be, that one included.
pub(super) fn are_enough(connection: &Connection, new: &Session, limit: u32) -> Result<bool> {
    let mut statement = connection.prepare_cached(sql::wazo::ENOUGH_SESSIONS)?;
    let values = params![limit, new.user.as_bytes(), new.issued_at.as_seconds()];
    Ok(statement.query_row(values, |row| row.get(0))?)
}

pub(super) fn create(connection: &Connection, session: &Session) -> Result<()> {
    let created = connection
        .prepare_cached(sql::wazo::CREATE_SESSION)?
        .execute(params![
            session.id.as_bytes(),
            session.token_hash,
            session.client.as_bytes(),
            bound(session.client_epoch.number()),
            session.user.as_bytes(),
            bound(session.user_epoch.number()),
            session.mobile,
            session.issued_at.as_seconds(),
            session.expires_at.as_seconds(),
            session.app.as_ref().map(AppId::as_str),
            session.remote_addr,
            session.user_agent,
            json("a session", &session.acl)?,
            session.row_ends_at().as_seconds(),
        ])?;
    if created == 0 {
        return Err(StoreError::EntityIdTaken(session.id).into());
    }
    Ok(())
}

pub(super) fn find(
    connection: &Connection,
    token_hash: &[u8; 32],
) -> Result<Option<FoundWazoSession>> {
    let mut statement = connection.prepare_cached(sql::wazo::FIND_SESSION)?;
    let mut found = statement.query_and_then([token_hash], |row| {
        let user = NamedRow::behind("client_is_live", "users", row);
        Ok(FoundWazoSession {
            session: session(row)?,
            client_is_live: named(row).get("client_is_live")?,
            user: users::read_joined(&user)?,
        })
    })?;
    found.next().transpose()
}

pub(super) fn end(connection: &Connection, which: WazoSessionFilter) -> Result<EndSession> {
    let ended = match which {
        WazoSessionFilter::Token(token_hash) => connection
            .prepare_cached(sql::wazo::END_SESSION_OF_TOKEN)?
            .execute([token_hash])?,
        WazoSessionFilter::Id { id, user } => connection
            .prepare_cached(sql::wazo::END_SESSION)?
            .execute(params![
                id.as_bytes(),
                user.as_ref().map(EntityId::as_bytes)
            ])?,
    };
    Ok(if ended > 0 {
        EndSession::Ended
    } else {
        EndSession::NotFound
    })
}

pub(super) fn list(
    connection: &Connection,
    user: Option<EntityId>,
    now: Timestamp,
    after: Option<EntityId>,
    limit: u32,
) -> Result<Vec<Session>> {
    let (after, now) = (after.as_ref().map(EntityId::as_bytes), now.as_seconds());
    let Some(user) = user else {
        let mut statement = connection.prepare_cached(sql::wazo::LIST_SESSIONS)?;
        let sessions = statement.query_and_then(params![after, now, limit], session)?;
        return sessions.collect();
    };
    let mut statement = connection.prepare_cached(sql::wazo::LIST_SESSIONS_OF_USER)?;
    let values = params![after, now, limit, user.as_bytes()];
    let sessions = statement.query_and_then(values, session)?;
    sessions.collect()
}

fn named<'row>(row: &'row Row<'row>) -> NamedRow<'row> {
    NamedRow::new("wazo_sessions", row)
}

fn session(row: &Row<'_>) -> Result<Session> {
    let row = named(row);
    Ok(Session {
        id: row.entity_id("id")?,
        token_hash: row.get("token_hash")?,
        client: row.entity_id("client")?,
        client_epoch: row.epoch("client_epoch")?,
        user: row.entity_id("user")?,
        user_epoch: row.epoch("user_epoch")?,
        acl: row.json("acl")?,
        mobile: row.get("mobile")?,
        issued_at: row.time("issued_at")?,
        expires_at: row.time("expires_at")?,
        app: row.parse("app", |text: Option<String>| {
            text.map(|text| text.parse()).transpose()
        })?,
        remote_addr: row.get("remote_addr")?,
        user_agent: row.get("user_agent")?,
    })
}
