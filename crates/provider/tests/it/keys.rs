//! RULES T6 and A1: the life of keys, as those who verify tokens see it.

use crate::common::{Service, TestClient, settings};
use countersign_core::{AccessTokenFormat, ClientSettings, KeyId, KeyPurpose, SigningAlgorithm};
use countersign_jose::jws::UnverifiedHeader;
use countersign_provider::{KeyError, KeyPhase, Provider};

const ES256: KeyPurpose = KeyPurpose::Signing(SigningAlgorithm::Es256);

fn kid(token: &str) -> String {
    UnverifiedHeader::peek(token)
        .unwrap()
        .kid()
        .unwrap()
        .to_owned()
}

fn published(node: &Provider) -> Vec<String> {
    node.jwks()
        .keys
        .into_iter()
        .filter_map(|key| key.common.key_id)
        .collect()
}

fn of_phase(node: &Provider, purpose: KeyPurpose, phase: KeyPhase) -> Vec<KeyId> {
    let keys = node.key_status().into_iter();
    keys.filter(|key| key.purpose == purpose && key.phase == phase)
        .map(|key| key.id)
        .collect()
}

#[tokio::test]
async fn rule_t6_a_successor_is_published_before_it_signs_and_the_old_key_after() {
    let service = Service::new();
    let node = service.node().await;
    let client = TestClient::add(&node, "worker", settings()).await;
    let token = client.token(&node).await.unwrap().access_token;
    let old = kid(&token);

    node.rotate_key(ES256).await.unwrap();
    node.rotate_key(ES256).await.unwrap();
    let announced = of_phase(&node, ES256, KeyPhase::Announced);
    assert_eq!(announced.len(), 1, "one that waits is successor enough");
    let new = announced[0].to_string();
    assert!(published(&node).contains(&new), "announced");
    service.pass(&node, 304).await;
    assert_eq!(
        kid(&client.token(&node).await.unwrap().access_token),
        old,
        "not yet in use"
    );
    service.pass(&node, 1).await;
    assert_eq!(
        kid(&client.token(&node).await.unwrap().access_token),
        new,
        "in use"
    );
    assert!(
        published(&node).contains(&old),
        "what it signed is still verified"
    );
    assert!(client.is_active(&node, &token).await);

    let retention = i64::from(ClientSettings::MAX_ACCESS_TOKEN_LIFETIME) + 60;
    service.pass(&node, retention).await;
    assert!(!published(&node).contains(&old), "gone");
    node.sweep(100).await.unwrap();
    assert!(
        !node.key_status().iter().any(|key| key.id.as_str() == old),
        "and removed"
    );
}

#[tokio::test]
async fn rule_t6_a_revoked_key_takes_its_tokens_with_it() {
    for (format, purpose) in [
        (AccessTokenFormat::Jwt, ES256),
        (AccessTokenFormat::Opaque, KeyPurpose::OpaqueTokens),
    ] {
        let service = Service::new();
        let (node, other) = (service.node().await, service.node().await);
        let wanted = ClientSettings {
            access_token_format: Some(format),
            ..settings()
        };
        let client = TestClient::add(&node, "worker", wanted).await;
        let token = client.token(&node).await.unwrap().access_token;

        let leaked = of_phase(&node, purpose, KeyPhase::Active).remove(0);
        node.revoke_key(&leaked).await.unwrap();
        other.synchronize().await.unwrap();
        for node in [&node, &other] {
            assert!(!client.is_active(node, &token).await, "{format}");
            assert!(!published(node).contains(&leaked.to_string()));
            let fresh = client.token(node).await.unwrap().access_token;
            assert!(
                client.is_active(node, &fresh).await,
                "there is a successor at once"
            );
        }
    }
}

#[tokio::test]
async fn rule_t6_an_announced_key_steps_in_for_a_revoked_one() {
    let service = Service::new();
    let node = service.node().await;
    let neighbour = service.node().await;
    for purpose in [
        KeyPurpose::Signing(SigningAlgorithm::Es256),
        KeyPurpose::RefreshTokens,
        KeyPurpose::ClassicTokens,
    ] {
        let active = of_phase(&node, purpose, KeyPhase::Active).remove(0);
        node.rotate_key(purpose).await.unwrap();
        let announced = of_phase(&node, purpose, KeyPhase::Announced);
        node.revoke_key(&active).await.unwrap();
        neighbour.synchronize().await.unwrap();
        for node in [&node, &neighbour] {
            // Whoever checks its tokens has been told of it.
            assert_eq!(of_phase(node, purpose, KeyPhase::Active), announced);
            assert!(of_phase(node, purpose, KeyPhase::Announced).is_empty());
        }
        service.pass(&node, 100_000).await;
        assert_eq!(of_phase(&node, purpose, KeyPhase::Active), announced);
        // Nothing that was used before comes back, be there one that waits or not.
        node.rotate_key(purpose).await.unwrap();
        let third = of_phase(&node, purpose, KeyPhase::Announced);
        service.pass(&node, 90_000).await;
        assert_eq!(of_phase(&node, purpose, KeyPhase::Active), third);
        node.rotate_key(purpose).await.unwrap();
        let fourth = of_phase(&node, purpose, KeyPhase::Announced);
        node.revoke_key(&third[0]).await.unwrap();
        assert_eq!(of_phase(&node, purpose, KeyPhase::Active), fourth);
        let announced = fourth;
        // Without one that waits, another is drawn.
        node.revoke_key(&announced[0]).await.unwrap();
        let drawn = of_phase(&node, purpose, KeyPhase::Active);
        assert!(drawn.len() == 1 && drawn != announced);
        neighbour.synchronize().await.unwrap();
    }
}

#[tokio::test]
async fn the_pepper_of_client_secrets_is_not_rotated() {
    let service = Service::new();
    let node = service.node().await;
    let refused = node.rotate_key(KeyPurpose::ClientSecrets).await;
    assert!(matches!(refused, Err(KeyError::NotRotated(_))));
    let pepper = of_phase(&node, KeyPurpose::ClientSecrets, KeyPhase::Active).remove(0);
    assert!(matches!(
        node.revoke_key(&pepper).await,
        Err(KeyError::NotRotated(_))
    ));
    let unknown: KeyId = "nobody".parse().unwrap();
    assert!(matches!(
        node.revoke_key(&unknown).await,
        Err(KeyError::Unknown(_))
    ));
}

#[tokio::test]
async fn every_algorithm_signs_what_the_jwks_verifies() {
    let service = Service::new();
    let node = service.node().await;
    for algorithm in SigningAlgorithm::ALL {
        let wanted = ClientSettings {
            access_token_signed_response_alg: Some(algorithm),
            ..settings()
        };
        let client = TestClient::add(&node, algorithm.name(), wanted).await;
        let token = client.token(&node).await.unwrap().access_token;
        assert_eq!(
            UnverifiedHeader::peek(&token).unwrap().alg(),
            Some(algorithm.name())
        );
        let (keys, refused) = countersign_jose::VerifyingKeys::from_jwk_set(&node.jwks());
        assert!(refused.is_empty());
        assert!(
            countersign_jose::jws::verify(&token, &keys).is_ok(),
            "{algorithm}"
        );
        assert!(client.is_active(&node, &token).await, "{algorithm}");
    }
}

#[tokio::test]
async fn the_end_of_a_token_is_to_the_second() {
    for format in AccessTokenFormat::ALL {
        let service = Service::new();
        let node = service.node().await;
        let wanted = ClientSettings {
            access_token_format: Some(format),
            ..settings()
        };
        let client = TestClient::add(&node, "worker", wanted).await;
        let token = client.token(&node).await.unwrap().access_token;
        service.pass(&node, 599).await;
        assert!(client.is_active(&node, &token).await, "{format}");
        service.pass(&node, 1).await;
        assert!(!client.is_active(&node, &token).await, "{format}");
        assert_eq!(client.revoke(&node, &token).await, Ok(()), "RFC 7009 §2.2");
    }
}

#[tokio::test]
async fn another_master_key_is_told_apart_at_the_start() {
    use countersign_core::Secret;
    use countersign_provider::{Host, MasterKey, Settings};
    use std::sync::Arc;

    let service = Service::new();
    service.node().await;
    let host = Host {
        clock: Arc::clone(&service.clock) as _,
        random: Arc::new(crate::common::Counting),
        master_key: MasterKey::new(Secret::new([8; 32])),
        key_sets: None,
    };
    let settings = Settings::new("https://as.example".parse().unwrap());
    let started = Provider::start(Arc::clone(&service.store) as _, settings, host).await;
    assert!(matches!(started.err(), Some(KeyError::WrongMasterKey(_))));
}

#[tokio::test]
async fn a_token_from_a_clock_ahead_is_good_within_the_allowance() {
    let service = Service::new();
    let node = service.node().await;
    let client = TestClient::add(&node, "worker", settings()).await;
    let token = client.token(&node).await.unwrap().access_token;
    // Another node, whose clock is behind.
    service.clock.advance(-60);
    let behind = service.node().await;
    assert!(client.is_active(&behind, &token).await);
    service.clock.advance(-1);
    let further_behind = service.node().await;
    assert!(!client.is_active(&further_behind, &token).await);
}
