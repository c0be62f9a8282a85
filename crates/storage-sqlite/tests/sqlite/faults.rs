//! What becomes of a store when the system refuses what it asks for.

use std::fs;

use countersign_storage::contract::run;
use countersign_storage::contract::samples::{NOW, client, create};
use countersign_storage::{ClientStore, CreateClient, GrantStore, StoreError};
use countersign_storage_sqlite::{OpenError, SqliteStore};

use crate::mount::{Mount, SKIPPED};
use crate::scene::{Scene, Write};
use crate::{file, folder, open, refusal, rows, tamper};

/// Nothing that was answered is lost, all that is asked is answered, and nothing is written.
async fn assert_only_writes_are_refused(scene: &Scene, store: &SqliteStore) {
    let before = scene.snapshot(store).await;
    assert!(before.is_ok(), "{before:?}");
    for (write, _) in Write::ALL {
        let answer = scene.write(store, write).await;
        assert!(
            matches!(answer, Err(StoreError::Unavailable(_))),
            "{write:?}: {answer:?}"
        );
    }
    assert_eq!(scene.snapshot(store).await, before);
}

/// Creates clients with much to say until one is refused. Tells how many there are.
async fn fill(store: &SqliteStore) -> usize {
    let scope = (0..100).map(|number| format!("{number:0>200}"));
    let scope = scope.collect::<Vec<_>>().join(" ").parse();
    let mut settings = client("a").settings;
    settings.scope = scope.expect("these are scopes");
    for number in 0..10_000 {
        let new = countersign_core::NewClient {
            settings: settings.clone(),
            ..client(&format!("filler-{number}"))
        };
        match store.create_client(new).await {
            Ok(created) => assert!(matches!(created, CreateClient::Created(_)), "{created:?}"),
            Err(error) => {
                assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
                return number;
            }
        }
    }
    unreachable!("the disk is never full");
}

#[test]
fn full_disk_refuses_writes_and_nothing_else() {
    let Some(mount) = Mount::tmpfs(3_000) else {
        eprintln!("{SKIPPED}");
        return;
    };
    let path = mount.path().join("countersign.db");
    let ballast = mount.path().join("ballast");
    fs::write(&ballast, vec![1; 1_000_000]).unwrap();
    run(async {
        let store = open(&path);
        let scene = Scene::set(&store).await;
        let answered = fill(&store).await;
        assert!(answered > 10, "{answered}");
        // Smaller writes find some room still; none of these writes more than one page.
        let mut now = NOW;
        while store.use_refresh(scene.seen(), now).await.is_ok() {
            now = now.plus(1);
        }
        assert_only_writes_are_refused(&scene, &store).await;

        // There is room again, and that is all: nobody opens the store anew.
        fs::remove_file(&ballast).unwrap();
        create(&store, "b").await;
        let before = scene.snapshot(&store).await;
        drop(store);
        let store = open(&path);
        assert_eq!(scene.snapshot(&store).await, before);
        let clients = store.list_clients(None, 100_000).await.unwrap();
        assert_eq!(clients.len(), answered + 2);
    });
}

/// The kernel makes a file system read-only when its disk fails.
#[test]
fn failed_disk_refuses_writes_and_nothing_else() {
    let Some(mount) = Mount::ext4() else {
        eprintln!("{SKIPPED}");
        return;
    };
    let path = mount.path().join("countersign.db");
    run(async {
        let store = open(&path);
        let scene = Scene::set(&store).await;
        let before = scene.snapshot(&store).await;
        mount.fail();
        assert_only_writes_are_refused(&scene, &store).await;
        drop(store);
        let error = refusal(&path);
        assert!(matches!(error, OpenError::ReadOnly { .. }), "{error}");
        // What was answered lies on the disk.
        let saved = folder();
        for name in ["countersign.db", "countersign.db-wal"] {
            fs::copy(mount.path().join(name), saved.path().join(name)).unwrap();
        }
        assert_eq!(scene.snapshot(&open(&file(&saved))).await, before);
    });
}

#[test]
fn file_on_a_read_only_file_system_is_told() {
    let Some(mount) = Mount::tmpfs(1_000) else {
        eprintln!("{SKIPPED}");
        return;
    };
    let path = mount.path().join("countersign.db");
    drop(open(&path));
    mount.make_read_only();
    for path in [path, mount.path().join("another.db")] {
        let error = refusal(&path);
        assert!(matches!(error, OpenError::ReadOnly { .. }), "{error:?}");
        let message = error.to_string();
        let name = path.display().to_string();
        assert!(
            message.contains(&name) && message.contains("for writing"),
            "{message}"
        );
    }
}

/// A scene in a store of its own, and what becomes of one verb in it if `trigger` does something at its last row.
async fn with_trigger(write: Write, event: &str, trigger: &str, told: fn(&StoreError) -> bool) {
    let folder = folder();
    let store = open(&file(&folder));
    let scene = Scene::set(&store).await;
    let before = rows(&file(&folder));
    tamper(
        &file(&folder),
        &format!(
            "CREATE TABLE nowhere (n INTEGER PRIMARY KEY);
             CREATE TABLE orphan (n REFERENCES nowhere DEFERRABLE INITIALLY DEFERRED);
             CREATE TRIGGER planned AFTER {event} BEGIN {trigger}; END"
        ),
    );
    let answer = scene.write(&store, write).await;
    assert!(answer.as_ref().is_err_and(told), "{write:?}: {answer:?}");
    tamper(
        &file(&folder),
        "DROP TRIGGER planned; DROP TABLE orphan; DROP TABLE nowhere",
    );
    assert_eq!(rows(&file(&folder)), before, "{write:?}");
    assert_eq!(scene.write(&store, write).await, Ok(()), "{write:?}");
    assert_ne!(rows(&file(&folder)), before, "{write:?}");
}

/// Whether it holds after a crash nobody knows, but who reads learns the truth.
#[test]
fn commit_that_fails_is_an_unknown_outcome() {
    run(async {
        for (write, event) in Write::ALL {
            // A deferred constraint is checked at COMMIT only.
            let trigger = "INSERT INTO orphan (n) VALUES (1)";
            let unknown = |error: &StoreError| matches!(error, StoreError::OutcomeUnknown(_));
            with_trigger(write, event, trigger, unknown).await;
        }
    });
}

/// All that a verb wrote before is taken back.
#[test]
fn verb_that_fails_at_its_end_changes_nothing() {
    run(async {
        for (write, event) in Write::ALL {
            let trigger = "SELECT RAISE(FAIL, 'as planned')";
            let defect = |error: &StoreError| *error == StoreError::Defect("as planned".into());
            with_trigger(write, event, trigger, defect).await;
        }
    });
}
