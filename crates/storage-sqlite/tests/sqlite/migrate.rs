//! Files that older programs wrote.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Barrier};
use std::thread;

use countersign_core::{
    ClientSecret, ClientSettings, GrantId, GrantType, IntrospectionReach, NewClient, Random,
    Revision, SecretHash, TokenId,
};
use countersign_storage::contract::run;
use countersign_storage::contract::samples::{NOW, create, create_user, key_id};
use countersign_storage::{
    Change, ChangeCursor, ChangeFeed, Changes, ClientStore, Deployment, KeyStore, Liveness,
    LivenessQuery, Maintenance, MarkDeployment, TokenStore,
};

use crate::scene::{Scene, Write};
use crate::{file, folder, open, tamper};

const STORE_ID: [u8; 16] = [7; 16];

/// What the program of version 1 had written after some use: `b` was removed, and the changes up to 3 were swept.
const CONTENT: &str = r#"
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

/// A file of version 1.
pub(crate) fn make(path: &Path) {
    drop(open(path)); // for the mode of the file
    fs::write(path, []).expect("the folder takes files");
    let schema = include_str!("../../migrations/0001_clients_keys_revocations.sql");
    tamper(
        path,
        &format!("PRAGMA journal_mode = WAL; {schema}; {CONTENT}"),
    );
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

#[test]
fn migrated_file_takes_every_verb() {
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

/// The schema is the same on both ways to it.
#[test]
fn migrated_and_new_files_have_one_schema() {
    let (old, new) = (folder(), folder());
    make(&file(&old));
    drop((open(&file(&old)), open(&file(&new))));
    let schema = |path: &Path| {
        let connection = rusqlite::Connection::open(path).unwrap();
        let sql = "SELECT group_concat(sql, ';' ORDER BY name) FROM sqlite_schema";
        connection
            .query_row(sql, [], |row| row.get::<_, String>(0))
            .unwrap()
    };
    assert_eq!(schema(&file(&old)), schema(&file(&new)));
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
