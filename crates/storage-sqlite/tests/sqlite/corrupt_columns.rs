//! One column of one row that cannot be read is told by the names of both, without what lies in it.

use countersign_storage::contract::run;
use countersign_storage::contract::samples::{NOW, consent, token_of};
use countersign_storage::{
    ClientStore, ConsentStore, GrantFilter, GrantStore, Issued, Liveness, LivenessQuery,
    Maintenance, RegistryStore, SessionStore, StoreError, ThrottleStore, TokenStore, UserStore,
};
use countersign_storage_sqlite::SqliteStore;

use crate::scene::{Scene, subjects};
use crate::{file, folder, open, tamper};

#[derive(Clone, Copy, Debug)]
enum Ask {
    UpdateClient,
    FindUser,
    ListUsers,
    UpdateUser,
    FindSession,
    ListSessions,
    FindConsent,
    ListConsents,
    RememberConsent,
    FindGrant,
    FindCode,
    ListGrants,
    RotateRefresh,
    Registry,
    Failures,
}

use Ask::*;

/// The table, what is done to its rows, and the question about one of them. The column is the one that is set.
const COLUMNS: &[(&str, &str, Ask)] = &[
    ("clients", "revision = -1", UpdateClient),
    ("users", "epoch = -1", FindUser),
    ("users", "revision = -1", FindUser),
    ("users", "revision = -1", UpdateUser),
    ("users", "username = ' hunter2'", FindUser),
    ("users", "profile = '{\"hunter2'", FindUser),
    ("users", "profile = '{\"hunter2\":1}'", ListUsers),
    ("users", "profile = 'null'", FindGrant),
    ("users", "epoch = -1", FindGrant),
    ("users", "epoch = -1", FindSession),
    ("sessions", "user = x'00'", FindSession),
    ("sessions", "user_epoch = -1", FindSession),
    (
        "sessions",
        "secret_hash = CAST('hunter2' AS BLOB)",
        FindSession,
    ),
    ("sessions", "amr = '[\"hunter2\"'", FindSession),
    ("sessions", "amr = 'null'", ListSessions),
    ("consents", "client = x'00'", ListConsents),
    ("consents", "scope = 'hunter2  \"'", FindConsent),
    ("consents", "scope = 'hunter2  \"'", RememberConsent),
    ("grants", "client = x'00'", FindGrant),
    ("grants", "client_epoch = -1", FindGrant),
    ("grants", "user = x'00'", ListGrants),
    ("grants", "user_epoch = -1", ListGrants),
    ("grants", "idle = -1", FindGrant),
    ("grants", "idle = 4294967296", FindGrant),
    ("grants", "generation = -1", FindGrant),
    ("grants", "generation = NULL", FindGrant),
    ("grants", "nonce = NULL", FindGrant),
    ("grants", "nonce = CAST('hunter2' AS BLOB)", ListGrants),
    ("grants", "nonce = CAST('hunter2' AS BLOB)", RotateRefresh),
    ("grants", "key = 'hunter2 '", FindGrant),
    ("grants", "used_at = NULL", FindGrant),
    (
        "grants",
        "previous_tag = CAST('hunter2' AS BLOB)",
        FindGrant,
    ),
    ("grants", "retried_in_a_row = -1", FindGrant),
    ("grants", "retried = NULL", FindGrant),
    ("grants", "scope = 'hunter2  \"'", FindGrant),
    ("grants", "resources = '[\"hunter2\"]'", FindGrant),
    ("grants", "session = NULL", FindCode),
    ("grants", "session = CAST('hunter2' AS BLOB)", FindCode),
    ("grants", "ends_with_session = NULL", FindCode),
    ("grants", "code_nonce = NULL", FindCode),
    ("grants", "code_nonce = CAST('hunter2' AS BLOB)", FindCode),
    ("grants", "code_expires_at = NULL", FindCode),
    ("grants", "facts = NULL", FindCode),
    ("grants", "facts = '{\"hunter2\"'", FindCode),
    ("grants", "facts = '{\"hunter2\":1}'", FindCode),
    ("scopes", "claims = '[\"hunter2'", Registry),
    ("resources", "scope = 'hunter2  \"'", Registry),
    ("failures", "count = -1", Failures),
];

async fn ask(store: &SqliteStore, scene: &Scene, question: Ask) -> Option<StoreError> {
    let (client, user) = (scene.client.clone(), scene.user.clone());
    match question {
        UpdateClient => store.update_client(client, Issued::Lives, NOW).await.err(),
        FindUser => store.find_user(user.id).await.err(),
        ListUsers => store.list_users(None, 10).await.err(),
        UpdateUser => store.update_user(user, Issued::Lives, NOW).await.err(),
        FindSession => store.find_session(scene.session.id).await.err(),
        ListSessions => store.list_sessions(None, None, 10).await.err(),
        FindConsent => store.find_consent(user.id, client.id).await.err(),
        ListConsents => store.list_consents(user.id, None, 10).await.err(),
        RememberConsent => {
            let more = consent(&user, &client, "write");
            store.remember_consent(more).await.err()
        }
        FindGrant => store.find_grant(scene.grant.id).await.err(),
        FindCode => store.find_grant(scene.coded.id).await.err(),
        ListGrants => store
            .list_grants(GrantFilter::default(), None, 10)
            .await
            .err(),
        RotateRefresh => {
            let rotated = store.rotate_refresh(scene.seen(), scene.next.clone());
            rotated.await.err()
        }
        Registry => store.registry().await.err(),
        Failures => store.failures(&subjects()).await.err(),
    }
}

#[test]
fn corrupt_columns_are_named_and_not_shown() {
    for &(table, change, question) in COLUMNS {
        let folder = folder();
        let store = open(&file(&folder));
        run(async {
            let scene = Scene::set(&store).await;
            let name = match table {
                "clients" => "a".to_owned(),
                // A consent is told by its user.
                "users" | "consents" => scene.user.id.to_string(),
                "sessions" => scene.session.id.to_string(),
                "grants" if matches!(question, FindCode) => scene.coded.id.to_string(),
                "grants" => scene.grant.id.to_string(),
                "scopes" => "read".to_owned(),
                "resources" => "https://api.example.com".to_owned(),
                // Nobody is to know who tried where.
                _ => "without a name".to_owned(),
            };
            let column = change.split(' ').next().unwrap_or_default();
            let place = format!("table {table}, row {name:?}, column {column}");
            tamper(&file(&folder), &format!("UPDATE {table} SET {change}"));
            let error = ask(&store, &scene, question).await;
            assert_eq!(
                error,
                Some(StoreError::Corrupt(place)),
                "{change}, then {question:?}"
            );
            assert_eq!(store.ping().await, Ok(()));
        });
    }
}

/// Liveness does not need to understand what was granted.
#[test]
fn rule_a2_grant_that_cannot_be_read_can_be_ended() {
    let folder = folder();
    let store = open(&file(&folder));
    run(async {
        let scene = Scene::set(&store).await;
        tamper(&file(&folder), "UPDATE grants SET scope = 'hunter2  \"'");
        let query = LivenessQuery {
            client_id: scene.client.client_id.clone(),
            token: token_of(&scene.grant),
        };
        assert_eq!(store.liveness(&query).await, Ok(Liveness::Live));
        assert!(store.end_grant(scene.grant.id).await.is_ok());
        assert_eq!(store.liveness(&query).await, Ok(Liveness::GrantEnded));
    });
}

/// A grant that cannot be read stays for whoever mends it, and keeps the sweep from nothing else.
#[test]
fn sweep_goes_on_past_a_grant_that_cannot_be_read() {
    let folder = folder();
    let store = open(&file(&folder));
    run(async {
        let scene = Scene::set(&store).await;
        tamper(&file(&folder), "UPDATE grants SET scope = 'hunter2  \"'");
        let end = scene.grant.row_ends_at();
        let looked = store.sweep(end, 100).await.unwrap();
        assert!(looked > 3, "{looked}");
        assert_eq!(store.sweep(end, 100).await, Ok(0));
        assert!(store.find_grant(scene.grant.id).await.is_err());
        tamper(&file(&folder), "UPDATE grants SET scope = 'read'");
        assert_eq!(store.sweep(end.plus(86_399), 100).await, Ok(0));
        // The other one ended with its session meanwhile.
        assert_eq!(store.sweep(end.plus(86_400), 100).await, Ok(2));
        for grant in [&scene.grant, &scene.coded] {
            assert_eq!(store.find_grant(grant.id).await, Ok(None));
        }
    });
}
