//! One column of one row that cannot be read is told by the names of both, without what lies in it.

use countersign_storage::contract::run;
use countersign_storage::contract::samples::{NOW, consent, token_of};
use countersign_storage::{
    ClientStore, ConsentStore, GrantFilter, GrantStore, Issued, Liveness, LivenessQuery,
    Maintenance, RegistryStore, SessionStore, StoreError, ThrottleStore, TokenStore, UserStore,
    WazoStore,
};
use countersign_storage_sqlite::SqliteStore;

use crate::scene::{EMAIL, Scene, WazoWrite, subjects};
use crate::{file, folder, open, tamper};

#[derive(Clone, Copy, Debug)]
enum Ask {
    UpdateClient,
    FindUser,
    FindUsersByEmail,
    ListUsers,
    UpdateUser,
    FindSession,
    ListSessions,
    FindConsent,
    ListConsents,
    RememberConsent,
    FindGrant,
    FindCode,
    FindStanding,
    ListGrants,
    RotateRefresh,
    FindWazoSession,
    ListWazoSessions,
    FindWazoToken,
    ListWazoTokens,
    LogInAgain,
    FindPolicy,
    ListPolicies,
    UpdatePolicy,
    PoliciesOf,
    Registry,
    Failures,
}

use Ask::*;

/// The table, what is done to its rows, and the question about one of them. The column is the one that is set.
const COLUMNS: &[(&str, &str, Ask)] = &[
    ("clients", "revision = -1", UpdateClient),
    ("clients", "client_id = char(7)", FindGrant),
    ("clients", "client_id = char(7)", FindStanding),
    ("users", "epoch = -1", FindUser),
    ("users", "revision = -1", FindUser),
    ("users", "revision = -1", UpdateUser),
    ("users", "username = ' hunter2'", FindUser),
    ("users", "profile = '{\"hunter2'", FindUser),
    ("users", "profile = '{\"hunter2\":1}'", ListUsers),
    (
        "users",
        "profile = json_set(profile, '$.hunter2', 1)",
        FindUsersByEmail,
    ),
    ("users", "profile = 'null'", FindGrant),
    ("users", "epoch = -1", FindGrant),
    ("users", "epoch = -1", FindSession),
    ("users", "epoch = -1", FindWazoSession),
    ("users", "epoch = -1", FindWazoToken),
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
    // Half of a standing grant, or one for another scope than it is found by.
    ("grants", "user = zeroblob(16)", FindGrant),
    ("grants", "user = client WHERE user_epoch = 0", FindStanding),
    (
        "grants",
        "user_epoch = 1 WHERE user_epoch = 0",
        FindStanding,
    ),
    (
        "grants",
        "standing_for = NULL WHERE user_epoch = 0",
        FindStanding,
    ),
    (
        "grants",
        "standing_for = 'hunter2' WHERE user_epoch = 0",
        FindStanding,
    ),
    (
        "wazo_sessions",
        "token_hash = CAST('hunter2' AS BLOB)",
        ListWazoSessions,
    ),
    ("wazo_sessions", "client = x'00'", FindWazoSession),
    ("wazo_sessions", "client_epoch = -1", FindWazoSession),
    ("wazo_sessions", "user = x'00'", FindWazoSession),
    ("wazo_sessions", "user_epoch = -1", FindWazoSession),
    ("wazo_sessions", "app = ''", FindWazoSession),
    (
        "wazo_sessions",
        "remote_addr = CAST(x'ff' AS TEXT)",
        FindWazoSession,
    ),
    (
        "wazo_sessions",
        "user_agent = CAST(x'ff' AS TEXT)",
        ListWazoSessions,
    ),
    ("wazo_sessions", "acl = '[\"hunter2\"'", FindWazoSession),
    ("wazo_sessions", "acl = 'null'", ListWazoSessions),
    (
        "wazo_refresh_tokens",
        "token_hash = CAST('hunter2' AS BLOB)",
        ListWazoTokens,
    ),
    (
        "wazo_refresh_tokens",
        "token_hash = CAST('hunter2' AS BLOB)",
        LogInAgain,
    ),
    ("wazo_refresh_tokens", "client = x'00'", FindWazoToken),
    ("wazo_refresh_tokens", "client_epoch = -1", FindWazoToken),
    ("wazo_refresh_tokens", "user = x'00'", FindWazoToken),
    ("wazo_refresh_tokens", "user_epoch = -1", FindWazoToken),
    ("wazo_refresh_tokens", "app = ''", ListWazoTokens),
    (
        "wazo_policies",
        "name = char(7) WHERE slug = 'held'",
        FindPolicy,
    ),
    ("wazo_policies", "slug = '' WHERE slug = 'held'", FindPolicy),
    ("wazo_policies", "revision = -1", FindPolicy),
    ("wazo_policies", "revision = -1", UpdatePolicy),
    ("wazo_policies", "acl = '[\"hunter2\"'", PoliciesOf),
    (
        "wazo_policies",
        "acl = '[\"\"]' WHERE slug = 'held'",
        ListPolicies,
    ),
    ("scopes", "claims = '[\"hunter2'", Registry),
    ("resources", "scope = 'hunter2  \"'", Registry),
    ("failures", "count = -1", Failures),
];

async fn ask(store: &SqliteStore, scene: &Scene, question: Ask) -> Option<StoreError> {
    let (client, user) = (scene.client.clone(), scene.user.clone());
    match question {
        UpdateClient => store.update_client(client, Issued::Lives, NOW).await.err(),
        FindUser => store.find_user(user.id).await.err(),
        FindUsersByEmail => store.find_users_by_email(EMAIL, 10).await.err(),
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
        FindStanding => store.find_grant(scene.standing.id).await.err(),
        ListGrants => store
            .list_grants(GrantFilter::default(), None, 10)
            .await
            .err(),
        RotateRefresh => {
            let rotated = store.rotate_refresh(scene.seen(), scene.next.clone());
            rotated.await.err()
        }
        FindWazoSession => {
            let token_hash = &scene.wazo.session.token_hash;
            store.find_wazo_session(token_hash).await.err()
        }
        ListWazoSessions => {
            let listed = store.list_wazo_sessions(Some(user.id), NOW, None, 10);
            listed.await.err()
        }
        FindWazoToken => {
            let token_hash = &scene.wazo.token.token_hash;
            store.find_wazo_refresh_token(token_hash).await.err()
        }
        ListWazoTokens => {
            let listed = store.list_wazo_refresh_tokens(None, None, 10);
            listed.await.err()
        }
        LogInAgain => {
            let again = WazoWrite::LogInOfflineAgain;
            scene.wazo.write(store, again).await.err()
        }
        FindPolicy => store.find_policy(scene.wazo.held.id).await.err(),
        ListPolicies => store.list_policies(None, 10).await.err(),
        UpdatePolicy => {
            let update = WazoWrite::UpdatePolicy;
            scene.wazo.write(store, update).await.err()
        }
        PoliciesOf => store.policies_of(user.id).await.err(),
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
                // A client is told by its identifier, whatever that is.
                "clients" if change.starts_with("client_id") => "\u{7}".to_owned(),
                "clients" => "a".to_owned(),
                // A consent is told by its user.
                "users" | "consents" => scene.user.id.to_string(),
                "sessions" => scene.session.id.to_string(),
                "grants" if matches!(question, FindCode) => scene.coded.id.to_string(),
                "grants" if matches!(question, FindStanding) => scene.standing.id.to_string(),
                "grants" => scene.grant.id.to_string(),
                "wazo_sessions" => scene.wazo.session.id.to_string(),
                "wazo_refresh_tokens" => scene.wazo.token.id.to_string(),
                "wazo_policies" => scene.wazo.held.id.to_string(),
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
        let mend = "UPDATE grants SET scope = coalesce(standing_for, 'read')";
        tamper(&file(&folder), mend);
        assert_eq!(store.sweep(end.plus(86_399), 100).await, Ok(0));
        // One of the others ended with its session meanwhile.
        assert_eq!(store.sweep(end.plus(86_400), 100).await, Ok(3));
        for grant in [&scene.grant, &scene.coded, &scene.standing] {
            assert_eq!(store.find_grant(grant.id).await, Ok(None));
        }
    });
}
