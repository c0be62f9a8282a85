//! The code of a grant (RULES C).

use countersign_core::{CurrentRefresh, Timestamp};
use countersign_storage::{RedeemCode, SeenCode};
use rusqlite::{Connection, ToSql};

use super::row::{refresh_values, user_epoch};
use crate::failure::Result;
use crate::rows::bound;
use crate::sql;

/// Redeems the code that was seen, in one conditional statement.
pub(super) fn redeem(
    connection: &Connection,
    seen: &SeenCode,
    redeemed_at: Timestamp,
    refresh: Option<&CurrentRefresh>,
) -> Result<RedeemCode> {
    let (client_epoch, user_epoch) = (
        bound(seen.client_epoch.number()),
        user_epoch(Some(seen.user_epoch)),
    );
    let seen: [&dyn ToSql; 4] = [
        seen.grant.as_bytes(),
        &seen.nonce,
        &client_epoch,
        &user_epoch,
    ];
    let redeemed_at = redeemed_at.as_seconds();
    let refresh = refresh_values(refresh);
    let mut values = seen.to_vec();
    values.push(&redeemed_at);
    values.extend(refresh.iter().map(|value| value as &dyn ToSql));
    let redeemed = connection
        .prepare_cached(sql::grants::REDEEM_CODE)?
        .execute(&*values)?;
    if redeemed > 0 {
        return Ok(RedeemCode::Redeemed);
    }
    let before: bool = connection
        .prepare_cached(sql::grants::CODE_REDEEMED)?
        .query_row(seen, |row| row.get(0))?;
    Ok(if before {
        RedeemCode::AlreadyRedeemed
    } else {
        RedeemCode::Ended
    })
}
