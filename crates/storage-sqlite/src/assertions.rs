//! Verbs on assertions: each is taken once.

use async_trait::async_trait;
use countersign_core::Timestamp;
use countersign_storage::{AssertionId, AssertionStore, RememberJti, StoreError};
use rusqlite::{Connection, params};

use crate::failure::Result;
use crate::{SqliteStore, sql};

#[async_trait]
impl AssertionStore for SqliteStore {
    async fn remember_jti(
        &self,
        id: &AssertionId,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> std::result::Result<RememberJti, StoreError> {
        let id = *id;
        self.workers
            .write(move |connection| remember(connection, &id, expires_at, now))
            .await
    }
}

fn remember(
    connection: &Connection,
    id: &AssertionId,
    expires_at: Timestamp,
    now: Timestamp,
) -> Result<RememberJti> {
    let written = connection
        .prepare_cached(sql::assertions::REMEMBER_JTI)?
        .execute(params![
            id.as_bytes(),
            expires_at.as_seconds(),
            now.as_seconds(),
        ])?;
    Ok(if written == 0 {
        RememberJti::Seen
    } else {
        RememberJti::Remembered
    })
}
