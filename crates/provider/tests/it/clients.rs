//! RULES S1 and RFC 6749 §5.2: secrets by where their strength comes from, and what a client may not do.

use crate::common::{Service, TestClient, settings};
use countersign_core::{AuthMethod, ClientSettings, Secret, SecretHash};
use countersign_protocol::ErrorCode;
use countersign_provider::{AddClientError, MAX_SECRET_BYTES, SecretSource};
use countersign_storage::ClientStore as _;

#[tokio::test]
async fn rule_s1_generated_secrets_are_kept_as_a_mac_bound_to_their_client() {
    let service = Service::new();
    let node = service.node().await;
    let (a, b) = (
        TestClient::add(&node, "a", settings()).await,
        TestClient::add(&node, "b", settings()).await,
    );
    assert!(a.secret.starts_with("cs_sec_") && a.secret.len() == 7 + 43);
    let kept = service
        .store
        .find_client(&"a".parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    assert!(matches!(kept.secrets[0].hash, SecretHash::Keyed { .. }));
    let swapped = TestClient {
        id: a.id,
        secret: b.secret,
        door: countersign_provider::Door::Standard,
    };
    assert_eq!(
        swapped.token(&node).await.unwrap_err().error,
        ErrorCode::InvalidClient
    );
}

#[tokio::test]
async fn rule_s1_given_secrets_are_hashed_and_short_ones_marked() {
    let service = Service::new();
    let node = service.node().await;
    for (id, secret, weak) in [
        ("short", "fifteen-bytes!!", true),
        ("long", "sixteen--bytes!!", false),
    ] {
        let client = TestClient::add_with_secret(&node, id, secret).await;
        assert!(client.token(&node).await.is_ok());
        let kept = service
            .store
            .find_client(&id.parse().unwrap())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(kept.secrets[0].weak, weak);
        match &kept.secrets[0].hash {
            SecretHash::Argon2id { phc } => {
                assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
            }
            SecretHash::Keyed { .. } => panic!("a given secret must be hashed"),
        }
        let wrong = TestClient {
            id: id.into(),
            secret: format!("{secret}x"),
            door: countersign_provider::Door::Standard,
        };
        assert_eq!(
            wrong.token(&node).await.unwrap_err().error,
            ErrorCode::InvalidClient
        );
    }
}

#[tokio::test]
async fn rule_s1_what_was_learnt_of_a_secret_ends_with_its_client() {
    let service = Service::new();
    let node = service.node().await;
    let client = TestClient::add_with_secret(&node, "worker", "chosen-by-a-person").await;
    client.token(&node).await.unwrap();
    node.remove_client(&"worker".parse().unwrap())
        .await
        .unwrap();
    TestClient::add_with_secret(&node, "worker", "chosen-by-another").await;
    assert_eq!(
        client.token(&node).await.unwrap_err().error,
        ErrorCode::InvalidClient
    );
}

#[tokio::test]
async fn secrets_that_cannot_be_are_refused() {
    let service = Service::new();
    let node = service.node().await;
    let add = async |settings, secret: String| {
        let source = SecretSource::Given(Secret::new(secret));
        node.add_client("worker".parse().unwrap(), settings, source)
            .await
            .unwrap_err()
    };
    assert!(matches!(
        add(settings(), String::new()).await,
        AddClientError::EmptySecret
    ));
    let long = "x".repeat(MAX_SECRET_BYTES + 1);
    assert!(matches!(
        add(settings(), long).await,
        AddClientError::SecretTooLong
    ));
    let public = ClientSettings {
        token_endpoint_auth_method: Some(AuthMethod::None),
        grant_types: vec![countersign_core::GrantType::RefreshToken],
        ..settings()
    };
    assert!(matches!(
        add(public, "x".into()).await,
        AddClientError::PublicWithSecret
    ));
}

#[tokio::test]
async fn a_client_id_is_taken_once() {
    let service = Service::new();
    let node = service.node().await;
    TestClient::add(&node, "worker", settings()).await;
    let again = node.add_client(
        "worker".parse().unwrap(),
        settings(),
        SecretSource::Generated,
    );
    assert!(matches!(again.await, Err(AddClientError::Taken(_))));
}

#[tokio::test]
async fn rfc6749_56_a_grant_type_that_is_not_the_clients_is_refused() {
    let service = Service::new();
    let node = service.node().await;
    let other = ClientSettings {
        grant_types: vec![countersign_core::GrantType::RefreshToken],
        ..settings()
    };
    let client = TestClient::add(&node, "worker", other).await;
    assert_eq!(
        client.token(&node).await.unwrap_err().error,
        ErrorCode::UnauthorizedClient
    );
}
