//! Removing what nobody needs any more, a bounded number of rows at a time.

use countersign_core::{GrantId, Timestamp};
use countersign_storage::{CHANGE_RETENTION_SECONDS, StoreError, THROTTLE_RETENTION_SECONDS};
use rusqlite::{Connection, Row, params};

use crate::failure::{Failure, Result};
use crate::rows::NamedRow;
use crate::{grants, sql};

/// For how many seconds the sweep leaves a grant alone that it cannot read.
const UNREADABLE_SECONDS: i64 = 86_400;

/// Looks at no more than `limit` rows, and tells at how many.
pub(crate) fn sweep(connection: &Connection, now: Timestamp, limit: u32) -> Result<u32> {
    let mut left = limit;
    left -= remove(connection, sql::tokens::SWEEP_REVOCATIONS, now, left)?;
    left -= remove(connection, sql::assertions::SWEEP_JTIS, now, left)?;
    left -= sweep_grants(connection, now, left)?;
    left -= remove(connection, sql::sessions::SWEEP_SESSIONS, now, left)?;
    left -= remove(connection, sql::wazo::SWEEP_SESSIONS, now, left)?;
    let horizon = now.plus(-THROTTLE_RETENTION_SECONDS);
    left -= remove(connection, sql::throttle::SWEEP_FAILURES, horizon, left)?;
    left -= sweep_changes(connection, now.plus(-CHANGE_RETENTION_SECONDS), left)?;
    Ok(limit - left)
}

/// Removes rows up to a time.
fn remove(connection: &Connection, sql: &str, until: Timestamp, limit: u32) -> Result<u32> {
    let removed = connection
        .prepare_cached(sql)?
        .execute(params![until.as_seconds(), limit])?;
    Ok(u32::try_from(removed).unwrap_or(limit))
}

/// What becomes of a grant that the sweep looks at.
enum Fate {
    /// Its row goes.
    Ends,
    /// Its row stays, to be looked at again then.
    Stays(Timestamp),
}

fn sweep_grants(connection: &Connection, now: Timestamp, limit: u32) -> Result<u32> {
    let mut statement = connection.prepare_cached(sql::grants::DUE_GRANTS)?;
    let fates = statement.query_and_then(params![now.as_seconds(), limit], |row| {
        Ok((row.get(0).map(GrantId::from_bytes)?, fate(row, now)?))
    })?;
    let fates: Vec<(GrantId, Fate)> = fates.collect::<Result<_>>()?;
    for (id, fate) in &fates {
        match fate {
            Fate::Ends => {
                grants::end(connection, *id)?;
            }
            Fate::Stays(look_at) => {
                connection
                    .prepare_cached(sql::grants::LOOK_AGAIN)?
                    .execute(params![id.as_bytes(), look_at.as_seconds()])?;
            }
        }
    }
    Ok(u32::try_from(fates.len()).unwrap_or(limit))
}

fn fate(row: &Row<'_>, now: Timestamp) -> Result<Fate> {
    if !NamedRow::new("grants", row).get::<bool>("is_live")? {
        return Ok(Fate::Ends);
    }
    match grants::grant(row) {
        Ok(grant) if grant.row_ends_at() <= now => Ok(Fate::Ends),
        Ok(grant) => Ok(Fate::Stays(grant.row_ends_at())),
        // Whoever asks for the grant is told; the sweep of all others goes on.
        Err(Failure(StoreError::Corrupt(_))) => Ok(Fate::Stays(now.plus(UNREADABLE_SECONDS))),
        Err(failure) => Err(failure),
    }
}

fn sweep_changes(connection: &Connection, horizon: Timestamp, limit: u32) -> Result<u32> {
    let mut statement = connection.prepare_cached(sql::changes::SWEEP_CHANGES)?;
    let swept = statement.query_map(params![horizon.as_seconds(), limit], |row| row.get(0))?;
    let swept: Vec<i64> = swept.collect::<rusqlite::Result<_>>()?;
    // Not every change before the highest need be gone, but a cursor before it can no longer be served.
    if let Some(highest) = swept.iter().max() {
        connection
            .prepare_cached(sql::changes::RAISE_FLOOR)?
            .execute([highest])?;
    }
    Ok(u32::try_from(swept.len()).unwrap_or(limit))
}
