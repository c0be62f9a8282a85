//! `countersign backup` and `countersign recover`: RULES O2, R4.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, SystemTime};

use countersign_tests::{Home, SECOND, eventually};
use serde_json::json;

use crate::client_update::date;

/// A name that does not change with the port: refresh tokens are good for one issuer only.
const ISSUER: [&str; 2] = ["--issuer", "http://localhost"];

/// Seconds since 1970.
#[expect(clippy::disallowed_methods, reason = "a test runs at some time")]
fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or(Duration::ZERO).as_secs()
}

/// Puts `backup` in the place of the database.
fn restore(home: &Home, backup: &str) {
    for name in ["countersign.db-wal", "countersign.db-shm"] {
        let _ = fs::remove_file(home.data_dir().join(name));
    }
    let database = home.data_dir().join("countersign.db");
    fs::copy(home.path().join(backup), database).expect("a backup");
}

#[test]
fn backup_copies_the_database_of_a_running_server_without_the_master_key() {
    let home = Home::with_keys();
    let client = home.add_client("c", &[]);
    let server = home.serve();
    let token = server.issue(&client, &[]);
    let before = now();
    let told = home.json(&["backup", "copy.db"]);
    let taken_at = told["taken_at"].as_u64().unwrap();
    assert!((before..=now()).contains(&taken_at), "{told}");
    let file = home.path().join("copy.db");
    let bytes = fs::read(&file).unwrap();
    assert!(
        told["file"].as_str().unwrap().ends_with("/copy.db"),
        "{told}"
    );
    assert_eq!(told["bytes"], bytes.len());
    assert_eq!(told["master_key_included"], false);
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let master_key = fs::read_to_string(home.data_dir().join("master.key")).unwrap();
    let master_key = master_key.trim().as_bytes();
    assert!(
        !bytes
            .windows(master_key.len())
            .any(|part| part == master_key)
    );

    let _ = home.json(&["client", "remove", "c"]);
    assert!(!server.is_active(&home.add_client("w", &["--introspect", "any"]), &token));
    server.stop();
    restore(&home, "copy.db");
    let server = home.serve();
    assert_eq!(server.token(&client, &[]).status, 200);
    let text = home.run(&["backup", "another.db"]);
    assert!(
        text.succeeded().contains("master key is not in"),
        "{}",
        text.stdout
    );
    // What it tells is what the declaration asks for.
    let (_, time) = text.stdout.split_once("--restored-to ").unwrap();
    let time = time.split_whitespace().next().unwrap();
    let told = home.json(&["recover", "--restored-to", time]);
    assert_eq!(date(told["restored_to"].as_i64().unwrap()), time);
}

#[test]
fn backup_never_overwrites_and_says_where_it_cannot_write() {
    let home = Home::with_keys();
    fs::write(home.path().join("taken"), "precious").unwrap();
    for (arguments, code, word, expected) in [
        (&["backup", "taken"][..], 1, "file_exists", "taken"),
        (
            &["backup", "data/countersign.db"],
            1,
            "file_exists",
            "countersign.db",
        ),
        (
            &["backup", "nowhere/copy.db"],
            1,
            "backup",
            "no folder nowhere",
        ),
        (&["backup"], 2, "usage", "<FILE>"),
    ] {
        let (error, message) = home.run(&[&["--json"], arguments].concat()).refusal(code);
        assert_eq!(error, word, "{arguments:?}: {message}");
        assert!(message.contains(expected), "{arguments:?}: {message}");
    }
    assert_eq!(
        fs::read_to_string(home.path().join("taken")).unwrap(),
        "precious"
    );
    let empty = Home::empty();
    assert_eq!(
        empty.run(&["--json", "backup", "copy.db"]).refusal(1).0,
        "no_data"
    );
    assert!(!empty.data_dir().exists() && !empty.path().join("copy.db").exists());
}

#[test]
fn rule_r4_after_a_restore_newer_refresh_tokens_are_taken_once_it_is_declared() {
    let home = Home::with_keys();
    let app = home.add_password_client("app", &["--scope", "read"]);
    let alice = home.add_user("alice");
    let server = home.serve_with(&ISSUER, &[]);
    let old = server.sign_in(&app, &alice, &[]).tokens();
    let before = now();
    let _ = home.json(&["backup", "copy.db"]);
    let mut newer = server.refresh(&app, &old.refresh).tokens();
    newer = server.refresh(&app, &newer.refresh).tokens();
    server.stop();
    restore(&home, "copy.db");

    let server = home.serve_with(&ISSUER, &[]);
    let answer = server.refresh(&app, &newer.refresh);
    assert_eq!(
        answer.refusal(),
        (400, "invalid_grant".into()),
        "nobody has declared it"
    );
    assert!(
        server.stderr().contains("recover --restored-to"),
        "{}",
        server.stderr()
    );
    let told = home.json(&["recover", "--restored-to", &before.to_string()]);
    assert_eq!(told["restored_to"], before);
    assert!(told["declared_at"].as_u64().unwrap() >= before, "{told}");
    let refreshed = || {
        let answer = server.refresh(&app, &newer.refresh);
        (answer.status == 200).then(|| answer.tokens())
    };
    let tokens = eventually(SECOND, refreshed).expect("the grant lives on");
    assert_eq!(home.json(&["grant", "list"])[0]["generation"], 3);
    assert_eq!(server.refresh(&app, &tokens.refresh).status, 200);
}

#[test]
fn recover_takes_a_time_that_has_been() {
    let home = Home::with_keys();
    let told = home.json(&["recover", "--restored-to", "2026-01-02T03:04:05+01:00"]);
    assert_eq!(told["restored_to"], 1_767_319_445);
    let text = home.run(&["recover", "--restored-to", "1767319445"]);
    for told in ["2026-01-02T02:04:05Z", "countersign revoke"] {
        assert!(text.succeeded().contains(told), "{}", text.stdout);
    }
    let tomorrow = (now() + 86_400).to_string();
    for (time, code, word) in [
        (&*tomorrow, 1, "time_in_the_future"),
        ("2999-01-01T00:00:00Z", 1, "time_in_the_future"),
        ("yesterday", 2, "usage"),
        ("2026-01-02", 2, "usage"),
        ("", 2, "usage"),
    ] {
        let done = home.run(&["--json", "recover", "--restored-to", time]);
        let (error, message) = done.refusal(code);
        assert_eq!(error, word, "{time}: {message}");
        let dated = time.starts_with("2999") && message.starts_with(time);
        assert!(dated || !time.starts_with("2999"), "{message}");
    }
    let told = home.json(&["recover", "--restored-to", "0"]);
    assert_eq!(told["restored_to"], json!(0));
    let _ = home.run(&["--json", "recover"]).refusal(2);
}
