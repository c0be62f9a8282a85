//! RULES A2 and A3: what goes on and what stops while storage does not answer.

use crate::common::{Service, TestClient, settings};
use countersign_core::{AccessTokenFormat, ClientSettings};
use countersign_protocol::ErrorCode;
use countersign_provider::Origin;
use countersign_storage::testing::Verb;

#[tokio::test]
async fn client_credentials_touches_no_storage() {
    for format in AccessTokenFormat::ALL {
        let service = Service::new();
        let node = service.node().await;
        let wanted = ClientSettings {
            access_token_format: Some(format),
            ..settings()
        };
        let client = TestClient::add(&node, "worker", wanted).await;
        client.token(&node).await.unwrap();
        let before = service.store.total_calls();
        for _ in 0..100 {
            client.token(&node).await.unwrap();
        }
        assert_eq!(service.store.total_calls(), before, "{format}");
    }
}

#[tokio::test]
async fn rule_a3_client_credentials_goes_on_from_memory_for_a_while() {
    let service = Service::new();
    let node = service.node().await;
    let client = TestClient::add(&node, "worker", settings()).await;
    client.token(&node).await.unwrap();
    service.store.switch_off();
    assert!(node.synchronize().await.is_err());

    service.clock.advance(300);
    assert!(client.token(&node).await.is_ok(), "within cache.max_stale");
    service.clock.advance(1);
    let refusal = client.token(&node).await.unwrap_err();
    assert_eq!(
        (refusal.error, refusal.status()),
        (ErrorCode::TemporarilyUnavailable, 503)
    );

    service.store.switch_on();
    node.synchronize().await.unwrap();
    assert!(client.token(&node).await.is_ok(), "storage is back");
}

#[tokio::test]
async fn rule_a3_an_unknown_client_is_not_refused_while_nobody_can_know() {
    let service = Service::new();
    let node = service.node().await;
    service.store.switch_off();
    let stranger = TestClient {
        id: "stranger".into(),
        secret: "x".into(),
        door: countersign_provider::Door::Standard,
    };
    assert_eq!(
        stranger.token(&node).await.unwrap_err().error,
        ErrorCode::TemporarilyUnavailable
    );
}

#[tokio::test]
async fn rule_a3_introspection_answers_neither_yes_nor_no_without_storage() {
    let service = Service::new();
    let node = service.node().await;
    let client = TestClient::add(&node, "worker", settings()).await;
    let token = client.token(&node).await.unwrap().access_token;
    service.store.switch_off();
    let refusal = client.introspect(&node, &token).await.unwrap_err();
    assert_eq!(refusal.status(), 503);
    assert!(!node.is_ready().await);
}

#[tokio::test]
async fn cve_2020_15223_a_storage_error_at_revocation_is_not_swallowed() {
    let service = Service::new();
    let node = service.node().await;
    let client = TestClient::add(&node, "worker", settings()).await;
    let token = client.token(&node).await.unwrap().access_token;
    service.store.switch_off();
    assert_eq!(
        client.revoke(&node, &token).await.unwrap_err().status(),
        503
    );
    service.store.switch_on();
    assert!(
        client.is_active(&node, &token).await,
        "nothing was consumed"
    );
    client.revoke(&node, &token).await.unwrap();
    assert!(!client.is_active(&node, &token).await);
}

#[tokio::test]
async fn rule_a3_a_client_whose_id_is_sent_encoded_is_known_from_memory() {
    use countersign_protocol::{Form, TokenRequest};

    let service = Service::new();
    let node = service.node().await;
    let client = TestClient::add(&node, "a b", settings()).await;
    let ask = async || {
        let pair = format!("a+b:{}", client.secret);
        let basic = countersign_jose::base64url::encode(pair.as_bytes());
        let basic = format!("Basic {}", basic.replace('-', "+").replace('_', "/"));
        let form = Form::parse(b"grant_type=client_credentials", &[]).unwrap();
        node.token(
            TokenRequest::read(&[&basic], &form).unwrap(),
            Origin::default(),
        )
        .await
    };
    ask().await.unwrap();
    service.store.switch_off();
    ask().await.unwrap();
}

#[tokio::test]
async fn rule_a3_keys_that_may_have_been_revoked_since_sign_nothing() {
    let service = Service::new();
    let node = service.node().await;
    let client = TestClient::add(&node, "worker", settings()).await;
    let token = client.token(&node).await.unwrap().access_token;
    // Storage answers, but nobody has listened to it.
    service.clock.advance(301);
    assert_eq!(client.token(&node).await.unwrap_err().status(), 503);
    assert_eq!(
        client.introspect(&node, &token).await.unwrap_err().status(),
        503
    );
    node.synchronize().await.unwrap();
    client.token(&node).await.unwrap();
}

#[tokio::test]
async fn rule_a3_after_reconnecting_nothing_old_is_served() {
    let service = Service::new();
    let (node, other) = (service.node().await, service.node().await);
    let client = TestClient::add(&other, "worker", settings()).await;
    client.token(&node).await.unwrap();
    service.store.switch_off();
    node.synchronize().await.unwrap_err();
    service.store.switch_on();
    other
        .remove_client(&"worker".parse().unwrap())
        .await
        .unwrap();
    node.synchronize().await.unwrap();
    assert_eq!(
        client.token(&node).await.unwrap_err().error,
        ErrorCode::InvalidClient
    );
}

#[tokio::test]
async fn rule_a3_after_reconnecting_clients_are_read_again() {
    let service = Service::new();
    let node = service.node().await;
    let client = TestClient::add(&node, "worker", settings()).await;
    client.token(&node).await.unwrap();
    service.store.switch_off();
    node.synchronize().await.unwrap_err();
    service.store.switch_on();
    node.synchronize().await.unwrap();
    let before = service.store.calls(Verb::FindClient);
    client.token(&node).await.unwrap();
    assert_eq!(service.store.calls(Verb::FindClient), before + 1);
}
