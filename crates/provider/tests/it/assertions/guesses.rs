//! RULES S5: wrong and replayed assertions slow down whoever sends them, and nobody else.

use std::sync::Arc;

use countersign_core::{AuthMethod, ClientSettings, Secret};
use countersign_provider::SecretSource;

use super::{add, by_key, by_secret, claims, new_key, refusal, signed, signed_with, token};
use crate::common::{Backend, START, Service, TestClient, settings};

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
    let chosen = "correct horse battery staple and more";
    let source = SecretSource::Given(Secret::new(chosen.to_owned()));
    node.add_client("machine".parse().unwrap(), by_secret(), source)
        .await
        .unwrap();
    let by = |secret: &str, jti: &str| signed_with(secret, jti, START);
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
    let source = SecretSource::Given(Secret::new("correct horse battery staple and more".into()));
    node.add_client("machine".parse().unwrap(), by_secret(), source)
        .await
        .unwrap();
    let guessing: Vec<_> = (0..400)
        .map(|number| {
            let guess = format!("a guess of enough bytes, number {number}");
            let assertion = signed_with(&guess, &number.to_string(), START);
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
