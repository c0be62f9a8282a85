//! Clients that authenticate by a signed JWT: RFC 7523 §3, RULES N3, attack classes 36 to 38.

use std::sync::Arc;

use countersign_core::{
    AuthMethod, ClientSettings, Clock as _, Secret, SigningAlgorithm, Timestamp,
};
use countersign_jose::client_assertion::{self, AssertionClaims};
use countersign_jose::{JwkSet, SigningKey, hmac_jws, jws};
use countersign_protocol::{
    ErrorCode, ErrorResponse, Form, IntrospectionRequest, IntrospectionResponse, JWT_BEARER,
    RevocationRequest, TokenRequest,
};
use countersign_provider::{AddClientError, KeepSecret, Origin, Provider, SecretSource};
use countersign_storage::ClientStore as _;
use serde_json::{Value, json};

use crate::common::{Backend, START, Service, TestClient, on_both_backends, settings};

pub(crate) const ISSUER: &str = "https://as.example";

/// What a client may do that proves who it is by `keys`.
pub(crate) fn by_key(keys: &[&SigningKey]) -> ClientSettings {
    let keys = keys.iter().map(|key| key.public_jwk().clone()).collect();
    let set = serde_json::to_string(&JwkSet { keys }).unwrap();
    ClientSettings {
        token_endpoint_auth_method: Some(AuthMethod::PrivateKeyJwt),
        jwks: Some(set.parse().unwrap()),
        ..settings()
    }
}

pub(crate) fn new_key() -> SigningKey {
    SigningKey::generate(SigningAlgorithm::Es256).unwrap().0
}

pub(crate) async fn add(
    node: &Provider,
    id: &str,
    settings: ClientSettings,
) -> Option<Secret<String>> {
    let id = id.parse().unwrap();
    let added = node.add_client(id, settings, SecretSource::Generated).await;
    added.unwrap().secret
}

/// What a right assertion says.
pub(crate) fn claims(client_id: &str, jti: &str, now: Timestamp) -> Value {
    json!({
        "iss": client_id, "sub": client_id, "aud": ISSUER, "jti": jti,
        "iat": now.as_seconds(), "exp": now.as_seconds() + 60,
    })
}

pub(crate) fn signed(key: &SigningKey, claims: &Value) -> String {
    jws::sign(key, Some("JWT"), claims.to_string().as_bytes()).unwrap()
}

fn form(assertion: &str, rest: &str) -> Form {
    let kind = JWT_BEARER.replace(':', "%3A");
    let body = format!("client_assertion_type={kind}&client_assertion={assertion}&{rest}");
    Form::parse(body.as_bytes(), &[]).unwrap()
}

/// A token for this assertion.
pub(crate) async fn token(node: &Provider, assertion: &str) -> Result<String, ErrorResponse> {
    let form = form(assertion, "grant_type=client_credentials");
    let request = TokenRequest::read(&[], &form).unwrap();
    let answer = node.token(request, Origin::default()).await?;
    Ok(answer.access_token)
}

async fn introspect(node: &Provider, assertion: &str, token: &str) -> Result<bool, ErrorResponse> {
    let form = form(assertion, &format!("token={token}"));
    let request = IntrospectionRequest::read(&[], &form).unwrap();
    let answer = node.introspect(request, Origin::default()).await?;
    Ok(matches!(answer, IntrospectionResponse::Active(_)))
}

async fn revoke(node: &Provider, assertion: &str, token: &str) -> Result<(), ErrorResponse> {
    let form = form(assertion, &format!("token={token}"));
    let request = RevocationRequest::read(&[], &form).unwrap();
    node.revoke(request, Origin::default()).await
}

pub(crate) fn refusal<T: std::fmt::Debug>(answer: Result<T, ErrorResponse>) -> (u16, String) {
    let refusal = answer.unwrap_err();
    (
        refusal.status(),
        refusal.error_description.as_str().to_owned(),
    )
}

const NOT_PROVEN: &str = "client authentication failed";

on_both_backends! {
    an_assertion_opens_every_door_that_clients_authenticate_at
    d36_rule_n3_an_assertion_is_good_once_at_whatever_node
    d36_rule_n3_of_64_parallel_replays_one_wins
    d36_rule_n3_two_clients_may_choose_the_same_jti
    rule_a3_without_storage_no_assertion_is_taken
}

async fn an_assertion_opens_every_door_that_clients_authenticate_at(service: Service) {
    let node = service.node().await;
    let key = new_key();
    assert!(
        add(&node, "machine", by_key(&[&key])).await.is_none(),
        "there is no secret"
    );
    let fresh = |jti: &str| signed(&key, &claims("machine", jti, START));
    let access = token(&node, &fresh("1")).await.unwrap();
    assert_eq!(introspect(&node, &fresh("2"), &access).await, Ok(true));
    assert_eq!(revoke(&node, &fresh("3"), &access).await, Ok(()));
    assert_eq!(introspect(&node, &fresh("4"), &access).await, Ok(false));
    for replayed in ["1", "2", "3", "4"] {
        let replayed = fresh(replayed);
        assert_eq!(refusal(token(&node, &replayed).await).0, 400);
        assert_eq!(refusal(introspect(&node, &replayed, &access).await).0, 400);
        assert_eq!(refusal(revoke(&node, &replayed, &access).await).0, 400);
    }
}

async fn d36_rule_n3_an_assertion_is_good_once_at_whatever_node(service: Service) {
    let (node, other) = (service.node().await, service.node().await);
    let key = new_key();
    add(&node, "machine", by_key(&[&key])).await;
    let mut said = claims("machine", "once", START);
    let assertion = signed(&key, &said);
    assert!(token(&node, &assertion).await.is_ok());
    for node in [&node, &other] {
        let (status, text) = refusal(token(node, &assertion).await);
        assert_eq!(status, 400);
        assert!(text.contains("used before"), "{text}");
        // Another signature over another text with the same jti is no other assertion.
        assert_eq!(refusal(token(node, &signed(&key, &said)).await).0, 400);
    }
    // Until its last second, and that of the clocks that may differ, it is remembered; the next second it has expired.
    for (passing, expected) in [(59, "used before"), (60, "used before"), (1, "exp is past")] {
        service.clock.advance(passing);
        let (_, text) = refusal(token(&node, &assertion).await);
        assert!(text.contains(expected), "after {passing}: {text}");
    }
    // It is remembered two minutes longer, for nodes whose clocks differ; then it may come again, with times of its own.
    service.clock.advance(119);
    said["iat"] = json!(service.clock().as_seconds());
    said["exp"] = json!(service.clock().as_seconds() + 60);
    let (_, text) = refusal(token(&node, &signed(&key, &said)).await);
    assert!(text.contains("used before"), "{text}");
    service.clock.advance(1);
    said["iat"] = json!(service.clock().as_seconds());
    said["exp"] = json!(service.clock().as_seconds() + 60);
    assert!(token(&node, &signed(&key, &said)).await.is_ok());
}

async fn d36_rule_n3_of_64_parallel_replays_one_wins(service: Service) {
    let nodes = [
        Arc::new(service.node().await),
        Arc::new(service.node().await),
    ];
    let key = new_key();
    add(&nodes[0], "machine", by_key(&[&key])).await;
    nodes[1].synchronize().await.unwrap();
    let assertion = signed(&key, &claims("machine", "once", START));
    let asking: Vec<_> = (0..64)
        .map(|n| {
            let (node, assertion) = (Arc::clone(&nodes[n % 2]), assertion.clone());
            tokio::spawn(async move { token(&node, &assertion).await.is_ok() })
        })
        .collect();
    let mut winners = 0;
    for asked in asking {
        winners += usize::from(asked.await.unwrap());
    }
    assert_eq!(winners, 1);
}

async fn d36_rule_n3_two_clients_may_choose_the_same_jti(service: Service) {
    let node = service.node().await;
    let key = new_key();
    for id in ["one", "two"] {
        add(&node, id, by_key(&[&key])).await;
        let assertion = signed(&key, &claims(id, "same", START));
        assert!(token(&node, &assertion).await.is_ok(), "{id}");
    }
    // RULES R10: a client of the same name, added anew, revives nothing.
    node.remove_client(&"one".parse().unwrap()).await.unwrap();
    add(&node, "one", by_key(&[&key])).await;
    let assertion = signed(&key, &claims("one", "same", START));
    assert!(
        refusal(token(&node, &assertion).await)
            .1
            .contains("used before")
    );
}

async fn rule_a3_without_storage_no_assertion_is_taken(service: Service) {
    let node = service.node().await;
    let key = new_key();
    add(&node, "machine", by_key(&[&key])).await;
    let fresh = |jti: &str| signed(&key, &claims("machine", jti, START));
    token(&node, &fresh("1")).await.unwrap();
    service.store.switch_off();
    let refused = token(&node, &fresh("2")).await.unwrap_err();
    assert_eq!((refused.status(), refused.retry_after), (503, Some(1)));
    assert_eq!(refused.error, ErrorCode::TemporarilyUnavailable);
    service.store.switch_on();
    assert!(
        token(&node, &fresh("2")).await.is_ok(),
        "nothing was consumed"
    );
}

/// One change of a right assertion, and what the answer says about it; nothing if it is accepted.
type Case = (&'static str, fn(&mut Value), Option<&'static str>);

const AUD: Option<&str> = Some("aud");

/// All that can be wrong with a claim, and what cannot.
const CASES: [Case; 33] = [
    ("as it should be", |_| (), None),
    (
        "aud: token endpoint",
        |it| it["aud"] = json!("https://as.example/oauth2/token"),
        AUD,
    ),
    (
        "aud: with a slash",
        |it| it["aud"] = json!("https://as.example/"),
        AUD,
    ),
    (
        "aud: another",
        |it| it["aud"] = json!("https://other.example"),
        AUD,
    ),
    ("aud: array of it", |it| it["aud"] = json!([ISSUER]), AUD),
    (
        "aud: array with it",
        |it| it["aud"] = json!([ISSUER, "https://other.example"]),
        AUD,
    ),
    ("aud: empty array", |it| it["aud"] = json!([]), AUD),
    ("aud: number", |it| it["aud"] = json!(7), AUD),
    ("aud: null", |it| it["aud"] = Value::Null, AUD),
    (
        "aud: object",
        |it| it["aud"] = json!({ "iss": ISSUER }),
        AUD,
    ),
    (
        "aud: missing",
        |it| {
            it.as_object_mut().unwrap().remove("aud");
        },
        AUD,
    ),
    (
        "aud: other case",
        |it| it["aud"] = json!("HTTPS://AS.EXAMPLE"),
        AUD,
    ),
    ("iss: another", |it| it["iss"] = json!("other"), Some("iss")),
    ("sub: another", |it| it["sub"] = json!("other"), Some("iss")),
    (
        "iss: missing",
        |it| {
            it.as_object_mut().unwrap().remove("iss");
        },
        Some("iss"),
    ),
    (
        "sub: missing",
        |it| {
            it.as_object_mut().unwrap().remove("sub");
        },
        Some("sub"),
    ),
    (
        "jti: missing",
        |it| {
            it.as_object_mut().unwrap().remove("jti");
        },
        Some("jti"),
    ),
    ("jti: empty", |it| it["jti"] = json!(""), Some("jti")),
    ("jti: number", |it| it["jti"] = json!(7), Some("jti")),
    (
        "jti: huge",
        |it| it["jti"] = json!("x".repeat(4_000)),
        Some("jti"),
    ),
    (
        "exp: missing",
        |it| {
            it.as_object_mut().unwrap().remove("exp");
        },
        Some("exp"),
    ),
    (
        "exp: text",
        |it| it["exp"] = json!("1800000060"),
        Some("a whole number of seconds"),
    ),
    (
        "exp: fraction",
        |it| it["exp"] = json!(1_800_000_060.5),
        Some("a whole number of seconds"),
    ),
    (
        "exp: past, within the skew",
        |it| {
            it["exp"] = json!(1_799_999_941);
            it["iat"] = json!(1_799_999_900);
        },
        None,
    ),
    (
        "exp: past",
        |it| {
            it["exp"] = json!(1_799_999_940);
            it["iat"] = json!(1_799_999_900);
        },
        Some("exp is past"),
    ),
    (
        "exp: ten minutes",
        |it| it["exp"] = json!(1_800_000_600),
        None,
    ),
    (
        "exp: more than ten minutes",
        |it| it["exp"] = json!(1_800_000_601),
        Some("600"),
    ),
    (
        "exp: a day, no iat",
        |it| {
            it["exp"] = json!(1_800_086_400);
            it.as_object_mut().unwrap().remove("iat");
        },
        Some("600"),
    ),
    (
        "iat: missing",
        |it| {
            it.as_object_mut().unwrap().remove("iat");
        },
        None,
    ),
    (
        "iat: 60 s ahead",
        |it| it["iat"] = json!(1_800_000_060),
        None,
    ),
    (
        "iat: 61 s ahead",
        |it| it["iat"] = json!(1_800_000_061),
        Some("iat is in the future"),
    ),
    (
        "nbf: 60 s ahead",
        |it| it["nbf"] = json!(1_800_000_060),
        None,
    ),
    (
        "nbf: 61 s ahead",
        |it| it["nbf"] = json!(1_800_000_061),
        Some("nbf is in the future"),
    ),
];

#[tokio::test]
async fn d37_d38_oidc_core_48_every_claim_is_checked() {
    let service = Service::new();
    let node = service.node().await;
    let key = new_key();
    add(&node, "machine", by_key(&[&key])).await;
    add(&node, "other", by_key(&[&key])).await;
    for (number, (what, change, expected)) in CASES.into_iter().enumerate() {
        let mut said = claims("machine", &number.to_string(), START);
        change(&mut said);
        let answer = token(&node, &signed(&key, &said)).await;
        match expected {
            None => assert!(answer.is_ok(), "{what}: {answer:?}"),
            Some(expected) => {
                let (status, text) = refusal(answer);
                assert_eq!(status, 400, "{what}");
                assert!(text.contains(expected), "{what}: {text}");
            }
        }
    }
}

#[tokio::test]
async fn who_is_not_the_client_hears_nothing_more() {
    let service = Service::new();
    let node = service.node().await;
    let (key, other_key) = (new_key(), new_key());
    add(&node, "machine", by_key(&[&key])).await;
    add(&node, "other", by_key(&[&other_key])).await;
    TestClient::add(&node, "with-secret", settings()).await;
    let right = claims("machine", "1", START);
    let signed_by = |key: &SigningKey, id: &str| signed(key, &claims(id, "1", START));
    let assertion = signed(&key, &right);
    let (head, signature) = assertion.rsplit_once('.').unwrap();
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    add(&node, "two-keys", by_key(&[&new_key(), &new_key()])).await;
    let nameless = |id: &str| {
        let header = countersign_jose::base64url::encode(br#"{"alg":"ES256"}"#);
        let payload =
            countersign_jose::base64url::encode(claims(id, "1", START).to_string().as_bytes());
        let signature = countersign_jose::base64url::encode(&[7; 64]);
        format!("{header}.{payload}.{signature}")
    };
    let hs256 = {
        let id = key.id().as_str();
        let secret = Secret::new(vec![7; 32]);
        let hmac = hmac_jws::HmacKey::new(hmac_jws::HmacAlgorithm::Hs256, id, &secret).unwrap();
        hmac_jws::sign(&hmac, Some("JWT"), right.to_string().as_bytes()).unwrap()
    };
    let unproven = [
        ("key of another client", signed_by(&other_key, "machine")),
        ("no such client", signed_by(&key, "nobody")),
        ("client with a secret", signed_by(&key, "with-secret")),
        ("signature", format!("{head}.{flipped}{}", &signature[1..])),
        ("no kid, one key", nameless("machine")),
        ("no kid, two keys", nameless("two-keys")),
        ("no kid, no client", nameless("nobody")),
    ];
    for (what, assertion) in unproven {
        let answer = refusal(token(&node, &assertion).await);
        assert_eq!(answer, (400, NOT_PROVEN.to_owned()), "{what}");
    }
    let told = [
        (
            "HS256, which is not offered",
            hs256,
            "client_secret_jwt is not offered",
        ),
        ("not a JWT", "x".to_owned(), "client_assertion"),
        ("nothing", String::new(), "client_assertion"),
        (
            "an access token",
            jws::sign(&key, Some("at+jwt"), right.to_string().as_bytes()).unwrap(),
            "client_assertion",
        ),
    ];
    for (what, assertion, expected) in told {
        let kind = JWT_BEARER.replace(':', "%3A");
        let body = format!(
            "client_assertion_type={kind}&client_assertion={assertion}&grant_type=client_credentials"
        );
        let form = Form::parse(body.as_bytes(), &[]).unwrap();
        let answer = match TokenRequest::read(&[], &form) {
            Ok(request) => node.token(request, Origin::default()).await.map(|_| ()),
            Err(error) => Err(error),
        };
        let (_, text) = refusal(answer);
        assert!(text.contains(expected), "{what}: {text}");
    }
    // What was refused was not consumed.
    assert!(token(&node, &assertion).await.is_ok());
}

#[tokio::test]
async fn rfc7521_the_client_id_in_the_body_is_that_of_the_assertion() {
    let service = Service::new();
    let node = service.node().await;
    let key = new_key();
    add(&node, "machine", by_key(&[&key])).await;
    for (jti, rest, expected) in [
        ("1", "client_id=machine&", None),
        ("2", "client_id=other&", Some("client_id in the body")),
    ] {
        let assertion = signed(&key, &claims("machine", jti, START));
        let form = form(&assertion, &format!("{rest}grant_type=client_credentials"));
        let request = TokenRequest::read(&[], &form).unwrap();
        let answer = node.token(request, Origin::default()).await;
        match expected {
            None => assert!(answer.is_ok()),
            Some(expected) => assert!(refusal(answer.map(|_| ())).1.contains(expected)),
        }
    }
}

#[tokio::test]
async fn a_client_by_key_has_no_other_way_in() {
    let service = Service::new();
    let node = service.node().await;
    let client = TestClient::add(&node, "machine", settings()).await;
    assert!(client.token(&node).await.is_ok());
    let key = new_key();
    let set = by_key(&[&key]);
    let id = "machine".parse().unwrap();
    node.change_client(&id, |settings| {
        settings.token_endpoint_auth_method = set.token_endpoint_auth_method;
        settings.jwks.clone_from(&set.jwks);
    })
    .await
    .unwrap();
    assert_eq!(refusal(client.token(&node).await.map(|_| ())).0, 401);
    let assertion = signed(&key, &claims("machine", "1", START));
    assert!(token(&node, &assertion).await.is_ok());
    // And not back either: a secret without a use is not kept, since it may be why the client has a key now.
    let back = async || {
        node.change_client(&id, |settings| settings.token_endpoint_auth_method = None)
            .await
    };
    let refused = back().await.unwrap_err().to_string();
    assert!(refused.contains("rotate-secret"), "{refused}");
    let keep = KeepSecret::AsNeeded;
    node.rotate_client_secret(&id, SecretSource::Generated, 0, keep)
        .await
        .unwrap();
    back().await.unwrap();
    assert_eq!(refusal(client.token(&node).await.map(|_| ())).0, 401);
    let assertion = signed(&key, &claims("machine", "2", START));
    assert_eq!(refusal(token(&node, &assertion).await).1, NOT_PROVEN);
}

#[tokio::test]
async fn rule_s2_a_secret_is_kept_itself_only_while_something_needs_it() {
    let mut service = Service::new();
    service.settings.auth_methods = AuthMethod::ALL.to_vec();
    let node = service.node().await;
    let by_secret = ClientSettings {
        token_endpoint_auth_method: Some(AuthMethod::ClientSecretJwt),
        ..settings()
    };
    add(&node, "machine", by_secret).await;
    let id = "machine".parse().unwrap();
    let sealed = async || {
        let client = service.store.find_client(&id).await.unwrap().unwrap();
        client.secrets[0].sealed.is_some()
    };
    assert!(sealed().await);
    node.change_client(&id, |it| it.scope = "read".parse().unwrap())
        .await
        .unwrap();
    assert!(sealed().await);
    node.change_client(&id, |it| it.token_endpoint_auth_method = None)
        .await
        .unwrap();
    assert!(!sealed().await);
}

#[tokio::test]
async fn a_client_that_never_had_a_secret_gets_one_before_it_needs_it() {
    let service = Service::new();
    let node = service.node().await;
    add(&node, "machine", by_key(&[&new_key()])).await;
    let id = "machine".parse().unwrap();
    let to_secret = async || {
        let change = |it: &mut ClientSettings| it.token_endpoint_auth_method = None;
        node.change_client(&id, change).await
    };
    let refused = to_secret().await.unwrap_err().to_string();
    assert!(refused.contains("rotate-secret"), "{refused}");
    let keep = KeepSecret::AsNeeded;
    let rotated = node
        .rotate_client_secret(&id, SecretSource::Generated, 0, keep)
        .await;
    assert!(rotated.unwrap().secret.is_some());
    to_secret().await.unwrap();
    let given = SecretSource::Given(Secret::new("chosen-by-a-person".into()));
    let added = node
        .add_client("another".parse().unwrap(), by_key(&[&new_key()]), given)
        .await;
    assert!(matches!(added, Err(AddClientError::KeyWithSecret)));
}

#[tokio::test]
async fn the_newest_keys_of_a_client_count_at_every_node() {
    let service = Service::new();
    let (node, other) = (service.node().await, service.node().await);
    let (old, new) = (new_key(), new_key());
    add(&node, "machine", by_key(&[&old])).await;
    let fresh = |key: &SigningKey, jti: &str| signed(key, &claims("machine", jti, START));
    assert!(token(&other, &fresh(&old, "1")).await.is_ok());
    let both = by_key(&[&old, &new]);
    let id = "machine".parse().unwrap();
    node.change_client(&id, |it| it.jwks.clone_from(&both.jwks))
        .await
        .unwrap();
    // The other node has not heard of it yet, and asks before it refuses.
    assert!(token(&other, &fresh(&new, "2")).await.is_ok());
    let new_only = by_key(&[&new]);
    node.change_client(&id, |it| it.jwks.clone_from(&new_only.jwks))
        .await
        .unwrap();
    other.synchronize().await.unwrap();
    for node in [&node, &other] {
        assert_eq!(refusal(token(node, &fresh(&old, "3")).await).1, NOT_PROVEN);
    }
}

#[tokio::test]
async fn rule_s2_client_secret_jwt_is_signed_with_a_secret_that_is_kept_for_it() {
    let mut service = Service::new();
    let by_secret = ClientSettings {
        token_endpoint_auth_method: Some(AuthMethod::ClientSecretJwt),
        ..settings()
    };
    let id: countersign_core::ClientId = "machine".parse().unwrap();
    let off = service.node().await;
    let refused = off
        .add_client(id.clone(), by_secret.clone(), SecretSource::Generated)
        .await;
    assert!(matches!(
        refused,
        Err(AddClientError::MethodNotOffered(
            AuthMethod::ClientSecretJwt
        ))
    ));
    service
        .settings
        .auth_methods
        .push(AuthMethod::ClientSecretJwt);
    let node = service.node().await;
    let short = SecretSource::Given(Secret::new("thirty-one-bytes-are-not-enough".into()));
    let refused = node.add_client(id.clone(), by_secret.clone(), short).await;
    assert!(matches!(refused, Err(AddClientError::SecretTooShort)));
    let secret = add(&node, "machine", by_secret.clone()).await.unwrap();
    let assertion = |secret: &Secret<String>, jti: &str| {
        let secret = Secret::new(secret.expose().clone().into_bytes());
        let claims = AssertionClaims {
            client_id: "machine".to_owned(),
            issuer: ISSUER.to_owned(),
            jti: jti.to_owned(),
            iat: service.clock.now(),
            lifetime_seconds: 60,
        };
        client_assertion::sign_hs256(&secret, &claims).unwrap()
    };
    assert!(token(&node, &assertion(&secret, "1")).await.is_ok());
    assert_eq!(
        refusal(token(&node, &assertion(&secret, "1")).await).0,
        400,
        "once"
    );
    let wrong = Secret::new("x".repeat(50));
    assert_eq!(
        refusal(token(&node, &assertion(&wrong, "2")).await).1,
        NOT_PROVEN
    );
    // RULES S3: two secrets may be active.
    let keep = KeepSecret::AsNeeded;
    let rotated = node
        .rotate_client_secret(&id, SecretSource::Generated, 10, keep)
        .await;
    let newer = rotated.unwrap().secret.unwrap();
    for (jti, secret) in [("3", &secret), ("4", &newer)] {
        assert!(token(&node, &assertion(secret, jti)).await.is_ok(), "{jti}");
    }
    service.clock.advance(10);
    assert_eq!(
        refusal(token(&node, &assertion(&secret, "5")).await).1,
        NOT_PROVEN
    );
    assert!(token(&node, &assertion(&newer, "6")).await.is_ok());
    // The secret itself, sent as such, is another method.
    let client = TestClient {
        id: "machine".into(),
        secret: newer.expose().clone(),
        door: countersign_provider::Door::Standard,
    };
    assert_eq!(refusal(client.token(&node).await.map(|_| ())).0, 401);
    // A secret of which only a hash is kept is not enough.
    TestClient::add(&node, "hashed", settings()).await;
    let method = by_secret.token_endpoint_auth_method;
    let changed = node
        .change_client(&"hashed".parse().unwrap(), |it| {
            it.token_endpoint_auth_method = method;
        })
        .await;
    assert!(changed.unwrap_err().to_string().contains("--sealed"));
}

#[tokio::test]
async fn unusable_keys_are_refused_when_they_are_registered() {
    let service = Service::new();
    let node = service.node().await;
    let key = new_key();
    let public = serde_json::to_value(key.public_jwk()).unwrap();
    let with = |name: &str, value: Value| {
        let mut jwk = public.clone();
        jwk[name] = value;
        jwk
    };
    let mut encryption = with("use", json!("enc"));
    encryption["kid"] = json!("another");
    let cases = [
        (
            "private",
            json!([with("d", json!("AAAA"))]),
            Some("key number 1"),
        ),
        (
            "symmetric",
            json!([{ "kty": "oct", "k": "AAAA", "kid": "a" }]),
            Some("key number 1"),
        ),
        (
            "no point",
            json!([with("x", json!("AAAA"))]),
            Some("key number 1"),
        ),
        (
            "second",
            json!([public, { "kty": "EC" }]),
            Some("key number 2"),
        ),
        ("twice", json!([public, public]), Some("kid")),
        ("encryption only", json!([encryption]), Some("no key")),
        ("encryption too", json!([public, encryption]), None),
    ];
    for (number, (what, keys, expected)) in cases.into_iter().enumerate() {
        let set = json!({ "keys": keys }).to_string();
        let settings = ClientSettings {
            jwks: Some(set.parse().unwrap()),
            ..by_key(&[&key])
        };
        let id = format!("machine{number}").parse().unwrap();
        let added = node.add_client(id, settings, SecretSource::Generated).await;
        match expected {
            None => assert!(added.is_ok(), "{what}"),
            Some(expected) => {
                let error = added.unwrap_err();
                assert!(matches!(error, AddClientError::Keys(_)), "{what}");
                assert!(error.to_string().contains(expected), "{what}: {error}");
            }
        }
    }
}

#[tokio::test]
async fn wrong_assertions_are_slowed_down_and_right_ones_are_not() {
    let service = Service::new();
    let node = service.node().await;
    let (key, stranger) = (new_key(), new_key());
    add(&node, "machine", by_key(&[&key])).await;
    let mut statuses = Vec::new();
    for number in 0..40 {
        let wrong = signed(&stranger, &claims("machine", &number.to_string(), START));
        statuses.push(refusal(token(&node, &wrong).await).0);
    }
    assert_eq!(statuses.first(), Some(&400));
    assert_eq!(statuses.last(), Some(&429));
    let right = signed(&key, &claims("machine", "right", START));
    assert!(token(&node, &right).await.is_ok());
}

#[tokio::test]
async fn rule_s5_a_chosen_secret_is_not_tried_beyond_the_threshold() {
    let mut service = Service::new();
    service.settings.auth_methods = AuthMethod::ALL.to_vec();
    let node = service.node().await;
    let by_secret = ClientSettings {
        token_endpoint_auth_method: Some(AuthMethod::ClientSecretJwt),
        ..settings()
    };
    let chosen = "correct horse battery staple and more";
    let source = SecretSource::Given(Secret::new(chosen.to_owned()));
    node.add_client("machine".parse().unwrap(), by_secret, source)
        .await
        .unwrap();
    let by = |secret: &str, jti: &str| {
        let claims = AssertionClaims {
            client_id: "machine".to_owned(),
            issuer: ISSUER.to_owned(),
            jti: jti.to_owned(),
            iat: START,
            lifetime_seconds: 60,
        };
        let secret = Secret::new(secret.as_bytes().to_vec());
        client_assertion::sign_hs256(&secret, &claims).unwrap()
    };
    assert!(token(&node, &by(chosen, "first")).await.is_ok());
    for number in 0..40 {
        let guess = format!("a guess of enough bytes, number {number}");
        let _refused = refusal(token(&node, &by(&guess, "guess")).await);
    }
    assert_eq!(refusal(token(&node, &by(chosen, "second")).await).0, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_s5_of_many_guesses_at_once_the_free_ones_are_judged_and_one_more() {
    // Storage that is asked on other threads: meanwhile, the next guess comes.
    let mut service = Service::on(Backend::Sqlite);
    service.settings.auth_methods = AuthMethod::ALL.to_vec();
    let node = Arc::new(service.node().await);
    let by_secret = ClientSettings {
        token_endpoint_auth_method: Some(AuthMethod::ClientSecretJwt),
        ..settings()
    };
    let source = SecretSource::Given(Secret::new("correct horse battery staple and more".into()));
    node.add_client("machine".parse().unwrap(), by_secret, source)
        .await
        .unwrap();
    let guessing: Vec<_> = (0..400)
        .map(|number| {
            let claims = AssertionClaims {
                client_id: "machine".to_owned(),
                issuer: ISSUER.to_owned(),
                jti: number.to_string(),
                iat: START,
                lifetime_seconds: 60,
            };
            let guess =
                Secret::new(format!("a guess of enough bytes, number {number}").into_bytes());
            let assertion = client_assertion::sign_hs256(&guess, &claims).unwrap();
            let node = Arc::clone(&node);
            tokio::spawn(async move { refusal(token(&node, &assertion).await).0 })
        })
        .collect();
    let mut judged = 0;
    for guessed in guessing {
        judged += usize::from(guessed.await.unwrap() == 400);
    }
    assert!(judged <= 21, "{judged} guesses were judged");
}

#[tokio::test]
async fn rule_s5_replays_count_and_a_refused_one_does_not_ask_storage() {
    let service = Service::new();
    let node = service.node().await;
    let key = new_key();
    add(&node, "machine", by_key(&[&key])).await;
    let used = signed(&key, &claims("machine", "used", START));
    token(&node, &used).await.unwrap();
    let mut last = 0;
    for _ in 0..40 {
        last = refusal(token(&node, &used).await).0;
    }
    assert_eq!(last, 429);
    let wrong = signed(&new_key(), &claims("machine", "wrong", START));
    let before = service.store.total_calls();
    assert_eq!(refusal(token(&node, &wrong).await).0, 429);
    assert_eq!(
        service.store.total_calls(),
        before,
        "what comes too early is not looked up"
    );
    let right = signed(&key, &claims("machine", "right", START));
    assert!(token(&node, &right).await.is_ok());
}

#[tokio::test]
async fn rule_s5_a_right_secret_in_the_wrong_way_forgives_nothing() {
    let service = Service::new();
    let node = service.node().await;
    let basic_only = ClientSettings {
        token_endpoint_auth_method: Some(AuthMethod::ClientSecretBasic),
        ..settings()
    };
    let client = TestClient::add(&node, "machine", basic_only).await;
    let wrong = TestClient {
        secret: "wrong".into(),
        ..client.at(client.door)
    };
    let mut statuses = Vec::new();
    for _ in 0..40 {
        statuses.push(refusal(wrong.token(&node).await.map(|_| ())).0);
        assert_eq!(refusal(client.token(&node).await.map(|_| ())).0, 401);
    }
    assert_eq!(statuses.last(), Some(&429));
}

#[tokio::test]
async fn what_is_not_offered_is_neither_advertised_nor_accepted() {
    let mut service = Service::new();
    let all = service.node().await;
    let key = new_key();
    add(&all, "machine", by_key(&[&key])).await;
    let with_secret = TestClient::add(&all, "with-secret", settings()).await;
    let told = serde_json::to_value(all.metadata()).unwrap();
    let methods = json!([
        "client_secret_basic",
        "client_secret_post",
        "private_key_jwt",
        "none"
    ]);
    assert_eq!(told["token_endpoint_auth_methods_supported"], methods);
    assert_eq!(told["revocation_endpoint_auth_methods_supported"], methods);
    let confidential = json!([
        "client_secret_basic",
        "client_secret_post",
        "private_key_jwt"
    ]);
    assert_eq!(
        told["introspection_endpoint_auth_methods_supported"],
        confidential
    );
    for endpoint in ["token", "revocation", "introspection"] {
        let algorithms = &told[format!("{endpoint}_endpoint_auth_signing_alg_values_supported")];
        assert_eq!(algorithms.as_array().unwrap().len(), 10, "{algorithms}");
        assert!(!algorithms.to_string().contains("HS256"));
    }

    service.settings.auth_methods =
        vec![AuthMethod::ClientSecretJwt, AuthMethod::ClientSecretBasic];
    let node = service.node().await;
    let told = serde_json::to_value(node.metadata()).unwrap();
    for endpoint in ["token", "revocation", "introspection"] {
        let methods = &told[format!("{endpoint}_endpoint_auth_methods_supported")];
        assert_eq!(
            *methods,
            json!(["client_secret_basic", "client_secret_jwt"])
        );
        let algorithms = &told[format!("{endpoint}_endpoint_auth_signing_alg_values_supported")];
        assert_eq!(*algorithms, json!(["HS256"]));
    }
    let assertion = signed(&key, &claims("machine", "1", START));
    let not_offered = |method: &str| {
        format!(
            "the authentication method {method} is not offered here; see token_endpoint_auth_methods_supported in the metadata"
        )
    };
    assert_eq!(
        refusal(token(&node, &assertion).await),
        (400, not_offered("private_key_jwt"))
    );
    let posted = refusal(with_secret.token(&node).await.map(|_| ()));
    assert_eq!(posted, (401, not_offered("client_secret_post")));
    let form = Form::parse(b"grant_type=refresh_token&refresh_token=x&client_id=a", &[]).unwrap();
    let named = node
        .token(TokenRequest::read(&[], &form).unwrap(), Origin::default())
        .await;
    assert_eq!(refusal(named.map(|_| ())), (401, not_offered("none")));

    service.settings.auth_methods = vec![AuthMethod::ClientSecretBasic];
    let told = serde_json::to_value(service.node().await.metadata()).unwrap();
    assert_eq!(
        told.get("token_endpoint_auth_signing_alg_values_supported"),
        None
    );
}
