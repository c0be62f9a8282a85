//! The refresh token of a grant (RULES R).

use countersign_core::{CurrentRefresh, Timestamp};
use countersign_storage::{RefreshOutcome, SeenRefresh};
use rusqlite::{Connection, ToSql, params};

use super::row::{refresh_values, user_epoch};
use crate::failure::Result;
use crate::rows::{NamedRow, bound};
use crate::sql;

pub(super) fn rotate(
    connection: &Connection,
    seen: &SeenRefresh,
    next: &CurrentRefresh,
) -> Result<RefreshOutcome> {
    let refresh = refresh_values(Some(next));
    let mut values: Vec<&dyn ToSql> = refresh.iter().map(|value| value as &dyn ToSql).collect();
    values.push(&seen.retried);
    let rotate = sql::grants::ROTATE_REFRESH;
    change(connection, rotate, seen, &values, Some(next.nonce))
}

pub(super) fn retry(
    connection: &Connection,
    seen: &SeenRefresh,
    in_a_row: u32,
) -> Result<RefreshOutcome> {
    let retry = sql::grants::RETRY_REFRESH;
    change(connection, retry, seen, &[&in_a_row], None)
}

pub(super) fn note_use(
    connection: &Connection,
    seen: &SeenRefresh,
    now: Timestamp,
) -> Result<RefreshOutcome> {
    let used = sql::grants::USE_REFRESH;
    change(connection, used, seen, &[&now.as_seconds()], None)
}

/// Carries out a statement on the refresh token that was seen, with `values` behind what was seen. `attempt` is the
/// nonce that it would make the current one, if any.
fn change(
    connection: &Connection,
    sql: &str,
    seen: &SeenRefresh,
    values: &[&dyn ToSql],
    attempt: Option<[u8; 16]>,
) -> Result<RefreshOutcome> {
    let epochs = (
        bound(seen.client_epoch.number()),
        user_epoch(seen.user_epoch),
    );
    let seen_values: [&dyn ToSql; 5] = [
        seen.grant.as_bytes(),
        &seen.generation.number(),
        &seen.nonce,
        &epochs.0,
        &epochs.1,
    ];
    let changed = connection
        .prepare_cached(sql)?
        .execute(&*[&seen_values, values].concat())?;
    if changed > 0 {
        return Ok(RefreshOutcome::Done);
    }
    let mut statement = connection.prepare_cached(sql::grants::REFRESH_UNCHANGED)?;
    let mut current = statement
        .query_and_then(params![seen.grant.as_bytes(), epochs.0, epochs.1], |row| {
            NamedRow::new("grants", row).get::<Option<[u8; 16]>>("nonce")
        })?;
    Ok(match current.next().transpose()? {
        None => RefreshOutcome::Ended,
        // RULES R5: "the nonce is mine" means "I won".
        Some(nonce) if attempt.is_some() && nonce == attempt => RefreshOutcome::Done,
        Some(_) => RefreshOutcome::Changed,
    })
}
