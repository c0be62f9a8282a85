//! Files that older programs wrote.

use std::path::Path;
use std::sync::{Arc, Barrier};
use std::thread;

use countersign_core::{
    AuthMethod, ClientSecret, ClientSettings, EntityId, GrantId, GrantType, IntrospectionReach,
    NewClient, Random, Revision, SecretHash, TokenId,
};
use countersign_storage::contract::run;
use countersign_storage::contract::samples::{
    NOW, create, create_session, create_standing_grant, create_user, key_id, next_refresh,
    scope_definition, token_of, username,
};
use countersign_storage::{
    AssertionId, AssertionStore, Change, ChangeCursor, ChangeFeed, Changes, ClientStore,
    ConsentStore, Deployment, EndSession, FoundGrant, GrantFilter, GrantStore, KeyStore, Liveness,
    LivenessQuery, Maintenance, MarkDeployment, RedeemCode, RefreshOutcome, RegistryStore,
    RememberJti, RestoreGap, SeenCode, SeenRefresh, SessionStore, ThrottleStore, ThrottleSubject,
    TokenStore, UserStore, WazoStore,
};

use crate::old_files::{
    MAKERS, grant_of_version_4, grants_of_version_2, grants_of_version_3, id, make_1, make_2,
    make_3, make_4,
};
use crate::scene::{Scene, Write};
use crate::{file, folder, open, tamper};

const STORE_ID: [u8; 16] = [7; 16];

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
    make_1(&file(&folder));
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
    make_1(&file(&folder));
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
    make_1(&file(&folder));
    let swept = "DELETE FROM change_log; UPDATE meta SET value = 5 WHERE name = 'change_floor'";
    tamper(&file(&folder), swept);
    let store = open(&file(&folder));
    run(async {
        create(&store, "d").await;
        assert_eq!(store.change_head().await, Ok(cursor(6)));
    });
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
                client_id: Some(client.client_id.clone()),
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
fn version_3_keeps_everything() {
    let folder = folder();
    make_3(&file(&folder));
    let store = open(&file(&folder));
    run(async {
        let found = store.find_client(&"a".parse().unwrap()).await;
        let client = found.unwrap().unwrap();
        let grants = grants_of_version_3();
        let listed = store.list_grants(GrantFilter::default(), None, 10).await;
        assert_eq!(listed, Ok(grants.to_vec()));
        for grant in &grants {
            let query = LivenessQuery {
                client_id: client.client_id.clone(),
                token: token_of(grant),
            };
            assert_eq!(store.liveness(&query).await, Ok(Liveness::Live));
        }
        let user = grants[0].user.unwrap().id;
        let sessions = store.list_sessions(Some(user), None, 10).await.unwrap();
        assert_eq!(sessions[0].id, EntityId::from_bytes(id(0x75)));
        let consent = store.find_consent(user, client.id).await.unwrap();
        assert_eq!(consent.map(|it| it.given_at), Some(NOW));

        // RULES C1: the code can be redeemed still.
        let seen = SeenCode::of(&grants[1]).unwrap();
        let redeemed = store.redeem_code(seen, NOW.plus(30), None).await;
        assert_eq!(redeemed, Ok(RedeemCode::Redeemed));

        // What is new finds what was there, and does not mind what cannot be read.
        let found = store.find_users_by_email("ZO\u{eb}@EXAMPLE.com", 10).await;
        let ids: Vec<EntityId> = found.unwrap().iter().map(|it| it.id).collect();
        assert_eq!(ids, [id(0x72), id(0x73)].map(EntityId::from_bytes));
        let found = store.find_users_by_email("tim@exa", 10).await;
        assert_eq!(found, Ok(Vec::new()));
        let standing = create_standing_grant(&store, &client, "read").await;
        let found = store.find_standing_grant(client.id, &standing.scope).await;
        assert_eq!(found.unwrap().map(|it| it.grant), Some(standing));
    });
}

#[test]
fn version_4_keeps_everything() {
    let folder = folder();
    make_4(&file(&folder));
    let store = open(&file(&folder));
    run(async {
        let found = store.find_client(&"a".parse().unwrap()).await;
        let client = found.unwrap().unwrap();
        let method = client.settings.token_endpoint_auth_method;
        assert_eq!(method, Some(AuthMethod::ClientSecretPost));
        let grant = grant_of_version_4();
        let scope = "a b".parse().unwrap();
        let found = store.find_standing_grant(client.id, &scope).await;
        assert_eq!(found.unwrap().map(|it| it.grant), Some(grant.clone()));
        let refreshed = store.use_refresh(SeenRefresh::of(&grant).unwrap(), NOW.plus(200));
        assert_eq!(refreshed.await, Ok(RefreshOutcome::Done));

        let user = EntityId::from_bytes(id(0x72));
        let session = store.find_wazo_session(&[1; 32]).await.unwrap().unwrap();
        assert_eq!(session.session.id, EntityId::from_bytes(id(0x74)));
        assert_eq!(session.user.map(|it| it.id), Some(user));
        assert!(session.client_is_live && session.session.mobile);
        let found = store.find_wazo_refresh_token(&[2; 32]).await;
        assert_eq!(found.unwrap().unwrap().token.sealed, [0, 255]);
        let policies = store.policies_of(user).await.unwrap();
        assert_eq!(policies[0].id, EntityId::from_bytes(id(0x76)));
        assert_eq!(policies[0].revision, Revision::from_number(5));
        assert_eq!(store.change_head().await, Ok(cursor(1)));

        // RULES N3: what is new is there, and empty.
        let assertion = AssertionId::from_bytes([3; 32]);
        for expected in [RememberJti::Remembered, RememberJti::Seen] {
            let heard = store.remember_jti(&assertion, NOW.plus(600), NOW).await;
            assert_eq!(heard, Ok(expected));
        }
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
    make_1(&file(&folder));
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
