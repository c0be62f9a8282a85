//! The SQLite backend, seen from outside.

mod contract;
mod corrupt;
mod open;
mod two_handles;

use std::path::{Path, PathBuf};

use countersign_storage::contract::samples::Counting;
use countersign_storage_sqlite::SqliteStore;
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a test machine has a temporary folder")
}

fn file(folder: &TempDir) -> PathBuf {
    folder.path().join("countersign.db")
}

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, &Counting).expect("the file is ours")
}

/// Does to the file behind the store's back what no verb does.
fn tamper(path: &Path, sql: &str) {
    let connection = rusqlite::Connection::open(path).expect("SQLite can open the file");
    connection
        .pragma_update(None, "ignore_check_constraints", "ON")
        .expect("a known pragma");
    connection.execute_batch(sql).expect(sql);
}
