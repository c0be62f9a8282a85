//! Files that older programs wrote.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Barrier};
use std::thread;

use countersign_core::{
    ClientSecret, ClientSettings, CurrentRefresh, EntityId, Epoch, Generation, Grant, GrantId,
    GrantLifetime, GrantType, IntrospectionReach, NewClient, Random, Revision, Scope, SecretHash,
    TokenId,
};
use countersign_storage::contract::run;
use countersign_storage::contract::samples::{
    NOW, create, create_session, create_user, key_id, next_refresh, scope_definition, token_of,
    username,
};
use countersign_storage::{
    Change, ChangeCursor, ChangeFeed, Changes, ClientStore, Deployment, EndSession, FoundGrant,
    GrantFilter, GrantStore, KeyStore, Liveness, LivenessQuery, Maintenance, MarkDeployment,
    RefreshOutcome, RegistryStore, RestoreGap, SeenRefresh, SessionStore, ThrottleStore,
    ThrottleSubject, TokenStore, UserStore,
};

use crate::scene::{Scene, Write};
use crate::{file, folder, open, tamper};

const STORE_ID: [u8; 16] = [7; 16];

/// What the program of version 1 had written after some use: `b` was removed, and the changes up to 3 were swept.
const VERSION_1: &str = r#"
    PRAGMA application_id = 0x4353474e;
    PRAGMA user_version = 1;
    INSERT INTO meta (name, value) VALUES ('store_id', x'07070707070707070707070707070707'), ('deployment', 'production');
    UPDATE meta SET value = 3 WHERE name IN ('epoch', 'change_floor');
    UPDATE meta SET value = 1 WHERE name = 'key_ring_version';
    INSERT INTO clients (client_id, id, epoch, created_at, secrets, settings) VALUES (
        'a', x'0197a3c25d6e7f809a1b2c3d4e5f6071', 1, 1800000000,
        '[{"hash":{"argon2id":{"phc":"$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA"}},"created_at":1800000001,"weak":true}]',
        '{"grant_types":["client_credentials"],"scope":"read write","default_scope":"read","introspect":"own"}'
    ), (
        'c', x'0197a3c25d6e7f809a1b2c3d4e5f6072', 3, 1800000002, '[]',
        '{"grant_types":["client_credentials"],"scope":"","introspect":"audience"}'
    );
    INSERT INTO keys (id, purpose, created_at, active_from, sealed)
        VALUES ('k', 'sign:ES256', 1800000000, 1800000305, x'00ff');
    INSERT INTO revoked_tokens (jti, expires_at) VALUES (x'000000000000000000000000000000000000000000000001000000000000000000000000', 1800000600);
    INSERT INTO change_log (seq, kind, entity, at) VALUES
        (1, 'client', 'a', 1800000000), (2, 'client', 'b', 1800000001), (3, 'keys', '', 1800000001),
        (4, 'client', 'c', 1800000002), (5, 'client', 'b', 1800000003);
    DELETE FROM change_log WHERE seq <= 3;
"#;

/// What the program of version 2 had written after some use: `a` has one grant whose refresh token was rotated and told
/// again, and one without.
const VERSION_2: &str = r#"
    PRAGMA application_id = 0x4353474e;
    PRAGMA user_version = 2;
    INSERT INTO meta (name, value) VALUES ('store_id', x'07070707070707070707070707070707'),
        ('restored_to', 1799999000), ('restore_declared_at', 1799999900);
    UPDATE meta SET value = 2 WHERE name = 'epoch';
    INSERT INTO clients (client_id, id, epoch, created_at, secrets, settings, revision) VALUES (
        'a', x'0197a3c25d6e7f809a1b2c3d4e5f6071', 1, 1800000000, '[]',
        '{"grant_types":["password","refresh_token"],"scope":"read write","introspect":"audience"}', 3
    );
    INSERT INTO users (id, epoch, enabled, revision, created_at, name_key, username, password, profile)
        VALUES (x'0197a3c25d6e7f809a1b2c3d4e5f6072', 2, 1, 4, 1800000000, 'zoe', 'Zoe', '$argon2id$', '{}');
    INSERT INTO grants (id, client, client_epoch, user, user_epoch, created_at, ends_at, idle, look_at,
        generation, nonce, key, used_at, previous_tag, retried_in_a_row, retried, scope, resources
    ) VALUES (
        x'0197a3c25d6e7f809a1b2c3d4e5f6073', x'0197a3c25d6e7f809a1b2c3d4e5f6071', 1,
        x'0197a3c25d6e7f809a1b2c3d4e5f6072', 2, 1800000000, 1831536000, 2592000, 1802678460,
        7, x'00112233445566778899aabbccddeeff', 'k', 1800000100, x'0011223344556677', 2, 1,
        'read', '["https://api.example.com/"]'
    ), (
        x'0197a3c25d6e7f809a1b2c3d4e5f6074', x'0197a3c25d6e7f809a1b2c3d4e5f6071', 1,
        x'0197a3c25d6e7f809a1b2c3d4e5f6072', 2, 1800000000, 1800000600, 600, 1800087060,
        NULL, NULL, NULL, NULL, NULL, NULL, NULL, '', NULL
    );
    INSERT INTO scopes (name, description, claims, created_at) VALUES ('read', 'of version 2', '[]', 1800000000);
    INSERT INTO failures (subject, count, since, last) VALUES (x'01010101010101010101010101010101', 3, 1800000000, 1800000001);
    INSERT INTO change_log (seq, kind, entity, at) VALUES
        (1, 'client', 'a', 1800000000), (2, 'user', '0197a3c2-5d6e-7f80-9a1b-2c3d4e5f6072', 1800000000), (3, 'registry', '', 1800000000);
"#;

/// A file of version 1.
pub(crate) fn make(path: &Path) {
    let schema = include_str!("../../migrations/0001_clients_keys_revocations.sql");
    make_with(path, &[schema, VERSION_1]);
}

/// A file of version 2.
fn make_2(path: &Path) {
    let schema = [
        include_str!("../../migrations/0001_clients_keys_revocations.sql"),
        include_str!("../../migrations/0002_users_grants.sql"),
    ];
    make_with(path, &[schema[0], schema[1], VERSION_2]);
}

/// Every version before this one.
const MAKERS: [fn(&Path); 2] = [make, make_2];

fn make_with(path: &Path, content: &[&str]) {
    drop(open(path)); // for the mode of the file
    fs::write(path, []).expect("the folder takes files");
    let content = content.join("; ");
    tamper(path, &format!("PRAGMA journal_mode = WAL; {content}"));
}

struct Zeros;

impl Random for Zeros {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(0);
    }
}

fn cursor(place: i64) -> ChangeCursor {
    ChangeCursor::from_bytes([&STORE_ID[..], &place.to_be_bytes()].concat())
}

#[test]
fn version_1_keeps_everything() {
    let folder = folder();
    make(&file(&folder));
    let store = open(&file(&folder));
    run(async {
        let a = store
            .find_client(&"a".parse().unwrap())
            .await
            .unwrap()
            .unwrap();
        assert_eq!((a.epoch.number(), a.revision), (1, Revision::FIRST));
        let expected = NewClient {
            id: "0197a3c2-5d6e-7f80-9a1b-2c3d4e5f6071".parse().unwrap(),
            client_id: "a".parse().unwrap(),
            secrets: vec![ClientSecret {
                hash: SecretHash::Argon2id {
                    phc: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".into(),
                },
                created_at: NOW.plus(1),
                weak: true,
                expires_at: None,
                sealed: None,
            }],
            settings: ClientSettings {
                scope: "read write".parse().unwrap(),
                default_scope: Some("read".parse().unwrap()),
                introspect: IntrospectionReach::Own,
                ..ClientSettings::new(vec![GrantType::ClientCredentials])
            },
            created_at: NOW,
        };
        assert_eq!(a, expected.with_epoch(a.epoch));
        let clients = store.list_clients(None, 10).await.unwrap();
        assert_eq!(clients.len(), 2);

        let ring = store.key_ring().await.unwrap();
        assert_eq!((ring.version, ring.keys.len()), (1, 1));
        assert_eq!(
            (&ring.keys[0].id, &*ring.keys[0].sealed),
            (&key_id("k"), &[0, 255][..])
        );
        let token = TokenId::generate(GrantId::NONE, a.epoch, &Zeros);
        let client_id = a.client_id.clone();
        let query = LivenessQuery { client_id, token };
        assert_eq!(store.liveness(&query).await, Ok(Liveness::TokenRevoked));
        let already = Ok(MarkDeployment::Already(Deployment::Production));
        assert_eq!(
            store.mark_deployment(Deployment::Development).await,
            already
        );

        // RULES R10: epochs go on.
        assert_eq!(create(&store, "d").await.epoch.number(), 4);
        assert_eq!(create_user(&store, "zoe").await.epoch.number(), 5);
    });
}

#[test]
fn rule_n1_cursor_of_version_1_keeps_its_place() {
    let folder = folder();
    make(&file(&folder));
    let store = open(&file(&folder));
    run(async {
        let of_client = |name: &str| Change::Client(name.parse().unwrap());
        let user = create_user(&store, "zoe").await;
        let told = [of_client("c"), of_client("b"), Change::User(user.id)];
        for (place, told) in [(3, &told[..]), (4, &told[1..]), (5, &told[2..])] {
            let expected = Changes::Entries {
                cursor: cursor(6),
                changes: told.to_vec(),
            };
            assert_eq!(
                store.changes_since(&cursor(place)).await,
                Ok(expected),
                "{place}"
            );
        }
        for place in [2, 7] {
            let rebuild = Changes::Rebuild { cursor: cursor(6) };
            assert_eq!(
                store.changes_since(&cursor(place)).await,
                Ok(rebuild),
                "{place}"
            );
        }
    });
}

/// No number comes twice, even if the highest was swept before.
#[test]
fn rule_n1_swept_feed_of_version_1_goes_on() {
    let folder = folder();
    make(&file(&folder));
    let swept = "DELETE FROM change_log; UPDATE meta SET value = 5 WHERE name = 'change_floor'";
    tamper(&file(&folder), swept);
    let store = open(&file(&folder));
    run(async {
        create(&store, "d").await;
        assert_eq!(store.change_head().await, Ok(cursor(6)));
    });
}

/// The grants that [`VERSION_2`] describes.
fn grants_of_version_2() -> [Grant; 2] {
    let id = |last| {
        let mut id = *b"\x01\x97\xa3\xc2\x5d\x6e\x7f\x80\x9a\x1b\x2c\x3d\x4e\x5f\x60\x00";
        id[15] = last;
        id
    };
    let without = Grant {
        id: GrantId::from_bytes(id(0x74)),
        client: EntityId::from_bytes(id(0x71)),
        client_epoch: Epoch::from_number(1),
        user: EntityId::from_bytes(id(0x72)),
        user_epoch: Epoch::from_number(2),
        scope: Scope::empty(),
        resources: Vec::new(),
        created_at: NOW,
        lifetime: GrantLifetime {
            ends_at: NOW.plus(600),
            idle: 600,
        },
        refresh: None,
        authorization: None,
    };
    let rotated = Grant {
        id: GrantId::from_bytes(id(0x73)),
        scope: "read".parse().expect("a scope"),
        resources: vec!["https://api.example.com/".parse().expect("a resource")],
        lifetime: GrantLifetime {
            ends_at: NOW.plus(31_536_000),
            idle: 2_592_000,
        },
        refresh: Some(CurrentRefresh {
            generation: Generation::from_number(7),
            nonce: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15].map(|it| it * 17),
            key: key_id("k"),
            used_at: NOW.plus(100),
            previous_tag: Some([0, 1, 2, 3, 4, 5, 6, 7].map(|it| it * 17)),
            retried_in_a_row: 2,
            retried: true,
        }),
        ..without.clone()
    };
    [rotated, without]
}

#[test]
fn version_2_keeps_everything() {
    let folder = folder();
    make_2(&file(&folder));
    let store = open(&file(&folder));
    run(async {
        let found = store.find_client(&"a".parse().unwrap()).await;
        let client = found.unwrap().unwrap();
        assert_eq!(
            (client.epoch.number(), client.revision),
            (1, Revision::from_number(3))
        );
        let found = store.find_user_by_name(&username("zoe").key()).await;
        let user = found.unwrap().unwrap();
        assert_eq!(
            (user.epoch.number(), user.revision, user.username.as_str()),
            (2, Revision::from_number(4), "Zoe")
        );
        let scopes = store.registry().await.unwrap().scopes;
        assert_eq!(scopes[0].name, scope_definition("read").name);
        let subject = ThrottleSubject::from_bytes([1; 16]);
        let failures = store.failures(&[subject]).await.unwrap();
        assert_eq!(failures[0].map(|it| it.count), Some(3));
        let gap = RestoreGap {
            restored_to: NOW.plus(-1_000),
            declared_at: NOW.plus(-100),
        };
        assert_eq!(store.restore_gap().await, Ok(Some(gap)));
        assert_eq!(store.change_head().await, Ok(cursor(3)));

        let grants = grants_of_version_2();
        let listed = store.list_grants(GrantFilter::default(), None, 10).await;
        assert_eq!(listed, Ok(grants.to_vec()));
        for grant in &grants {
            let found = FoundGrant {
                grant: grant.clone(),
                client_is_live: true,
                user: Some(user.clone()),
                session_is_there: true,
            };
            assert_eq!(store.find_grant(grant.id).await, Ok(Some(found)));
            let query = LivenessQuery {
                client_id: client.client_id.clone(),
                token: token_of(grant),
            };
            assert_eq!(store.liveness(&query).await, Ok(Liveness::Live));
        }
        let (seen, refresh) = (SeenRefresh::of(&grants[0]), grants[0].refresh.as_ref());
        let rotated = store.rotate_refresh(seen.unwrap(), next_refresh(refresh.unwrap()));
        assert_eq!(rotated.await, Ok(RefreshOutcome::Done));
        let session = create_session(&store, &user).await;
        assert_eq!(store.end_session(session.id).await, Ok(EndSession::Ended));
        // The sweep takes what it would have taken before.
        let end = grants[1].created_at.plus(600 + 86_400 + 60);
        assert!(store.sweep(end, 100).await.is_ok());
        let left = store.list_grants(GrantFilter::default(), None, 10).await;
        assert_eq!(left.map(|left| left.len()), Ok(1));
    });
}

#[test]
fn migrated_file_takes_every_verb() {
    for make in MAKERS {
        let folder = folder();
        make(&file(&folder));
        tamper(
            &file(&folder),
            "DELETE FROM clients; DELETE FROM keys; UPDATE meta SET value = 0 WHERE name = 'key_ring_version'",
        );
        let store = open(&file(&folder));
        run(async {
            let scene = Scene::set(&store).await;
            for (write, _) in Write::ALL {
                assert_eq!(scene.write(&store, write).await, Ok(()), "{write:?}");
            }
        });
    }
}

/// The schema is the same on every way to it.
#[test]
fn migrated_and_new_files_have_one_schema() {
    let schema = |path: &Path| {
        drop(open(path));
        let connection = rusqlite::Connection::open(path).unwrap();
        let sql = "SELECT group_concat(sql, ';' ORDER BY name) FROM sqlite_schema";
        connection
            .query_row(sql, [], |row| row.get::<_, String>(0))
            .unwrap()
    };
    let new = folder();
    let expected = schema(&file(&new));
    for make in MAKERS {
        let old = folder();
        make(&file(&old));
        assert_eq!(schema(&file(&old)), expected);
    }
}

/// Handles that open an old file at once migrate it once.
#[test]
fn race_of_openers_migrates_once() {
    let folder = folder();
    make(&file(&folder));
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
    let stores: Vec<_> = openers.into_iter().map(|it| it.join().unwrap()).collect();
    for store in &stores {
        assert_eq!(run(store.change_head()), Ok(cursor(5)));
    }
}
