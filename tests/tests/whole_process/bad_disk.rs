//! Disks that are full, read-only or damaged: a clear message or a 503, and nothing that was answered is lost.

use std::fs;
use std::path::PathBuf;

use countersign_tests::{Answer, Disk, Home, Server, TestClient, TestUser, Tokens};

/// A name that does not change with the port.
const ISSUER: [&str; 2] = ["--issuer", "http://localhost"];

/// The word and the sentence with which a command fails.
fn refusal(home: &Home, arguments: &[&str]) -> (String, String) {
    home.run(&[&["--json"], arguments].concat()).refusal(1)
}

/// The sentence with which `serve` refuses to start on this database, which it names.
fn refused_start(home: &Home) -> String {
    let (error, message) = refusal(home, &["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(error, "storage", "{message}");
    assert!(message.contains("countersign.db"), "{message}");
    message
}

fn database(home: &Home) -> PathBuf {
    home.data_dir().join("countersign.db")
}

/// Puts these bytes in the place of the database, and nothing of another one beside them.
fn put(home: &Home, bytes: &[u8]) {
    for name in ["countersign.db-wal", "countersign.db-shm"] {
        // Most often there is none.
        let _ = fs::remove_file(home.data_dir().join(name));
    }
    fs::write(database(home), bytes).expect("the file can be written");
}

/// Who talks to the server.
struct Party {
    client: TestClient,
    user: TestUser,
}

impl Party {
    fn add(home: &Home) -> Self {
        Self {
            client: home.add_password_client("app", &[]),
            user: home.add_user("alice"),
        }
    }

    fn sign_in(&self, server: &Server) -> Tokens {
        server.sign_in(&self.client, &self.user, &[]).tokens()
    }

    fn refresh(&self, server: &Server, token: &str) -> Tokens {
        server.refresh(&self.client, token).tokens()
    }
}

/// RULES A3: 503 and `Retry-After`.
fn assert_unavailable(answer: &Answer, what: &str) {
    let expected = (503, "temporarily_unavailable".to_owned());
    assert_eq!(answer.refusal(), expected, "{what}");
    assert_ne!(answer.header("retry-after"), "", "{what}");
}

#[test]
fn cve_2020_15223_attack_30_rule_a3_a_full_disk_is_told_and_loses_nothing() {
    let Some(disk) = Disk::with_room_for(8_000) else {
        return;
    };
    let home = Home::with_keys_in(disk.path());
    let party = Party::add(&home);
    let client = &party.client;
    let mut server = home.serve_with(&ISSUER, &[]);
    let old = party.sign_in(&server);
    let used = party.refresh(&server, &old.refresh);
    let used = party.refresh(&server, &used.refresh);
    let [live, other, ended] = [(); 3].map(|()| party.sign_in(&server));
    assert_eq!(server.revoke(client, &ended.refresh).status, 200);
    disk.fill();

    // What is small may still find room in what the database had taken before.
    let mut rotations = 0;
    let mut current = live.clone();
    let refused = loop {
        let answer = server.refresh(client, &current.refresh);
        if answer.status != 200 {
            break answer;
        }
        current = answer.tokens();
        rotations += 1;
        assert!(rotations < 5_000, "the disk is never full");
    };
    assert_unavailable(&refused, "a refresh");
    for _ in 0..3 {
        assert_unavailable(&server.refresh(client, &current.refresh), "a refresh");
        assert_unavailable(&server.refresh(client, &old.refresh), "a reuse");
        assert_unavailable(&server.revoke(client, &other.access), "a revocation");
        assert_unavailable(&server.revoke(client, &current.refresh), "a revocation");
        assert_unavailable(&server.sign_in(client, &party.user, &[]), "a sign-in");
        // What needs no room goes on.
        for token in [
            &other.access,
            &current.access,
            &current.refresh,
            &used.refresh,
        ] {
            assert!(server.is_active(client, token));
        }
        for token in [&ended.access, &ended.refresh, &old.refresh] {
            assert!(!server.is_active(client, token));
        }
        let token = server.issue(client, &[]);
        assert!(server.is_active(client, &token));
        for path in ["/healthz", "/oauth2/jwks"] {
            assert_eq!(server.get(path).status, 200, "{path}");
        }
    }
    for command in [
        &["client", "add", "more"][..],
        &["user", "disable", "alice"],
    ] {
        let (error, message) = refusal(&home, command);
        assert_eq!(error, "storage", "{message}");
        assert!(message.contains("full"), "{message}");
    }
    let (error, message) = refusal(&home, &["backup", "backup.db"]);
    assert_eq!(error, "backup", "{message}");
    let left: Vec<_> = fs::read_dir(home.path())
        .unwrap()
        .map(|it| it.unwrap().file_name())
        .collect();
    assert_eq!(left, ["data"], "no part of a backup stays behind");

    // There is room again, and that is all.
    disk.make_room();
    let next = party.refresh(&server, &current.refresh);
    assert!(server.is_active(client, &next.access));
    assert_eq!(server.revoke(client, &other.access).status, 200);
    let after_reuse = server.refresh(client, &old.refresh).refusal();
    assert_eq!(after_reuse, (400, "invalid_grant".into()));
    let id = countersign_tests::jwt::grant(&live.access);
    assert_eq!(
        home.generations().get(&id),
        Some(&(rotations + 1)),
        "no refusal has used the token"
    );

    // The disk is full again when the server is killed, and still is when it is started.
    disk.fill();
    server.kill();
    let server = home.serve_with(&ISSUER, &[]);
    for token in [
        &live.access,
        &current.access,
        &next.access,
        &next.refresh,
        &other.refresh,
    ] {
        assert!(server.is_active(client, token));
    }
    for token in [
        &other.access,
        &ended.access,
        &ended.refresh,
        &used.access,
        &used.refresh,
    ] {
        assert!(!server.is_active(client, token));
    }
    disk.make_room();
    let _ = party.refresh(&server, &next.refresh);
}

#[test]
fn a_disk_that_is_full_from_the_start_is_told() {
    let Some(disk) = Disk::with_room_for(200) else {
        return;
    };
    let home = Home::empty_in(disk.path());
    disk.fill();
    for command in [
        &["serve", "--listen", "127.0.0.1:0"][..],
        &["client", "add", "c"],
    ] {
        let (error, message) = refusal(&home, command);
        assert!(
            ["data_dir", "storage"].contains(&&*error),
            "{error}: {message}"
        );
        assert!(
            message.contains("No space") || message.contains("full"),
            "{message}"
        );
        assert!(message.contains("data"), "{message}");
    }
    disk.make_room();
}

#[test]
fn a_read_only_data_folder_is_told_and_is_good_again_when_it_can_be_written() {
    let Some(disk) = Disk::with_room_for(8_000) else {
        return;
    };
    let home = Home::with_keys_in(disk.path());
    let party = Party::add(&home);
    let server = home.serve_with(&ISSUER, &[]);
    let tokens = party.sign_in(&server);
    server.stop();
    disk.make_read_only();
    for command in [
        &["serve", "--listen", "127.0.0.1:0"][..],
        &["client", "add", "c"],
        &["user", "disable", "alice"],
        &["revoke", "--all", "--yes"],
    ] {
        let (error, message) = refusal(&home, command);
        assert_eq!(error, "storage", "{message}");
        assert!(message.contains("countersign.db"), "{message}");
        assert!(message.contains("can be read only"), "{message}");
    }
    disk.make_writable();
    let server = home.serve_with(&ISSUER, &[]);
    assert!(server.is_active(&party.client, &tokens.access));
    let _ = party.refresh(&server, &tokens.refresh);
}

#[test]
fn a_second_server_on_the_same_folder_is_refused_and_disturbs_nobody() {
    let home = Home::with_keys();
    let party = Party::add(&home);
    let mut server = home.serve_with(&ISSUER, &[]);
    let tokens = party.sign_in(&server);
    for _ in 0..2 {
        let second = [&["serve", "--listen", "127.0.0.1:0"][..], &ISSUER].concat();
        let (error, message) = refusal(&home, &second);
        assert_eq!(error, "in_use");
        assert!(
            message.contains("another server is running on"),
            "{message}"
        );
        assert!(message.contains("data"), "{message}");
    }
    // Commands run beside it.
    let added = home.add_client("added", &[]);
    let _ = server.issue(&added, &[]);
    let tokens = party.refresh(&server, &tokens.refresh);
    // Whoever is killed leaves no lock behind.
    server.kill();
    let server = home.serve_with(&ISSUER, &[]);
    let _ = party.refresh(&server, &tokens.refresh);
}

/// A database with something in it, whole in its file.
fn stopped() -> (Home, Party, Tokens, Tokens) {
    let home = Home::with_keys();
    let party = Party::add(&home);
    let server = home.serve_with(&ISSUER, &[]);
    let (live, ended) = (party.sign_in(&server), party.sign_in(&server));
    assert_eq!(server.revoke(&party.client, &ended.access).status, 200);
    assert_eq!(server.revoke(&party.client, &ended.refresh).status, 200);
    server.stop();
    (home, party, live, ended)
}

/// Where the header of an SQLite file has its user version and its application id (SQLite file format §1.3).
const USER_VERSION: usize = 60;
const APPLICATION_ID: usize = 68;

#[test]
fn a_database_of_a_newer_program_or_of_another_one_is_refused_and_left_alone() {
    let (home, party, live, _) = stopped();
    let whole = fs::read(database(&home)).unwrap();
    let changed = |at: usize, new: &[u8]| {
        let mut bytes = whole.clone();
        bytes[at..at + new.len()].copy_from_slice(new);
        bytes
    };
    let not_ours = "is not a Countersign database";
    for (what, bytes, expected) in [
        (
            "a newer version",
            changed(USER_VERSION, &99_u32.to_be_bytes()),
            "schema version 99",
        ),
        (
            "another program",
            changed(APPLICATION_ID, &7_u32.to_be_bytes()),
            not_ours,
        ),
        ("garbage for a header", changed(0, &[0xa5; 100]), not_ours),
        ("garbage", vec![0xa5; 40_000], not_ours),
        ("a text", b"hello ".repeat(2_000), not_ours),
        (
            "half of it",
            whole[..whole.len() / 8 * 4].to_vec(),
            "malformed",
        ),
    ] {
        put(&home, &bytes);
        let message = refused_start(&home);
        assert!(message.contains(expected), "{what}: {message}");
        for command in [&["client", "add", "c"][..], &["backup", "backup.db"]] {
            let (error, message) = refusal(&home, command);
            assert_eq!(error, "storage", "{what}: {message}");
            assert!(message.contains(expected), "{what}: {message}");
        }
        assert!(
            fs::read(database(&home)).unwrap() == bytes,
            "{what}: it was changed"
        );
    }
    put(&home, &whole);
    let server = home.serve_with(&ISSUER, &[]);
    let _ = party.refresh(&server, &live.refresh);
}

/// The bytes of a page, as SQLite has them by default.
const PAGE: usize = 4_096;

#[test]
fn a_damaged_page_is_told_or_answered_with_503_and_never_taken_for_the_truth() {
    let (home, party, live, ended) = stopped();
    let client = &party.client;
    let whole = fs::read(database(&home)).unwrap();
    let (mut refusals, mut unavailable) = (0, 0);
    for page in 1..whole.len() / PAGE {
        let mut damaged = whole.clone();
        damaged[page * PAGE..][..PAGE].fill(0xa5);
        put(&home, &damaged);
        let server = match Server::try_start(&mut home.serving(&ISSUER, &[])) {
            Ok(server) => server,
            Err(refused) => {
                let (_, message) = refused.refusal(1);
                assert!(message.contains("malformed"), "page {page}: {message}");
                refusals += 1;
                continue;
            }
        };
        let wrong = party.user.with_password("wrong");
        #[rustfmt::skip]
        let answers = [
            ("a token", server.token(client, &[]), 200, None),
            ("a live access token", server.introspect(client, &live.access), 200, Some(true)),
            ("a live refresh token", server.introspect(client, &live.refresh), 200, Some(true)),
            ("an ended access token", server.introspect(client, &ended.access), 200, Some(false)),
            ("an ended refresh token", server.introspect(client, &ended.refresh), 200, Some(false)),
            ("a use of an ended one", server.refresh(client, &ended.refresh), 400, None),
            ("a sign-in", server.sign_in(client, &party.user, &[]), 200, None),
            ("a wrong password", server.sign_in(client, &wrong, &[]), 400, None),
            ("a refresh", server.refresh(client, &live.refresh), 200, None),
            ("a revocation", server.revoke(client, &live.access), 200, None),
        ];
        for (what, answer, expected, active) in answers {
            let what = format!("page {page}: {what}");
            if answer.status == 503 {
                assert_unavailable(&answer, &what);
                unavailable += 1;
                continue;
            }
            assert_eq!(answer.status, expected, "{what}: {}", answer.text());
            if active.is_some() {
                assert_eq!(answer.json()["active"].as_bool(), active, "{what}");
            }
        }
        // What was answered last is so.
        let revoked = server.revoke(client, &live.access).status == 200;
        let told = server.introspect(client, &live.access);
        assert!(
            !revoked || told.status == 503 || told.json()["active"] == false,
            "page {page}"
        );
        server.stop();
    }
    assert!(
        refusals > 0 && unavailable > 0,
        "{refusals}, {unavailable}: nothing was damaged"
    );
}
