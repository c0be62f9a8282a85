//! How a session begins.

use countersign_core::wazo::{RefreshToken, Session};
use countersign_storage::{LogIn, LogInLimits, LoginBasis};
use rusqlite::{Connection, params};

use super::{refresh_tokens, sessions};
use crate::failure::Result;
use crate::rows::bound;
use crate::sql;

/// Stores the session if what it stands on is live. The writer holds the lock: what is asked here holds until the commit.
pub(super) fn log_in(
    connection: &Connection,
    session: &Session,
    basis: LoginBasis,
    limits: LogInLimits,
) -> Result<LogIn> {
    let (client_is_live, user_is_live): (bool, bool) = connection
        .prepare_cached(sql::wazo::LOG_IN_MAY_STAND)?
        .query_row(
            params![
                session.client.as_bytes(),
                bound(session.client_epoch.number()),
                session.user.as_bytes(),
                bound(session.user_epoch.number()),
            ],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
    if !client_is_live {
        return Ok(LogIn::ClientEnded);
    }
    if !user_is_live {
        return Ok(LogIn::UserEnded);
    }
    if let LoginBasis::RefreshToken(token_hash) = &basis
        && !refresh_tokens::is_of(connection, token_hash, session)?
    {
        return Ok(LogIn::RefreshTokenEnded);
    }
    if let Some(limit) = limits.sessions
        && sessions::are_enough(connection, session, limit)?
    {
        return Ok(LogIn::TooMany);
    }
    if let LoginBasis::Offline(offered) = &basis
        && refresh_tokens::are_enough(connection, offered, limits.refresh_tokens)?
    {
        return Ok(LogIn::TooManyRefreshTokens);
    }
    sessions::create(connection, session)?;
    let refresh = match basis {
        LoginBasis::Password | LoginBasis::RefreshToken(_) => None,
        LoginBasis::Offline(offered) => Some(keep_or_create(connection, offered)?),
    };
    Ok(LogIn::Done { refresh })
}

/// The refresh token that the user and program have from now on: the one that they have, if it is live, or else this one.
fn keep_or_create(connection: &Connection, offered: RefreshToken) -> Result<RefreshToken> {
    if let Some(kept) = refresh_tokens::keep(connection, &offered)? {
        return Ok(kept);
    }
    refresh_tokens::remove(connection, offered.user, &offered.app)?;
    refresh_tokens::create(connection, &offered)?;
    Ok(offered)
}
