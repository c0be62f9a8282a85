//! Backups, made while others write.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::{fs, io};

use countersign_storage::ClientStore;
use countersign_storage::contract::run;
use countersign_storage::contract::samples::create;
use countersign_storage_sqlite::{BackupError, OpenError, SqliteStore};
use tempfile::TempDir;

use crate::mount::{Mount, SKIPPED};
use crate::scene::{Scene, Write};
use crate::{file, folder, open, rows, tamper};

fn backup(folder: &TempDir, name: &str) -> PathBuf {
    folder.path().join(name)
}

/// The names in a folder.
fn names(folder: &Path) -> Vec<String> {
    let name = |entry: io::Result<fs::DirEntry>| entry.map(|it| it.file_name().into_string());
    let names = fs::read_dir(folder).expect("it is a folder").map(name);
    let names: io::Result<Result<Vec<_>, _>> = names.collect();
    let mut names = names.expect("a readable folder").expect("names in UTF-8");
    names.sort();
    names
}

fn integrity(path: &Path) -> String {
    let connection = rusqlite::Connection::open(path).expect("SQLite can open the file");
    let check = "PRAGMA integrity_check";
    let answer = connection.query_row(check, [], |row| row.get(0));
    answer.expect("an answer in words")
}

#[test]
fn backup_is_a_database_like_the_first() {
    let folder = folder();
    let (path, to) = (file(&folder), backup(&folder, "copy.db"));
    run(async {
        let store = open(&path);
        let scene = Scene::set(&store).await;
        for write in [
            Write::RotateRefresh,
            Write::RevokeToken,
            Write::DeclareRestore,
        ] {
            assert_eq!(scene.write(&store, write).await, Ok(()), "{write:?}");
        }
        let report = SqliteStore::backup(&path, &to).unwrap();
        assert_eq!(report.path, to.canonicalize().unwrap());
        assert_eq!(report.bytes, fs::metadata(&to).unwrap().len());
        assert_eq!(report.version, 5);
        assert_eq!(rows(&to), rows(&path));
        assert_eq!(integrity(&to), "ok");
        // Nothing of one reaches the other.
        let before = rows(&path);
        let restored = open(&to);
        create(&restored, "only here").await;
        assert_eq!(rows(&path), before);
        drop((store, restored));
        assert_eq!(names(folder.path()), ["copy.db", "countersign.db"]);
    });
}

#[cfg(unix)]
#[test]
fn rule_s4_backup_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;

    let folder = folder();
    drop(open(&file(&folder)));
    let to = backup(&folder, "copy.db");
    SqliteStore::backup(&file(&folder), &to).unwrap();
    let mode = fs::metadata(&to).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// Secrets that were replaced are not kept by a backup.
#[test]
fn backup_holds_nothing_that_was_deleted() {
    let folder = folder();
    let (path, to) = (file(&folder), backup(&folder, "copy.db"));
    let word = b"a-name-that-stands-nowhere-else";
    let holds = |path: &Path| {
        let bytes = fs::read(path).unwrap();
        bytes.windows(word.len()).any(|window| window == word)
    };
    let name = String::from_utf8(word.to_vec()).unwrap();
    run(async {
        let store = open(&path);
        let client = create(&store, &name).await;
        let removed = store
            .remove_client(&client.client_id, client.created_at)
            .await;
        assert!(removed.is_ok());
    });
    tamper(&path, "DELETE FROM change_log");
    assert!(holds(&path));
    SqliteStore::backup(&path, &to).unwrap();
    assert!(!holds(&to));
}

/// What was answered before a backup began is in it, and whatever is in it is whole.
#[test]
fn backup_beside_a_writer_is_of_one_moment() {
    let folder = folder();
    let path = file(&folder);
    let store = Arc::new(open(&path));
    let (answered, stop) = (
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicBool::new(false)),
    );
    let writer = thread::spawn({
        let (store, answered, stop) =
            (Arc::clone(&store), Arc::clone(&answered), Arc::clone(&stop));
        move || {
            run(async {
                for number in 0.. {
                    if stop.load(Ordering::SeqCst) {
                        break;
                    }
                    create(&*store, &format!("{number:06}")).await;
                    answered.store(number + 1, Ordering::SeqCst);
                }
            });
        }
    });
    let mut sizes = Vec::new();
    for number in 0..10 {
        while answered.load(Ordering::SeqCst) < number * 10 {
            thread::yield_now();
        }
        let before = answered.load(Ordering::SeqCst);
        let to = backup(&folder, &format!("{number}.db"));
        SqliteStore::backup(&path, &to).unwrap();
        let clients = run(open(&to).list_clients(None, 100_000)).unwrap();
        assert!(clients.len() >= before, "{} of {before}", clients.len());
        let names = clients.iter().map(|it| it.client_id.to_string());
        let expected = (0..clients.len()).map(|number| format!("{number:06}"));
        assert!(names.eq(expected));
        assert_eq!(integrity(&to), "ok");
        sizes.push(clients.len());
    }
    stop.store(true, Ordering::SeqCst);
    writer.join().unwrap();
    // Writing went on all the while.
    assert!(sizes[9] > sizes[0], "{sizes:?}");
}

/// A backup does not wait for the lock that writers take, and so they never wait for it.
#[test]
fn backup_takes_no_lock_that_writers_need() {
    let folder = folder();
    drop(open(&file(&folder)));
    let writer = rusqlite::Connection::open(file(&folder)).unwrap();
    writer
        .execute_batch("BEGIN IMMEDIATE; DELETE FROM meta")
        .unwrap();
    SqliteStore::backup(&file(&folder), &backup(&folder, "copy.db")).unwrap();
    writer.execute_batch("ROLLBACK").unwrap();
    open(&backup(&folder, "copy.db"));
}

#[test]
fn backup_of_an_older_file_changes_neither() {
    let folder = folder();
    let (path, to) = (file(&folder), backup(&folder, "copy.db"));
    crate::old_files::make_1(&path);
    let before = rows(&path);
    let report = SqliteStore::backup(&path, &to).unwrap();
    assert_eq!(report.version, 1);
    assert_eq!((rows(&path), rows(&to)), (before.clone(), before));
    assert_eq!(run(open(&to).list_clients(None, 10)).unwrap().len(), 2);
}

/// Each refusal, and that it leaves the folder as it was.
#[test]
fn refused_backups_leave_nothing_behind() {
    let folder = folder();
    let path = file(&folder);
    drop(open(&path));
    fs::write(backup(&folder, "there.db"), b"something").unwrap();
    fs::write(backup(&folder, "empty.db"), b"").unwrap();
    let mode = fs::metadata(&path).unwrap().permissions();
    fs::set_permissions(backup(&folder, "empty.db"), mode).unwrap();
    fs::create_dir(backup(&folder, "folder")).unwrap();
    let before = names(folder.path());
    let refusal = |from: &str, to: &str| {
        let answer = SqliteStore::backup(&backup(&folder, from), &backup(&folder, to));
        let error = answer.unwrap_err();
        assert_eq!(names(folder.path()), before, "{error}");
        error
    };
    let exists = |error: &BackupError| matches!(error, BackupError::Exists { .. });
    assert!(exists(&refusal("countersign.db", "there.db")));
    assert!(exists(&refusal("countersign.db", "folder")));
    assert!(exists(&refusal("countersign.db", "countersign.db")));
    assert_eq!(fs::read(backup(&folder, "there.db")).unwrap(), b"something");
    assert!(matches!(
        refusal("countersign.db", ".."),
        BackupError::Name { .. }
    ));
    let error = refusal("countersign.db", "missing/copy.db");
    assert!(matches!(&error, BackupError::File { .. }), "{error}");
    assert!(error.to_string().contains("missing/copy.db"), "{error}");
    for from in ["missing.db", "there.db", "empty.db", "folder"] {
        let error = refusal(from, "copy.db");
        assert!(matches!(&error, BackupError::Database(_)), "{error}");
        assert!(error.to_string().contains(from), "{error}");
    }
}

#[test]
fn backup_of_a_damaged_file_is_refused() {
    let folder = folder();
    let (path, to) = (file(&folder), backup(&folder, "copy.db"));
    let store = open(&path);
    run(Scene::set(&store));
    drop(store);
    let mut bytes = fs::read(&path).unwrap();
    // Behind the schema, so that it can be opened.
    let last = bytes.len() - 4_096;
    bytes[last..].fill(0xa5);
    fs::write(&path, &bytes).unwrap();
    let error = SqliteStore::backup(&path, &to).unwrap_err();
    assert!(matches!(&error, BackupError::Copy { .. }), "{error}");
    assert_eq!(names(folder.path()), ["countersign.db"]);
    // Nothing is copied for a name that is taken.
    let error = SqliteStore::backup(&path, &path).unwrap_err();
    assert!(matches!(&error, BackupError::Exists { .. }), "{error}");
}

#[test]
fn backup_on_a_full_disk_leaves_nothing_behind() {
    let Some(mount) = Mount::tmpfs(40) else {
        eprintln!("{SKIPPED}");
        return;
    };
    let folder = folder();
    run(Scene::set(&open(&file(&folder))));
    let error = SqliteStore::backup(&file(&folder), &mount.path().join("copy.db")).unwrap_err();
    assert!(matches!(&error, BackupError::Copy { .. }), "{error}");
    assert_eq!(names(mount.path()), [""; 0]);
    mount.make_read_only();
    let error = SqliteStore::backup(&file(&folder), &mount.path().join("copy.db")).unwrap_err();
    assert!(matches!(&error, BackupError::File { .. }), "{error}");
}

/// Of several backups under one name, one is made, and it is whole.
#[test]
fn race_of_backups_has_one_winner() {
    let folder = folder();
    let path = file(&folder);
    drop(open(&path));
    let to = backup(&folder, "copy.db");
    let backups: Vec<_> = (0..8)
        .map(|_| {
            let (path, to) = (path.clone(), to.clone());
            thread::spawn(move || SqliteStore::backup(&path, &to))
        })
        .collect();
    let answers: Vec<_> = backups.into_iter().map(|it| it.join().unwrap()).collect();
    assert_eq!(answers.iter().filter(|it| it.is_ok()).count(), 1);
    for error in answers.into_iter().filter_map(Result::err) {
        assert!(matches!(error, BackupError::Exists { .. }), "{error}");
    }
    // What SQLite keeps beside an open database may stay when its last connections close at the same moment.
    let mut left = names(folder.path());
    left.retain(|name| !["countersign.db-shm", "countersign.db-wal"].contains(&name.as_str()));
    assert_eq!(left, ["copy.db", "countersign.db"]);
    assert_eq!(integrity(&to), "ok");
}

#[test]
fn database_of_a_newer_program_is_not_copied() {
    let folder = folder();
    drop(open(&file(&folder)));
    tamper(&file(&folder), "PRAGMA user_version = 7");
    let error = SqliteStore::backup(&file(&folder), &backup(&folder, "copy.db")).unwrap_err();
    assert!(
        matches!(
            &error,
            BackupError::Database(OpenError::NewerVersion { .. })
        ),
        "{error}"
    );
}
