//! The versions of the schema, and what a file says about itself.

use countersign_core::Random;
use rusqlite::{Connection, Transaction, TransactionBehavior};

/// The name of our files in the header field that SQLite keeps for it: "CSGN".
const APPLICATION_ID: i32 = i32::from_be_bytes(*b"CSGN");

/// What leads from each version to the next; the first begins with an empty file. Never changed once released.
pub(crate) const MIGRATIONS: [&str; 5] = [
    include_str!("../migrations/0001_clients_keys_revocations.sql"),
    include_str!("../migrations/0002_users_grants.sql"),
    include_str!("../migrations/0003_sessions_consents.sql"),
    include_str!("../migrations/0004_standing_grants_wazo.sql"),
    include_str!("../migrations/0005_seen_jtis.sql"),
];

/// The version that this program writes.
pub(crate) const LATEST: i32 = 5;

/// What a database file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// Empty.
    Fresh,
    /// One of ours.
    Countersign {
        /// The version of its schema, from 1.
        version: i32,
    },
    /// Something else.
    Foreign,
}

/// What the file is, read in one snapshot and without changing anything.
pub(crate) fn identify(connection: &Connection) -> rusqlite::Result<Identity> {
    identify_within(&connection.unchecked_transaction()?)
}

fn identify_within(snapshot: &Transaction<'_>) -> rusqlite::Result<Identity> {
    let application: i32 = snapshot.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version: i32 = snapshot.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let objects: i64 =
        snapshot.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(match (application, version, objects) {
        (0, 0, 0) => Identity::Fresh,
        (APPLICATION_ID, 1.., _) => Identity::Countersign { version },
        _ => Identity::Foreign,
    })
}

/// Brings a fresh or older file to [`LATEST`] in one transaction, and says what it found when it had the lock:
/// another process may have been quicker.
pub(crate) fn migrate(
    connection: &mut Connection,
    random: &dyn Random,
) -> rusqlite::Result<Identity> {
    let transaction = Transaction::new(connection, TransactionBehavior::Immediate)?;
    let found = identify_within(&transaction)?;
    let version = match found {
        Identity::Fresh => 0,
        Identity::Countersign { version } => version,
        Identity::Foreign => return Ok(found),
    };
    let done = usize::try_from(version).unwrap_or(usize::MAX);
    for migration in MIGRATIONS.iter().skip(done) {
        transaction.execute_batch(migration)?;
    }
    if version == 0 {
        let store_id: [u8; 16] = random.bytes();
        let insert = "INSERT INTO meta (name, value) VALUES ('store_id', ?1)";
        transaction.execute(insert, [store_id])?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    if version < LATEST {
        transaction.pragma_update(None, "user_version", LATEST)?;
    }
    transaction.commit()?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_has_a_migration() {
        assert_eq!(usize::try_from(LATEST), Ok(MIGRATIONS.len()));
    }
}
