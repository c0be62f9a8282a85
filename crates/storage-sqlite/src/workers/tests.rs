use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};

use countersign_storage::contract::run;
use rusqlite::params;
use tempfile::TempDir;

use super::*;

/// A writer on a file with one table, and a reader.
fn workers() -> (TempDir, Workers) {
    let folder = tempfile::tempdir().unwrap();
    let connect = || {
        let connection = Connection::open(folder.path().join("test.db")).unwrap();
        connection
            .pragma_update(None, "journal_mode", "WAL")
            .unwrap();
        connection
    };
    let writer = connect();
    writer
        .execute_batch(
            "PRAGMA foreign_keys = ON;
             CREATE TABLE number (n INTEGER PRIMARY KEY, bytes BLOB);
             CREATE TABLE child (n INTEGER REFERENCES number DEFERRABLE INITIALLY DEFERRED);",
        )
        .unwrap();
    let workers = Workers::start(writer, (0..4).map(|_| connect()).collect()).unwrap();
    (folder, workers)
}

fn insert(connection: &Connection, number: i64) -> Result<i64> {
    connection.execute("INSERT INTO number (n) VALUES (?1)", [number])?;
    Ok(number)
}

async fn numbers(workers: &Workers) -> Vec<i64> {
    workers
        .read(|connection| {
            let mut statement = connection.prepare("SELECT n FROM number ORDER BY n")?;
            let rows = statement.query_map([], |row| row.get(0))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
        .unwrap()
}

/// Holds the writer until the sender is dropped, so that what is queued meanwhile makes one group.
fn hold(workers: &Workers) -> mpsc::Sender<()> {
    let (release, held) = mpsc::channel();
    let (started, running) = mpsc::channel();
    drop(workers.write(move |_| {
        started.send(()).unwrap();
        let _ = held.recv();
        Ok(())
    }));
    running.recv().unwrap();
    release
}

fn defect() -> StoreError {
    StoreError::Defect("a command panicked".into())
}

#[test]
fn failed_command_spoils_no_other_of_its_group() {
    run(async {
        let (_folder, workers) = workers();
        let release = hold(&workers);
        let fail = |number, how: fn() -> Result<i64>| {
            workers.write(move |connection| {
                insert(connection, number)?;
                how()
            })
        };
        let (first, last) = (1, 5);
        let first = workers.write(move |connection| insert(connection, first));
        let refused = fail(2, || Err(StoreError::Corrupt("as planned".into()).into()));
        let panicked = fail(3, || std::panic::resume_unwind(Box::new("as planned")));
        let twice = fail(4, || Ok(4));
        let taken = workers.write(|connection| insert(connection, 4));
        let last = workers.write(move |connection| insert(connection, last));
        drop(release);
        assert_eq!(first.await, Ok(1));
        assert_eq!(refused.await, Err(StoreError::Corrupt("as planned".into())));
        assert_eq!(panicked.await, Err(defect()));
        assert_eq!(twice.await, Ok(4));
        assert!(matches!(taken.await, Err(StoreError::Defect(_))));
        assert_eq!(last.await, Ok(5));
        assert_eq!(numbers(&workers).await, [1, 4, 5]);
    });
}

#[test]
fn failed_commit_is_told_to_its_whole_group() {
    run(async {
        let (folder, workers) = workers();
        let release = hold(&workers);
        let before = workers.write(|connection| insert(connection, 1));
        let orphan = workers.write(|connection| {
            // A deferred constraint is checked at COMMIT only.
            connection.execute("INSERT INTO child (n) VALUES (99)", [])?;
            Ok(())
        });
        let own_error: StoreError = StoreError::Corrupt("its own".into());
        let failed = workers.write({
            let own_error = own_error.clone();
            move |_| Err::<(), _>(own_error.into())
        });
        let after = workers.write(|connection| insert(connection, 2));
        drop(release);
        assert!(matches!(before.await, Err(StoreError::OutcomeUnknown(_))));
        assert!(matches!(orphan.await, Err(StoreError::OutcomeUnknown(_))));
        assert_eq!(failed.await, Err(own_error));
        // The lock is free for others.
        let other = Connection::open(folder.path().join("test.db")).unwrap();
        insert(&other, 0).unwrap();
        assert!(matches!(after.await, Err(StoreError::OutcomeUnknown(_))));
        assert_eq!(numbers(&workers).await, [0]);
        assert_eq!(
            workers.write(|connection| insert(connection, 3)).await,
            Ok(3)
        );
    });
}

#[test]
fn transaction_that_sqlite_took_back_is_told_and_the_rest_goes_on() {
    run(async {
        let (_folder, workers) = workers();
        let release = hold(&workers);
        let before = workers.write(|connection| insert(connection, 1));
        let ended = workers.write(|connection| Ok(connection.execute_batch("ROLLBACK")?));
        let after = workers.write(|connection| insert(connection, 2));
        drop(release);
        assert!(matches!(before.await, Err(StoreError::Unavailable(_))));
        assert!(matches!(ended.await, Err(StoreError::Unavailable(_))));
        assert_eq!(after.await, Ok(2));
        assert_eq!(numbers(&workers).await, [2]);
    });
}

#[test]
fn full_disk_loses_nothing_that_was_answered() {
    run(async {
        let (_folder, workers) = workers();
        let limit = |pages: u32| {
            workers.write(move |connection| {
                connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
                Ok(())
            })
        };
        limit(50).await.unwrap();
        let mut kept = Vec::new();
        for number in 0..100 {
            let answer = workers.write(move |connection| {
                let sql = "INSERT INTO number (n, bytes) VALUES (?1, zeroblob(3000))";
                connection.execute(sql, params![number])?;
                Ok(number)
            });
            match answer.await {
                Ok(number) => kept.push(number),
                Err(error) => assert!(matches!(error, StoreError::Unavailable(_)), "{error}"),
            }
        }
        assert!((10..100).contains(&kept.len()), "{} were kept", kept.len());
        assert_eq!(numbers(&workers).await, kept);
        limit(1_000).await.unwrap();
        assert_eq!(
            workers.write(|connection| insert(connection, 500)).await,
            Ok(500)
        );
    });
}

#[test]
fn command_is_carried_out_even_if_nobody_waits_for_it() {
    run(async {
        let (_folder, workers) = workers();
        let release = hold(&workers);
        drop(workers.write(|connection| insert(connection, 1)));
        drop(release);
        assert_eq!(
            workers.write(|connection| insert(connection, 2)).await,
            Ok(2)
        );
        assert_eq!(numbers(&workers).await, [1, 2]);
    });
}

#[test]
fn dropped_store_finishes_what_is_queued() {
    run(async {
        let (folder, workers) = workers();
        let release = hold(&workers);
        let queued: Vec<_> = (0..1_000)
            .map(|number| workers.write(move |connection| insert(connection, number)))
            .collect();
        drop(release);
        drop(workers);
        for (number, answer) in (0..).zip(queued) {
            assert_eq!(answer.await, Ok(number));
        }
        // The threads are gone, and their connections with them: the last one removes the log.
        assert!(!folder.path().join("test.db-wal").exists());
    });
}

#[test]
fn full_queue_is_unavailable_and_never_blocks() {
    run(async {
        let (_folder, workers) = workers();
        let release = hold(&workers);
        let mut queued = Vec::new();
        let refused = loop {
            let answer = workers.write(|_| Ok(()));
            if queued.len() == QUEUE {
                break answer;
            }
            queued.push(answer);
        };
        assert_eq!(
            refused.await,
            Err(StoreError::Unavailable("too many calls are waiting".into()))
        );
        drop(release);
        for answer in queued {
            assert_eq!(answer.await, Ok(()));
        }
    });
}

/// A command that is run beside a busy server gets its turn: the lock is asked for often, and there are pauses in
/// which it is free.
#[test]
fn busy_writer_gives_way_to_other_processes() {
    run(async {
        let (folder, workers) = workers();
        let other = crate::open::connect(&folder.path().join("test.db")).unwrap();
        let (workers, stop) = (Arc::new(workers), Arc::new(AtomicBool::new(false)));
        let load = tokio::spawn({
            let (workers, stop) = (Arc::clone(&workers), Arc::clone(&stop));
            async move {
                let mut queued = VecDeque::new();
                while !stop.load(Ordering::SeqCst) {
                    // A slow disk: the lock is held nearly all of the time, and the queue is never empty.
                    queued.push_back(workers.write(|_| {
                        thread::sleep(Duration::from_millis(50));
                        Ok(())
                    }));
                    if queued.len() > 3 {
                        queued.pop_front().unwrap().await.unwrap();
                    }
                }
            }
        });
        let start = Instant::now();
        for number in 0..6 {
            thread::sleep(Duration::from_millis(20));
            insert(&other, number).unwrap();
        }
        // A stretch and the group in which it ends take about a quarter of a second; a machine may be slow.
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "{:?}",
            start.elapsed()
        );
        stop.store(true, Ordering::SeqCst);
        load.await.unwrap();
    });
}

#[test]
fn panic_in_a_reader_is_an_error_and_ends_no_thread() {
    run(async {
        let (_folder, workers) = workers();
        let panicked = workers.read(|_| -> Result<()> {
            std::panic::resume_unwind(Box::new("as planned"));
        });
        assert_eq!(panicked.await, Err(defect()));
        assert_eq!(numbers(&workers).await, [0_i64; 0]);
    });
}
