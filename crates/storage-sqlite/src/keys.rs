//! Verbs on keys.

use async_trait::async_trait;
use countersign_core::{KeyId, KeyRecord, Timestamp};
use countersign_storage::{
    AnnounceKeys, Change, KeyRing, KeyStore, RemoveKeys, RevokeKey, StoreError,
};
use rusqlite::{Connection, Row, params};

use crate::changes::log;
use crate::failure::Result;
use crate::rows::{NamedRow, corrupt_value};
use crate::{SqliteStore, sql};

#[async_trait]
impl KeyStore for SqliteStore {
    async fn key_ring(&self) -> std::result::Result<KeyRing, StoreError> {
        self.workers.read(key_ring).await
    }

    async fn announce_keys(
        &self,
        expected_version: u64,
        keys: Vec<KeyRecord>,
    ) -> std::result::Result<AnnounceKeys, StoreError> {
        self.workers
            .write(move |connection| announce(connection, expected_version, &keys))
            .await
    }

    async fn revoke_key(
        &self,
        id: &KeyId,
        at: Timestamp,
    ) -> std::result::Result<RevokeKey, StoreError> {
        let id = id.clone();
        self.workers
            .write(move |connection| revoke(connection, &id, at))
            .await
    }

    async fn remove_keys(
        &self,
        expected_version: u64,
        ids: &[KeyId],
        now: Timestamp,
    ) -> std::result::Result<RemoveKeys, StoreError> {
        let ids = ids.to_vec();
        self.workers
            .write(move |connection| remove(connection, expected_version, &ids, now))
            .await
    }
}

fn key_ring(connection: &Connection) -> Result<KeyRing> {
    let snapshot = connection.unchecked_transaction()?;
    let version = ring_version(&snapshot)?;
    let mut statement = snapshot.prepare_cached(sql::keys::KEYS)?;
    let keys = statement.query_and_then([], key)?.collect::<Result<_>>()?;
    Ok(KeyRing { version, keys })
}

fn announce(connection: &Connection, expected: u64, keys: &[KeyRecord]) -> Result<AnnounceKeys> {
    let version = ring_version(connection)?;
    if version != expected {
        return Ok(AnnounceKeys::Stale { version });
    }
    let Some(at) = keys.iter().map(|key| key.created_at).max() else {
        return Ok(AnnounceKeys::Announced { version });
    };
    let mut ids: Vec<&KeyId> = keys.iter().map(|key| &key.id).collect();
    ids.sort_unstable();
    // Asked before anything is written, since a refused command keeps what it wrote.
    let repeated = ids.windows(2).any(|pair| pair[0] == pair[1]);
    for id in ids {
        if repeated || exists(connection, id)? {
            return Ok(AnnounceKeys::KeyIdTaken);
        }
    }
    let mut insert = connection.prepare_cached(sql::keys::INSERT_KEY)?;
    for key in keys {
        insert.execute(params![
            key.id.as_str(),
            key.purpose.name(),
            key.created_at.as_seconds(),
            key.active_from.as_seconds(),
            key.revoked_at.map(Timestamp::as_seconds),
            key.sealed,
        ])?;
    }
    Ok(AnnounceKeys::Announced {
        version: change_ring(connection, at)?,
    })
}

fn revoke(connection: &Connection, id: &KeyId, at: Timestamp) -> Result<RevokeKey> {
    let revoked = connection
        .prepare_cached(sql::keys::REVOKE_KEY)?
        .execute(params![id.as_str(), at.as_seconds()])?;
    if revoked == 0 {
        let exists = exists(connection, id)?;
        return Ok(if exists {
            RevokeKey::AlreadyRevoked
        } else {
            RevokeKey::NotFound
        });
    }
    change_ring(connection, at)?;
    Ok(RevokeKey::Revoked)
}

fn remove(
    connection: &Connection,
    expected: u64,
    ids: &[KeyId],
    now: Timestamp,
) -> Result<RemoveKeys> {
    let version = ring_version(connection)?;
    if version != expected {
        return Ok(RemoveKeys::Stale { version });
    }
    let mut delete = connection.prepare_cached(sql::keys::DELETE_KEY)?;
    let mut removed = 0;
    for id in ids {
        removed += delete.execute([id.as_str()])?;
    }
    let version = if removed == 0 {
        version
    } else {
        change_ring(connection, now)?
    };
    Ok(RemoveKeys::Removed { version })
}

fn exists(connection: &Connection, id: &KeyId) -> Result<bool> {
    let mut statement = connection.prepare_cached(sql::keys::KEY_EXISTS)?;
    Ok(statement.query_row([id.as_str()], |row| row.get(0))?)
}

fn ring_version(connection: &Connection) -> Result<u64> {
    let mut statement = connection.prepare_cached(sql::meta::META)?;
    version(statement.query_row(["key_ring_version"], |row| row.get(0))?)
}

/// A new version of the ring, announced (RULES N1).
fn change_ring(connection: &Connection, at: Timestamp) -> Result<u64> {
    let mut statement = connection.prepare_cached(sql::keys::NEXT_RING_VERSION)?;
    let next = statement.query_row([], |row| row.get(0))?;
    log(connection, &Change::Keys, at)?;
    version(next)
}

fn version(number: i64) -> Result<u64> {
    let corrupt = |_| corrupt_value("key_ring_version");
    Ok(u64::try_from(number).map_err(corrupt)?)
}

fn key(row: &Row<'_>) -> Result<KeyRecord> {
    let row = NamedRow::new("keys", row);
    Ok(KeyRecord {
        id: row.parse("id", |text: String| text.parse())?,
        purpose: row.parse("purpose", |text: String| text.parse())?,
        created_at: row.time("created_at")?,
        active_from: row.time("active_from")?,
        revoked_at: row
            .get::<Option<i64>>("revoked_at")?
            .map(Timestamp::from_seconds),
        sealed: row.get("sealed")?,
    })
}
