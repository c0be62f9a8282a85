//! Refresh tokens: one for each user and program.

use countersign_core::EntityId;
use countersign_core::wazo::{AppId, RefreshToken, Session};
use countersign_storage::{EndRefreshToken, FoundRefreshToken, StoreError};
use rusqlite::{Connection, Row, params};

use crate::failure::Result;
use crate::rows::{NamedRow, bound};
use crate::{sql, users};

/// Whether the refresh token with this hash is live, and of the user and program of `session`.
pub(super) fn is_of(
    connection: &Connection,
    token_hash: &[u8; 32],
    session: &Session,
) -> Result<bool> {
    let app = session.app.as_ref().map(AppId::as_str);
    let mut statement = connection.prepare_cached(sql::wazo::REFRESH_TOKEN_IS_OF)?;
    let values = params![token_hash, session.user.as_bytes(), app];
    Ok(statement.query_row(values, |row| row.get(0))?)
}

/// Whether the program of `offered` has no live refresh token, and its user has as many as there may be.
pub(super) fn are_enough(
    connection: &Connection,
    offered: &RefreshToken,
    limit: u32,
) -> Result<bool> {
    let mut statement = connection.prepare_cached(sql::wazo::ENOUGH_REFRESH_TOKENS)?;
    let values = params![limit, offered.user.as_bytes(), offered.app.as_str()];
    Ok(statement.query_row(values, |row| row.get(0))?)
}

/// The refresh token that the user and program of `offered` have, if it is live. It is on a phone if that one is.
pub(super) fn keep(
    connection: &Connection,
    offered: &RefreshToken,
) -> Result<Option<RefreshToken>> {
    let mut statement = connection.prepare_cached(sql::wazo::KEEP_REFRESH_TOKEN)?;
    let values = params![
        offered.user.as_bytes(),
        offered.app.as_str(),
        offered.mobile
    ];
    let mut kept = statement.query_and_then(values, token)?;
    kept.next().transpose()
}

pub(super) fn create(connection: &Connection, token: &RefreshToken) -> Result<()> {
    let created = connection
        .prepare_cached(sql::wazo::CREATE_REFRESH_TOKEN)?
        .execute(params![
            token.id.as_bytes(),
            token.token_hash,
            token.client.as_bytes(),
            bound(token.client_epoch.number()),
            token.user.as_bytes(),
            bound(token.user_epoch.number()),
            token.mobile,
            token.created_at.as_seconds(),
            token.app.as_str(),
            token.sealed,
        ])?;
    if created == 0 {
        return Err(StoreError::EntityIdTaken(token.id).into());
    }
    Ok(())
}

pub(super) fn find(
    connection: &Connection,
    token_hash: &[u8; 32],
) -> Result<Option<FoundRefreshToken>> {
    let mut statement = connection.prepare_cached(sql::wazo::FIND_REFRESH_TOKEN)?;
    let mut found = statement.query_and_then([token_hash], |row| {
        let user = NamedRow::behind("client_is_live", "users", row);
        Ok(FoundRefreshToken {
            token: token(row)?,
            client_is_live: named(row).get("client_is_live")?,
            user: users::read_joined(&user)?,
        })
    })?;
    found.next().transpose()
}

/// Ends the refresh token that the user has for this program, and the sessions that end with it.
pub(super) fn end(connection: &Connection, user: EntityId, app: &AppId) -> Result<EndRefreshToken> {
    if !remove(connection, user, app)? {
        return Ok(EndRefreshToken::NotFound);
    }
    connection
        .prepare_cached(sql::wazo::END_SESSIONS_OF_APP)?
        .execute(params![user.as_bytes(), app.as_str()])?;
    Ok(EndRefreshToken::Ended)
}

/// Removes the row of a refresh token. Whether there was one.
pub(super) fn remove(connection: &Connection, user: EntityId, app: &AppId) -> Result<bool> {
    let mut statement = connection.prepare_cached(sql::wazo::END_REFRESH_TOKEN)?;
    Ok(statement.execute(params![user.as_bytes(), app.as_str()])? > 0)
}

pub(super) fn list(
    connection: &Connection,
    user: Option<EntityId>,
    after: Option<EntityId>,
    limit: u32,
) -> Result<Vec<RefreshToken>> {
    let after = after.as_ref().map(EntityId::as_bytes);
    let Some(user) = user else {
        let mut statement = connection.prepare_cached(sql::wazo::LIST_REFRESH_TOKENS)?;
        let tokens = statement.query_and_then(params![after, limit], token)?;
        return tokens.collect();
    };
    let mut statement = connection.prepare_cached(sql::wazo::LIST_REFRESH_TOKENS_OF_USER)?;
    let tokens = statement.query_and_then(params![after, limit, user.as_bytes()], token)?;
    tokens.collect()
}

fn named<'row>(row: &'row Row<'row>) -> NamedRow<'row> {
    NamedRow::new("wazo_refresh_tokens", row)
}

fn token(row: &Row<'_>) -> Result<RefreshToken> {
    let row = named(row);
    Ok(RefreshToken {
        id: row.entity_id("id")?,
        token_hash: row.get("token_hash")?,
        sealed: row.get("sealed")?,
        client: row.entity_id("client")?,
        client_epoch: row.epoch("client_epoch")?,
        user: row.entity_id("user")?,
        user_epoch: row.epoch("user_epoch")?,
        app: row.parse("app", |text: String| text.parse())?,
        mobile: row.get("mobile")?,
        created_at: row.time("created_at")?,
    })
}
