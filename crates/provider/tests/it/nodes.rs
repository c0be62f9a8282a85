//! RULES A2, N1 and R10: what one node does, the others know.

use crate::common::{Service, TestClient, settings};
use countersign_protocol::ErrorCode;

#[tokio::test]
async fn rule_a2_a_revoked_token_is_dead_on_every_node_at_once() {
    let service = Service::new();
    let (node, other) = (service.node().await, service.node().await);
    let client = TestClient::add(&node, "worker", settings()).await;
    let token = client.token(&node).await.unwrap().access_token;
    assert!(client.is_active(&other, &token).await);
    client.revoke(&node, &token).await.unwrap();
    assert!(
        !client.is_active(&other, &token).await,
        "without any synchronization"
    );
}

#[tokio::test]
async fn rule_n1_a_removed_client_is_refused_after_the_next_synchronization() {
    let service = Service::new();
    let (node, other) = (service.node().await, service.node().await);
    let client = TestClient::add(&node, "worker", settings()).await;
    client.token(&other).await.unwrap();
    node.remove_client(&"worker".parse().unwrap())
        .await
        .unwrap();
    other.synchronize().await.unwrap();
    assert_eq!(
        client.token(&other).await.unwrap_err().error,
        ErrorCode::InvalidClient
    );
}

#[tokio::test]
async fn rule_r10_a_client_of_the_same_name_revives_nothing() {
    let service = Service::new();
    let node = service.node().await;
    let old = TestClient::add(&node, "worker", settings()).await;
    let token = old.token(&node).await.unwrap().access_token;
    node.remove_client(&"worker".parse().unwrap())
        .await
        .unwrap();
    let new = TestClient::add(&node, "worker", settings()).await;
    assert!(!new.is_active(&node, &token).await);
    assert_eq!(
        old.token(&node).await.unwrap_err().error,
        ErrorCode::InvalidClient
    );
}

#[tokio::test]
async fn nodes_that_start_at_once_on_an_empty_store_agree_on_the_keys() {
    let service = std::sync::Arc::new(Service::new());
    let starting: Vec<_> = (0..8)
        .map(|_| {
            let service = std::sync::Arc::clone(&service);
            tokio::spawn(async move { service.first_node().await })
        })
        .collect();
    let mut seen = Vec::new();
    for node in starting {
        let node = node.await.unwrap();
        let mut kids: Vec<_> = node.key_status().into_iter().map(|key| key.id).collect();
        kids.sort();
        seen.push(kids);
    }
    seen.dedup();
    assert_eq!(seen.len(), 1, "all nodes hold the same ring");
}

#[tokio::test]
async fn a_client_that_was_added_again_works_in_its_first_request() {
    let service = Service::new();
    let (node, other) = (service.node().await, service.node().await);
    let old = TestClient::add(&node, "worker", settings()).await;
    old.token(&other).await.unwrap();
    node.remove_client(&"worker".parse().unwrap())
        .await
        .unwrap();
    let new = TestClient::add(&node, "worker", settings()).await;
    new.token(&other).await.unwrap();
    assert_eq!(
        old.token(&other).await.unwrap_err().error,
        ErrorCode::InvalidClient,
        "without any synchronization"
    );
}
