//! Verbs on the store as a whole.

use async_trait::async_trait;
use countersign_core::Timestamp;
use countersign_storage::{
    Deployment, Maintenance, MarkDeployment, RESTORE_EPOCHS, RestoreGap, StoreError,
};
use rusqlite::{Connection, params};

use crate::failure::Result;
use crate::rows::corrupt_value;
use crate::{SqliteStore, epochs, sql, sweep};

const RESTORED_TO: &str = "restored_to";
const DECLARED_AT: &str = "restore_declared_at";

#[async_trait]
impl Maintenance for SqliteStore {
    async fn ping(&self) -> std::result::Result<(), StoreError> {
        self.workers
            .read(|connection| {
                let mut statement = connection.prepare_cached(sql::meta::META)?;
                let _: [u8; 16] = statement.query_row(["store_id"], |row| row.get(0))?;
                Ok(())
            })
            .await
    }

    async fn sweep(&self, now: Timestamp, limit: u32) -> std::result::Result<u32, StoreError> {
        self.workers
            .write(move |connection| sweep::sweep(connection, now, limit))
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

    async fn declare_restore(&self, gap: RestoreGap) -> std::result::Result<(), StoreError> {
        self.workers
            .write(move |connection| declare_restore(connection, gap))
            .await
    }

    async fn restore_gap(&self) -> std::result::Result<Option<RestoreGap>, StoreError> {
        self.workers.read(restore_gap).await
    }
}

fn mark(connection: &Connection, deployment: Deployment) -> Result<MarkDeployment> {
    let marked = connection
        .prepare_cached(sql::meta::MARK_DEPLOYMENT)?
        .execute([deployment.name()])?;
    if marked > 0 {
        return Ok(MarkDeployment::Marked);
    }
    let mut statement = connection.prepare_cached(sql::meta::META)?;
    let mark: String = statement.query_row(["deployment"], |row| row.get(0))?;
    let corrupt = |_| corrupt_value("deployment");
    Ok(MarkDeployment::Already(mark.parse().map_err(corrupt)?))
}

fn declare_restore(connection: &Connection, gap: RestoreGap) -> Result<()> {
    epochs::pass_over(connection, RESTORE_EPOCHS)?;
    let mut set = connection.prepare_cached(sql::meta::SET_META)?;
    set.execute(params![RESTORED_TO, gap.restored_to.as_seconds()])?;
    set.execute(params![DECLARED_AT, gap.declared_at.as_seconds()])?;
    Ok(())
}

fn restore_gap(connection: &Connection) -> Result<Option<RestoreGap>> {
    let mut statement = connection.prepare_cached(sql::meta::TWO_OF_META)?;
    let (restored_to, declared_at): (Option<i64>, Option<i64>) = statement
        .query_row([RESTORED_TO, DECLARED_AT], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    match (restored_to, declared_at) {
        (None, None) => Ok(None),
        (Some(restored_to), Some(declared_at)) => Ok(Some(RestoreGap {
            restored_to: Timestamp::from_seconds(restored_to),
            declared_at: Timestamp::from_seconds(declared_at),
        })),
        (None, Some(_)) => Err(corrupt_value(RESTORED_TO).into()),
        (Some(_), None) => Err(corrupt_value(DECLARED_AT).into()),
    }
}
