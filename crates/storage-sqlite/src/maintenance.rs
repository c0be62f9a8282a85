//! Verbs on the store as a whole.

use async_trait::async_trait;
use countersign_core::Timestamp;
use countersign_storage::{
    CHANGE_RETENTION_SECONDS, Deployment, Maintenance, MarkDeployment, StoreError,
};
use rusqlite::{Connection, params};

use crate::failure::Result;
use crate::{SqliteStore, sql};

#[async_trait]
impl Maintenance for SqliteStore {
    async fn ping(&self) -> std::result::Result<(), StoreError> {
        self.workers
            .read(|connection| {
                let mut statement = connection.prepare_cached(sql::META)?;
                let _: [u8; 16] = statement.query_row(["store_id"], |row| row.get(0))?;
                Ok(())
            })
            .await
    }

    async fn sweep(&self, now: Timestamp, limit: u32) -> std::result::Result<u32, StoreError> {
        self.workers
            .write(move |connection| sweep(connection, now, limit))
            .await
    }

    async fn mark_deployment(
        &self,
        deployment: Deployment,
    ) -> std::result::Result<MarkDeployment, StoreError> {
        self.workers
            .write(move |connection| mark(connection, deployment))
            .await
    }
}

fn sweep(connection: &Connection, now: Timestamp, limit: u32) -> Result<u32> {
    let removed = connection
        .prepare_cached(sql::SWEEP_REVOCATIONS)?
        .execute(params![now.as_seconds(), limit])?;
    let removed = u32::try_from(removed).unwrap_or(limit);
    let horizon = now.plus(-CHANGE_RETENTION_SECONDS).as_seconds();
    let mut statement = connection.prepare_cached(sql::SWEEP_CHANGES)?;
    let swept: Vec<i64> = statement
        .query_map(params![horizon, limit.saturating_sub(removed)], |row| {
            row.get(0)
        })?
        .collect::<rusqlite::Result<_>>()?;
    // Not every change before the highest need be gone, but a cursor before it can no longer be served.
    if let Some(highest) = swept.iter().max() {
        connection
            .prepare_cached(sql::RAISE_FLOOR)?
            .execute([highest])?;
    }
    Ok(removed.saturating_add(u32::try_from(swept.len()).unwrap_or(limit)))
}

fn mark(connection: &Connection, deployment: Deployment) -> Result<MarkDeployment> {
    let marked = connection
        .prepare_cached(sql::MARK_DEPLOYMENT)?
        .execute([deployment.name()])?;
    if marked > 0 {
        return Ok(MarkDeployment::Marked);
    }
    let mut statement = connection.prepare_cached(sql::META)?;
    let mark: String = statement.query_row(["deployment"], |row| row.get(0))?;
    let corrupt = |_| StoreError::Corrupt("table meta, row \"deployment\"".into());
    Ok(MarkDeployment::Already(mark.parse().map_err(corrupt)?))
}
