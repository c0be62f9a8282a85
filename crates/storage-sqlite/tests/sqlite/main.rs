//! The SQLite backend, seen from outside.

mod backup;
mod checks;
mod contract;
mod corrupt;
mod corrupt_columns;
mod damage;
mod faults;
mod migrate;
mod mount;
mod old_files;
mod open;
mod pages;
mod scene;
mod standing;
mod two_handles;
mod wazo;

use std::path::{Path, PathBuf};

use countersign_storage::contract::samples::Counting;
use countersign_storage_sqlite::{OpenError, SqliteStore};
use rusqlite::types::Value;
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

fn refusal(path: &Path) -> OpenError {
    match SqliteStore::open(path, &Counting) {
        Ok(_) => unreachable!("{} was opened", path.display()),
        Err(error) => error,
    }
}

/// Every row of every table.
fn rows(path: &Path) -> Vec<String> {
    let connection = rusqlite::Connection::open(path).expect("SQLite can open the file");
    let all = |sql: &str| {
        let mut statement = connection.prepare(sql).expect(sql);
        let columns = statement.column_count();
        let row = |row: &rusqlite::Row<'_>| {
            let values = (0..columns).map(|column| row.get::<_, Value>(column));
            let values: Result<Vec<_>, _> = values.collect();
            Ok(format!("{:?}", values?))
        };
        let rows = statement.query_map([], row).expect(sql);
        rows.collect::<Result<Vec<_>, _>>().expect(sql)
    };
    let tables =
        "SELECT group_concat(name, ' ' ORDER BY name) FROM sqlite_schema WHERE type = 'table'";
    let mut rows = Vec::new();
    let tables: String = connection
        .query_row(tables, [], |row| row.get(0))
        .expect(tables);
    for table in tables.split(' ') {
        rows.push(table.to_owned());
        rows.extend(all(&format!("SELECT * FROM {table}")));
    }
    rows
}

/// Does to the file behind the store's back what no verb does.
fn tamper(path: &Path, sql: &str) {
    let connection = rusqlite::Connection::open(path).expect("SQLite can open the file");
    connection
        .pragma_update(None, "ignore_check_constraints", "ON")
        .expect("a known pragma");
    connection.execute_batch(sql).expect(sql);
}
