//! The change feed: numbered rows, written in the transaction of the change.
//!
//! SQLite has one writer at a time, so the order of the numbers is the order of the commits, and no reader ever sees
//! a number before a smaller one: a place in the feed is a number, and nothing needs to be read twice.

use async_trait::async_trait;
use countersign_core::Timestamp;
use countersign_storage::{Change, ChangeCursor, ChangeFeed, Changes, MAX_CHANGES, StoreError};
use rusqlite::{Connection, Row, params};

use crate::failure::{Failure, Result};
use crate::{SqliteStore, sql};

const CLIENT: &str = "client";
const USER: &str = "user";
const KEYS: &str = "keys";
const REGISTRY: &str = "registry";

/// Writes the row of a change (RULES N1).
pub(crate) fn log(connection: &Connection, change: &Change, at: Timestamp) -> Result<()> {
    let (kind, entity) = match change {
        Change::Client(client_id) => (CLIENT, client_id.to_string()),
        Change::User(id) => (USER, id.to_string()),
        Change::Keys => (KEYS, String::new()),
        Change::Registry => (REGISTRY, String::new()),
    };
    let mut statement = connection.prepare_cached(sql::changes::LOG_CHANGE)?;
    statement.execute(params![kind, entity, at.as_seconds()])?;
    Ok(())
}

#[async_trait]
impl ChangeFeed for SqliteStore {
    async fn changes_since(
        &self,
        cursor: &ChangeCursor,
    ) -> std::result::Result<Changes, StoreError> {
        let (store_id, place) = (self.store_id, self.place(cursor));
        self.workers
            .read(move |connection| changes(connection, store_id, place))
            .await
    }

    async fn change_head(&self) -> std::result::Result<ChangeCursor, StoreError> {
        let store_id = self.store_id;
        self.workers
            .read(move |connection| Ok(cursor(store_id, floor_and_head(connection)?.1)))
            .await
    }
}

impl SqliteStore {
    /// The place in our own feed that `cursor` names, if it is of this database.
    fn place(&self, cursor: &ChangeCursor) -> Option<i64> {
        let (store_id, place) = cursor.as_bytes().split_first_chunk()?;
        (*store_id == self.store_id).then(|| place.try_into().ok().map(i64::from_be_bytes))?
    }
}

/// A cursor names the database, so that one of another database is recognised.
fn cursor(store_id: [u8; 16], place: i64) -> ChangeCursor {
    ChangeCursor::from_bytes([&store_id[..], &place.to_be_bytes()].concat())
}

fn changes(connection: &Connection, store_id: [u8; 16], place: Option<i64>) -> Result<Changes> {
    let snapshot = connection.unchecked_transaction()?;
    let (floor, head) = floor_and_head(&snapshot)?;
    let rebuild = Changes::Rebuild {
        cursor: cursor(store_id, head),
    };
    // Too old, or ahead of us since a backup was restored: neither can be told entry by entry.
    let Some(place) = place.filter(|place| (floor..=head).contains(place)) else {
        return Ok(rebuild);
    };
    let mut statement = snapshot.prepare_cached(sql::changes::CHANGES)?;
    let rows = statement.query_and_then(params![place, MAX_CHANGES + 1], change)?;
    let changes: Vec<Change> = rows.collect::<Result<_>>()?;
    if changes.len() > MAX_CHANGES as usize {
        return Ok(rebuild);
    }
    Ok(Changes::Entries {
        cursor: cursor(store_id, head),
        changes,
    })
}

fn floor_and_head(connection: &Connection) -> Result<(i64, i64)> {
    let mut statement = connection.prepare_cached(sql::changes::FLOOR_AND_HEAD)?;
    Ok(statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

fn change(row: &Row<'_>) -> Result<Change> {
    let (seq, kind, entity): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let corrupt = || Failure(StoreError::Corrupt(format!("table change_log, row {seq}")));
    match kind.as_str() {
        CLIENT => Ok(Change::Client(entity.parse().map_err(|_| corrupt())?)),
        USER => Ok(Change::User(entity.parse().map_err(|_| corrupt())?)),
        KEYS => Ok(Change::Keys),
        REGISTRY => Ok(Change::Registry),
        _ => Err(corrupt()),
    }
}
