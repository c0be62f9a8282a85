//! Clients that authenticate by a signed JWT: RFC 7523 §3, RULES N3, attack classes 36 to 38.

mod claims;
mod guesses;
mod registered;

use std::sync::Arc;

use countersign_core::{AuthMethod, ClientSettings, Secret, SigningAlgorithm, Timestamp};
use countersign_jose::client_assertion::{self, AssertionClaims};
use countersign_jose::{JwkSet, SigningKey, hmac_jws, jws};
use countersign_protocol::{
    ErrorCode, ErrorResponse, Form, IntrospectionRequest, IntrospectionResponse, JWT_BEARER,
    RevocationRequest, TokenRequest,
};
use countersign_provider::{Origin, Provider, SecretSource};
use serde_json::{Value, json};

use crate::common::{START, Service, TestClient, on_both_backends, settings};

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

/// What a client may do that proves who it is by a secret that it does not send.
fn by_secret() -> ClientSettings {
    ClientSettings {
        token_endpoint_auth_method: Some(AuthMethod::ClientSecretJwt),
        ..settings()
    }
}

/// A right assertion of the client `machine`, if this is its secret.
fn signed_with(secret: &str, jti: &str, now: Timestamp) -> String {
    let claims = AssertionClaims {
        client_id: "machine".to_owned(),
        issuer: ISSUER.to_owned(),
        jti: jti.to_owned(),
        iat: now,
        lifetime_seconds: 60,
    };
    let secret = Secret::new(secret.as_bytes().to_vec());
    client_assertion::sign_hs256(&secret, &claims).unwrap()
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
