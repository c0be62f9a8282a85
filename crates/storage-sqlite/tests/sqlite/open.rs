//! Which files are taken, and what becomes of them.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Barrier};
use std::thread;

use countersign_storage::contract::run;
use countersign_storage::contract::samples::create;
use countersign_storage::{ChangeFeed, Changes, ClientStore, Maintenance};
use countersign_storage_sqlite::OpenError;

use crate::{file, folder, open, refusal, tamper};

#[cfg(unix)]
#[test]
fn rule_s4_every_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;

    let folder = folder();
    let store = open(&file(&folder));
    run(create(&store, "a"));
    let mut names = Vec::new();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(
            entry.metadata().unwrap().permissions().mode() & 0o777,
            0o600,
            "{entry:?}"
        );
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(
        names,
        ["countersign.db", "countersign.db-shm", "countersign.db-wal"]
    );
    drop(store);

    for mode in [0o640, 0o604, 0o660, 0o601] {
        fs::set_permissions(file(&folder), fs::Permissions::from_mode(mode)).unwrap();
        let error = refusal(&file(&folder));
        assert!(
            matches!(error, OpenError::Exposed { mode: it, .. } if it == mode),
            "{error}"
        );
    }
    fs::set_permissions(file(&folder), fs::Permissions::from_mode(0o600)).unwrap();
    open(&file(&folder));
}

#[test]
fn newer_schema_is_refused_and_left_alone() {
    let folder = folder();
    drop(open(&file(&folder)));
    tamper(&file(&folder), "PRAGMA user_version = 7");
    let before = fs::read(file(&folder)).unwrap();
    let error = refusal(&file(&folder));
    assert!(
        matches!(
            error,
            OpenError::NewerVersion {
                found: 7,
                supported: 5,
                ..
            }
        ),
        "{error}"
    );
    let message = error.to_string();
    assert!(
        message.contains("version 7") && message.contains("after 5"),
        "{message}"
    );
    assert_eq!(fs::read(file(&folder)).unwrap(), before);
}

#[test]
fn foreign_files_are_refused_and_left_alone() {
    let databases = [
        ("a table", "CREATE TABLE t (a)"),
        ("a version", "PRAGMA user_version = 1"),
        (
            "another application",
            "PRAGMA application_id = 1; PRAGMA user_version = 1",
        ),
        (
            "our application id alone",
            "PRAGMA application_id = 0x4353474e; CREATE TABLE t (a)",
        ),
    ];
    let texts = [
        ("a short text", b"hello".to_vec()),
        ("a long text", b"hello ".repeat(5_000)),
        ("a header cut short", b"SQLite format 3\0".to_vec()),
        ("nulls", vec![0; 8_192]),
    ];
    let folder = folder();
    let check = |name: &str, make: &dyn Fn(&Path)| {
        let path = folder.path().join(name);
        drop(open(&path)); // for the mode of the file
        fs::write(&path, []).unwrap();
        make(&path);
        let before = fs::read(&path).unwrap();
        let error = refusal(&path);
        assert!(
            matches!(error, OpenError::NotCountersign { .. }),
            "{name}: {error}"
        );
        assert_eq!(fs::read(&path).unwrap(), before, "{name}");
    };
    for (name, sql) in databases {
        check(name, &|path| tamper(path, sql));
    }
    for (name, bytes) in texts {
        check(name, &|path| fs::write(path, &bytes).unwrap());
    }
}

#[test]
fn an_empty_file_becomes_a_database() {
    let folder = folder();
    drop(open(&file(&folder)));
    fs::write(file(&folder), []).unwrap();
    let store = open(&file(&folder));
    assert_eq!(run(store.list_clients(None, 10)), Ok(Vec::new()));
}

#[test]
fn unreachable_files_are_named() {
    let folder = folder();
    let missing = folder.path().join("missing").join("countersign.db");
    for (path, refused) in [(missing.as_path(), "File"), (folder.path(), "Sqlite")] {
        let error = refusal(path);
        assert!(format!("{error:?}").starts_with(refused), "{error:?}");
        assert!(
            error.to_string().contains(&path.display().to_string()),
            "{error}"
        );
    }
    assert!(!folder.path().join("missing").exists());
}

#[test]
fn names_that_sqlite_reads_in_its_own_way_are_only_names() {
    let folder = folder();
    // All other tests name their files from the root on.
    let home = std::env::current_dir().unwrap();
    std::env::set_current_dir(folder.path()).unwrap();
    for name in [":memory:", "file:x?mode=memory", "it's 100%.db"] {
        let path = Path::new(name);
        run(create(&open(path), "a"));
        let clients = run(open(path).list_clients(None, 10)).unwrap();
        assert_eq!(clients.len(), 1, "{name}");
        assert!(
            folder.path().join(name).metadata().unwrap().len() > 0,
            "{name}"
        );
    }
    std::env::set_current_dir(home).unwrap();
}

/// Handles that open a new file at once all get the same database, created once.
#[test]
fn race_of_openers_creates_one_database() {
    for _ in 0..10 {
        let folder = folder();
        let start = Arc::new(Barrier::new(8));
        let openers: Vec<_> = (0..8)
            .map(|_| {
                let (path, start) = (file(&folder), Arc::clone(&start));
                thread::spawn(move || {
                    start.wait();
                    open(&path)
                })
            })
            .collect();
        let stores: Vec<_> = openers
            .into_iter()
            .map(|opener| opener.join().unwrap())
            .collect();
        run(async {
            for (number, store) in stores.iter().enumerate() {
                create(store, &format!("client-{number}")).await;
            }
            let head = stores[0].change_head().await;
            for store in &stores {
                assert_eq!(store.list_clients(None, 100).await.unwrap().len(), 8);
                // Heads are equal only if the ids of the databases are.
                assert_eq!(store.change_head().await, head);
            }
        });
    }
}

/// RULES N1: "database time going back: rebuild everything", which is what a restored backup does.
#[test]
fn rule_n1_cursor_from_after_a_restored_backup_means_rebuild() {
    let folder = folder();
    let (path, backup) = (file(&folder), folder.path().join("backup.db"));
    run(async {
        create(&open(&path), "a").await;
        fs::copy(&path, &backup).unwrap();
        let store = open(&path);
        create(&store, "b").await;
        let later = store.change_head().await.unwrap();
        drop(store);
        fs::copy(&backup, &path).unwrap();
        let store = open(&path);
        let rebuild = Changes::Rebuild {
            cursor: store.change_head().await.unwrap(),
        };
        assert_eq!(store.changes_since(&later).await, Ok(rebuild));
    });
}

#[test]
fn ping_reads_the_file() {
    let folder = folder();
    let store = open(&file(&folder));
    assert_eq!(run(store.ping()), Ok(()));
    tamper(&file(&folder), "DELETE FROM meta WHERE name = 'store_id'");
    assert!(run(store.ping()).is_err());
}
