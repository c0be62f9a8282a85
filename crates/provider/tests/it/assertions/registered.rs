//! What clients are registered with: keys, secrets that are kept for HS256, and how they change from one to the other.

use countersign_core::{AuthMethod, ClientSettings, Clock as _, Secret};
use countersign_jose::SigningKey;
use countersign_provider::{AddClientError, KeepSecret, SecretSource};
use countersign_storage::ClientStore as _;
use serde_json::{Value, json};

use super::{
    NOT_PROVEN, add, by_key, by_secret, claims, new_key, refusal, signed, signed_with, token,
};
use crate::common::{START, Service, TestClient, settings};

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
    add(&node, "machine", by_secret()).await;
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
    let id: countersign_core::ClientId = "machine".parse().unwrap();
    let off = service.node().await;
    let refused = off
        .add_client(id.clone(), by_secret(), SecretSource::Generated)
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
    let refused = node.add_client(id.clone(), by_secret(), short).await;
    assert!(matches!(refused, Err(AddClientError::SecretTooShort)));
    let secret = add(&node, "machine", by_secret()).await.unwrap();
    let assertion =
        |secret: &Secret<String>, jti: &str| signed_with(secret.expose(), jti, service.clock.now());
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
    let method = by_secret().token_endpoint_auth_method;
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
