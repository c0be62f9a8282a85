//! Verbs on failed attempts to prove who one is.

use async_trait::async_trait;
use countersign_core::Timestamp;
use countersign_storage::{Failures, StoreError, ThrottleStore, ThrottleSubject};
use rusqlite::{Connection, Row, params};

use crate::failure::Result;
use crate::rows::NamedRow;
use crate::{SqliteStore, sql};

#[async_trait]
impl ThrottleStore for SqliteStore {
    async fn failures(
        &self,
        subjects: &[ThrottleSubject],
    ) -> std::result::Result<Vec<Option<Failures>>, StoreError> {
        let subjects = subjects.to_vec();
        self.workers
            .read(move |connection| find(connection, &subjects))
            .await
    }

    async fn count_failure(
        &self,
        subjects: &[ThrottleSubject],
        now: Timestamp,
        window: u32,
    ) -> std::result::Result<Vec<Failures>, StoreError> {
        let subjects = subjects.to_vec();
        self.workers
            .write(move |connection| count(connection, &subjects, now, window))
            .await
    }

    async fn forgive(&self, subjects: &[ThrottleSubject]) -> std::result::Result<(), StoreError> {
        let subjects = subjects.to_vec();
        self.workers
            .write(move |connection| forgive(connection, &subjects))
            .await
    }
}

fn find(connection: &Connection, subjects: &[ThrottleSubject]) -> Result<Vec<Option<Failures>>> {
    let snapshot = connection.unchecked_transaction()?;
    let mut statement = snapshot.prepare_cached(sql::throttle::FAILURES)?;
    let mut found = Vec::with_capacity(subjects.len());
    for subject in subjects {
        let mut rows = statement.query_and_then([subject.as_bytes()], failures)?;
        found.push(rows.next().transpose()?);
    }
    Ok(found)
}

fn count(
    connection: &Connection,
    subjects: &[ThrottleSubject],
    now: Timestamp,
    window: u32,
) -> Result<Vec<Failures>> {
    let mut statement = connection.prepare_cached(sql::throttle::COUNT_FAILURE)?;
    let mut counted = Vec::with_capacity(subjects.len());
    for subject in subjects {
        let values = params![subject.as_bytes(), now.as_seconds(), window];
        let rows = statement.query_and_then(values, failures)?;
        for row in rows {
            counted.push(row?);
        }
    }
    Ok(counted)
}

fn forgive(connection: &Connection, subjects: &[ThrottleSubject]) -> Result<()> {
    let mut statement = connection.prepare_cached(sql::throttle::FORGIVE)?;
    for subject in subjects {
        statement.execute([subject.as_bytes()])?;
    }
    Ok(())
}

/// Reads a row that does not name itself: nobody is to know who tried where.
fn failures(row: &Row<'_>) -> Result<Failures> {
    let row = NamedRow::new("failures", row);
    Ok(Failures {
        count: row.get("count")?,
        since: row.time("since")?,
        last: row.time("last")?,
    })
}

#[cfg(test)]
mod tests {
    use countersign_storage::contract::run;
    use countersign_storage::contract::samples::{Counting, NOW};

    use super::*;

    #[test]
    fn count_does_not_wrap() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("countersign.db"), &Counting).unwrap();
        let subjects = [ThrottleSubject::from_bytes([1; 16])];
        run(async {
            store.count_failure(&subjects, NOW, 60).await.unwrap();
            let last = "UPDATE failures SET count = 4294967294";
            let set = store
                .workers
                .write(|connection| Ok(connection.execute(last, [])?));
            assert_eq!(set.await, Ok(1));
            for _ in 0..2 {
                let counted = store.count_failure(&subjects, NOW, 60).await.unwrap();
                assert_eq!(counted[0].count, u32::MAX);
            }
        });
    }
}
