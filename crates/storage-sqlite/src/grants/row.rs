//! A grant as a row.

use countersign_core::{
    Authorization, CurrentRefresh, EntityId, Epoch, Generation, Grant, GrantId, GrantLifetime,
    GrantUser, IssuedCode, Scope, Timestamp,
};
use rusqlite::types::{ToSqlOutput, Value};

use crate::failure::Result;
use crate::rows::{NamedRow, bound, json};

type Values<'value, const N: usize> = [ToSqlOutput<'value>; N];

const NULL: ToSqlOutput<'static> = ToSqlOutput::Owned(Value::Null);

/// What stands in the row of a grant that has no user. No user has this id, nor this epoch.
pub(super) const NOBODY: GrantUser = GrantUser {
    id: EntityId::from_bytes([0; 16]),
    epoch: Epoch::from_number(0),
};

/// The epoch of the user of a grant, or that it has none, as it is bound.
pub(super) fn user_epoch(epoch: Option<Epoch>) -> Option<i64> {
    match epoch {
        None => bound(NOBODY.epoch.number()),
        // It is equal to nothing.
        Some(epoch) if epoch == NOBODY.epoch => None,
        Some(epoch) => bound(epoch.number()),
    }
}

/// A scope as a standing grant is found by it: its tokens in the order of their bytes.
pub(super) fn standing_for(scope: &Scope) -> String {
    scope.sorted().to_string()
}

/// What a refresh token, or that there is none, is in a row.
pub(super) fn refresh_values(refresh: Option<&CurrentRefresh>) -> Values<'_, 7> {
    let Some(refresh) = refresh else {
        return [NULL; 7];
    };
    [
        refresh.generation.number().into(),
        refresh.nonce[..].into(),
        refresh.key.as_str().into(),
        refresh.used_at.as_seconds().into(),
        optional(refresh.previous_tag.as_ref().map(|tag| &tag[..])),
        refresh.retried_in_a_row.into(),
        refresh.retried.into(),
    ]
}

/// What an authorization, or that there is none, is in a row.
pub(super) fn authorization_values(authorization: Option<&Authorization>) -> Result<Values<'_, 6>> {
    let Some(authorization) = authorization else {
        return Ok([NULL; 6]);
    };
    let code = authorization.code.as_ref();
    let redeemed_at = code.and_then(|code| code.redeemed_at);
    Ok([
        authorization.session.as_bytes()[..].into(),
        authorization.ends_with_session.into(),
        optional(code.map(|code| &code.nonce[..])),
        optional(code.map(|code| code.expires_at.as_seconds())),
        optional(redeemed_at.map(Timestamp::as_seconds)),
        json("a grant", &authorization.facts)?.into(),
    ])
}

fn optional<'value>(value: Option<impl Into<ToSqlOutput<'value>>>) -> ToSqlOutput<'value> {
    value.map_or(NULL, Into::into)
}

pub(super) fn read(row: &NamedRow<'_>) -> Result<Grant> {
    let scope = row.parse("scope", |text: String| text.parse())?;
    Ok(Grant {
        id: row.get("id").map(GrantId::from_bytes)?,
        client: row.entity_id("client")?,
        client_epoch: row.epoch("client_epoch")?,
        user: read_user(row, &scope)?,
        scope,
        resources: match row.get::<Option<String>>("resources")? {
            None => Vec::new(),
            Some(_) => row.json("resources")?,
        },
        created_at: row.time("created_at")?,
        lifetime: GrantLifetime {
            ends_at: row.time("ends_at")?,
            idle: row.get("idle")?,
        },
        refresh: read_refresh(row)?,
        authorization: read_authorization(row)?,
    })
}

fn read_user(row: &NamedRow<'_>, scope: &Scope) -> Result<Option<GrantUser>> {
    let user = GrantUser {
        id: row.entity_id("user")?,
        epoch: row.epoch("user_epoch")?,
    };
    match row.get::<Option<String>>("standing_for")? {
        None if user == NOBODY => Err(row.corrupt("standing_for")),
        None if user.id == NOBODY.id => Err(row.corrupt("user")),
        None => Ok(Some(user)),
        Some(text) if text != standing_for(scope) => Err(row.corrupt("standing_for")),
        Some(_) if user.id != NOBODY.id => Err(row.corrupt("user")),
        Some(_) if user.epoch != NOBODY.epoch => Err(row.corrupt("user_epoch")),
        Some(_) => Ok(None),
    }
}

fn read_refresh(row: &NamedRow<'_>) -> Result<Option<CurrentRefresh>> {
    let generation: Option<u32> = row.get("generation")?;
    let nonce: Option<[u8; 16]> = row.get("nonce")?;
    match (generation, nonce) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(row.corrupt("generation")),
        (Some(_), None) => Err(row.corrupt("nonce")),
        (Some(generation), Some(nonce)) => Ok(Some(CurrentRefresh {
            generation: Generation::from_number(generation),
            nonce,
            key: row.parse("key", |text: String| text.parse())?,
            used_at: row.time("used_at")?,
            previous_tag: row.get("previous_tag")?,
            retried_in_a_row: row.get("retried_in_a_row")?,
            retried: row.get("retried")?,
        })),
    }
}

fn read_authorization(row: &NamedRow<'_>) -> Result<Option<Authorization>> {
    let session: Option<[u8; 16]> = row.get("session")?;
    let ends_with_session: Option<bool> = row.get("ends_with_session")?;
    match (session, ends_with_session) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(row.corrupt("session")),
        (Some(_), None) => Err(row.corrupt("ends_with_session")),
        (Some(_), Some(ends_with_session)) => Ok(Some(Authorization {
            session: row.entity_id("session")?,
            ends_with_session,
            facts: row.json("facts")?,
            code: read_code(row)?,
        })),
    }
}

fn read_code(row: &NamedRow<'_>) -> Result<Option<IssuedCode>> {
    let nonce: Option<[u8; 16]> = row.get("code_nonce")?;
    let expires_at: Option<i64> = row.get("code_expires_at")?;
    match (nonce, expires_at) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(row.corrupt("code_nonce")),
        (Some(_), None) => Err(row.corrupt("code_expires_at")),
        (Some(nonce), Some(expires_at)) => Ok(Some(IssuedCode {
            nonce,
            expires_at: Timestamp::from_seconds(expires_at),
            redeemed_at: row
                .get::<Option<i64>>("code_redeemed_at")?
                .map(Timestamp::from_seconds),
        })),
    }
}
