//! The store itself.

use std::fmt;
use std::path::{Path, PathBuf};
use std::thread;

use countersign_core::Random;

use crate::open::{self, OpenError, Opened};
use crate::workers::Workers;

/// A store in one SQLite file. The crate page tells how it works.
///
/// Dropping it finishes what is queued and closes the file, and blocks for that long.
pub struct SqliteStore {
    path: PathBuf,
    pub(crate) store_id: [u8; 16],
    pub(crate) workers: Workers,
}

impl SqliteStore {
    /// Opens the database at `path`, or creates it with mode 0600; its folder must exist. Blocks.
    ///
    /// `random` draws the id of a new database, by which cursors of another one are recognised. An older database is
    /// brought to the version of this program; several processes may open one file at once even then.
    pub fn open(path: &Path, random: &dyn Random) -> Result<Self, OpenError> {
        let Opened {
            path,
            connection,
            store_id,
        } = open::open(path, random)?;
        let sqlite = |error| OpenError::sqlite(&path, &error);
        let readers = thread::available_parallelism()
            .map_or(2, usize::from)
            .clamp(2, 8);
        let readers: Result<Vec<_>, _> =
            (0..readers).map(|_| open::connect_reader(&path)).collect();
        let workers = Workers::start(connection, readers.map_err(sqlite)?)?;
        Ok(Self {
            path,
            store_id,
            workers,
        })
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use countersign_storage::StoreError;
    use countersign_storage::contract::run;
    use countersign_storage::contract::samples::Counting;
    use rusqlite::Connection;

    use super::*;
    use crate::failure::Result;

    /// What no test can see without cutting the power.
    #[test]
    fn every_connection_is_set_up_for_durability() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("countersign.db"), &Counting).unwrap();
        let pragmas = |connection: &Connection| -> Result<_> {
            let journal: String =
                connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
            let number = |name| -> rusqlite::Result<i64> {
                connection.pragma_query_value(None, name, |row| row.get(0))
            };
            let numbers = ["synchronous", "foreign_keys", "trusted_schema"].map(number);
            Ok((
                journal,
                numbers.into_iter().collect::<rusqlite::Result<Vec<_>>>()?,
            ))
        };
        let full = 2;
        let expected = Ok(("wal".to_owned(), vec![full, 1, 0]));
        assert_eq!(run(store.workers.write(pragmas)), expected);
        assert_eq!(run(store.workers.read(pragmas)), expected);
    }

    /// There is one writer, and as many readers as the machine has cores, up to eight.
    #[test]
    fn readers_keep_less_in_memory_than_the_writer() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("countersign.db"), &Counting).unwrap();
        let kib = |connection: &Connection| -> Result<i64> {
            Ok(connection.pragma_query_value(None, "cache_size", |row| row.get(0))?)
        };
        assert_eq!(run(store.workers.write(kib)), Ok(-65_536));
        assert_eq!(run(store.workers.read(kib)), Ok(-8_192));
    }

    #[test]
    fn readers_cannot_write() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("countersign.db"), &Counting).unwrap();
        let written = store
            .workers
            .read(|connection| Ok(connection.execute("DELETE FROM meta", [])?));
        let answer = run(written);
        assert!(
            matches!(answer, Err(StoreError::Unavailable(_))),
            "{answer:?}"
        );
    }
}
