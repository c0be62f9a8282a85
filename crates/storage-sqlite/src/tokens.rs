//! Verbs on issued tokens.

use async_trait::async_trait;
use countersign_core::{GrantId, Timestamp, TokenId};
use countersign_storage::{
    GrantFacts, Liveness, LivenessQuery, RevokeToken, StoreError, TokenStore,
};
use rusqlite::{Connection, OptionalExtension, params};

use crate::failure::Result;
use crate::{SqliteStore, sql};

#[async_trait]
impl TokenStore for SqliteStore {
    async fn revoke_token(
        &self,
        token: &TokenId,
        expires_at: Timestamp,
    ) -> std::result::Result<RevokeToken, StoreError> {
        let token = *token;
        self.workers
            .write(move |connection| revoke(connection, &token, expires_at))
            .await
    }

    async fn liveness(&self, query: &LivenessQuery) -> std::result::Result<Liveness, StoreError> {
        let query = query.clone();
        self.workers
            .read(move |connection| liveness(connection, &query))
            .await
    }
}

fn revoke(connection: &Connection, token: &TokenId, expires_at: Timestamp) -> Result<RevokeToken> {
    let inserted = connection
        .prepare_cached(sql::tokens::REVOKE_TOKEN)?
        .execute(params![token.as_bytes(), expires_at.as_seconds()])?;
    Ok(if inserted == 0 {
        RevokeToken::AlreadyRevoked
    } else {
        RevokeToken::Revoked
    })
}

fn liveness(connection: &Connection, query: &LivenessQuery) -> Result<Liveness> {
    let grant = query.token.grant();
    let mut statement = connection.prepare_cached(sql::tokens::LIVENESS)?;
    let found = statement.query_row(
        params![
            query.client_id.as_str(),
            query.token.as_bytes(),
            grant.as_bytes()
        ],
        |row| {
            let stored = GrantFacts::Stored {
                user_is_live: row.get(3)?,
                session_is_live: row.get(4)?,
            };
            let grant_is_there: bool = row.get(2)?;
            Ok((row.get(0)?, row.get(1)?, grant_is_there.then_some(stored)))
        },
    );
    let (epoch, revoked, stored): (Option<i64>, bool, Option<GrantFacts>) =
        found.optional()?.unwrap_or_default();
    // An epoch below zero is no epoch, and equals none.
    let epoch = epoch.and_then(|epoch| u64::try_from(epoch).ok());
    let grant = match stored {
        _ if grant == GrantId::NONE => GrantFacts::NotNeeded,
        Some(stored) => stored,
        None => GrantFacts::Gone,
    };
    Ok(Liveness::of(query, epoch, grant, revoked))
}
