//! Clients that publish their keys under a `jwks_uri`: fetched once for all who wait, kept through an outage, and asked for
//! again when a key is unknown.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use countersign_core::{AuthMethod, ClientSettings, JwksUri};
use countersign_jose::{JwkSet, SigningKey};
use countersign_provider::{
    AddClientError, FetchError, FetchKeySet, FetchedKeySet, Provider, SecretSource,
};

use crate::assertions::{add, claims, new_key, refusal, signed, token};
use crate::common::{Service, settings};

/// What is published, and how often it was asked for.
struct Published {
    answer: Mutex<Result<FetchedKeySet, FetchError>>,
    asked: AtomicU64,
}

#[async_trait]
impl FetchKeySet for Published {
    async fn fetch(&self, uri: &JwksUri) -> Result<FetchedKeySet, FetchError> {
        assert_eq!(uri.as_str(), "https://client.example/jwks");
        self.asked.fetch_add(1, Ordering::SeqCst);
        // Whoever comes meanwhile comes too late to begin another fetch.
        tokio::time::sleep(Duration::from_millis(20)).await;
        self.answer.lock().unwrap().clone()
    }
}

impl Published {
    fn of(keys: &[&SigningKey]) -> Arc<Self> {
        let published = Self {
            answer: Mutex::new(Err(FetchError::TimedOut)),
            asked: AtomicU64::new(0),
        };
        published.publish(keys);
        Arc::new(published)
    }

    fn publish(&self, keys: &[&SigningKey]) {
        let keys = keys.iter().map(|key| key.public_jwk().clone()).collect();
        let json = serde_json::to_vec(&JwkSet { keys }).unwrap();
        self.answers(Ok(FetchedKeySet {
            json,
            max_age: Some(600),
        }));
    }

    fn answers(&self, answer: Result<FetchedKeySet, FetchError>) {
        *self.answer.lock().unwrap() = answer;
    }

    fn asked(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }
}

fn publishing() -> ClientSettings {
    ClientSettings {
        token_endpoint_auth_method: Some(AuthMethod::PrivateKeyJwt),
        jwks_uri: "https://client.example/jwks".parse().ok(),
        ..settings()
    }
}

/// A service with a client that publishes its keys.
async fn with_client(published: &Arc<Published>) -> (Service, Arc<Provider>) {
    let mut service = Service::new();
    service.key_sets = Some(Arc::clone(published) as _);
    let node = Arc::new(service.node().await);
    add(&node, "machine", publishing()).await;
    (service, node)
}

/// Whether the client gets a token with a new assertion under `key`.
async fn opens(service: &Service, node: &Provider, key: &SigningKey) -> bool {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let jti = NEXT.fetch_add(1, Ordering::SeqCst).to_string();
    let assertion = signed(key, &claims("machine", &jti, service.clock()));
    token(node, &assertion).await.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_fetch_serves_all_who_wait_and_all_who_come_later() {
    let key = new_key();
    let published = Published::of(&[&key]);
    let (service, node) = with_client(&published).await;
    assert_eq!(published.asked(), 0, "nobody has needed them");
    let now = service.clock();
    let waiting: Vec<_> = (0..64)
        .map(|n| {
            let assertion = signed(&key, &claims("machine", &format!("w{n}"), now));
            let node = Arc::clone(&node);
            tokio::spawn(async move { token(&node, &assertion).await.map(|_| ()) })
        })
        .collect();
    for waited in waiting {
        assert_eq!(waited.await.unwrap(), Ok(()));
    }
    assert!(opens(&service, &node, &key).await);
    assert_eq!(published.asked(), 1);
}

#[tokio::test]
async fn who_waits_and_hangs_up_ends_nothing_for_the_others() {
    let key = new_key();
    let published = Published::of(&[&key]);
    let (service, node) = with_client(&published).await;
    let impatient = opens(&service, &node, &key);
    let gone = tokio::time::timeout(Duration::from_millis(5), impatient).await;
    assert!(gone.is_err(), "it waited for the fetch");
    assert!(opens(&service, &node, &key).await);
    assert_eq!(published.asked(), 1);
}

#[tokio::test]
async fn a_new_key_is_asked_for_and_a_flood_of_unknown_ones_is_not() {
    let (old, new, stranger) = (new_key(), new_key(), new_key());
    let published = Published::of(&[&old]);
    let (service, node) = with_client(&published).await;
    assert!(opens(&service, &node, &old).await);
    published.publish(&[&old, &new]);
    service.clock.advance(30);
    assert!(opens(&service, &node, &new).await, "the client has rotated");
    assert_eq!(published.asked(), 2);
    for _ in 0..20 {
        assert!(!opens(&service, &node, &stranger).await);
    }
    assert_eq!(published.asked(), 2, "it was asked a moment ago");
    service.clock.advance(30);
    assert!(!opens(&service, &node, &stranger).await);
    assert!(!opens(&service, &node, &stranger).await);
    assert_eq!(published.asked(), 3);
}

#[tokio::test]
async fn keys_are_kept_through_an_outage_and_a_key_that_was_taken_away_is_gone() {
    let (old, new) = (new_key(), new_key());
    let published = Published::of(&[&old]);
    let (service, node) = with_client(&published).await;
    assert!(opens(&service, &node, &old).await);
    for fault in [
        Err(FetchError::TimedOut),
        Err(FetchError::Status(500)),
        Err(FetchError::Redirect(302)),
        Ok(FetchedKeySet {
            json: b"<html>".to_vec(),
            max_age: None,
        }),
        Ok(FetchedKeySet {
            json: br#"{"keys":[],"keys":[]}"#.to_vec(),
            max_age: None,
        }),
    ] {
        published.answers(fault.clone());
        service.pass(&node, 700).await;
        let asked = published.asked();
        assert!(opens(&service, &node, &old).await, "{fault:?}");
        tokio::time::sleep(Duration::from_millis(60)).await;
        assert_eq!(published.asked(), asked + 1, "it was tried behind the back");
        assert!(opens(&service, &node, &old).await, "{fault:?}");
    }
    published.publish(&[&new]);
    service.pass(&node, 700).await;
    assert!(opens(&service, &node, &new).await);
    assert!(!opens(&service, &node, &old).await);
}

#[tokio::test]
async fn a_key_that_takes_the_name_of_another_one_is_asked_for() {
    let (old, new) = (new_key(), new_key());
    let mut under_its_name = old.public_jwk().clone();
    under_its_name.common.key_id = Some(new.id().as_str().to_owned());
    let published = Published::of(&[]);
    let set = JwkSet {
        keys: vec![under_its_name],
    };
    published.answers(Ok(FetchedKeySet {
        json: serde_json::to_vec(&set).unwrap(),
        max_age: Some(3_600),
    }));
    let (service, node) = with_client(&published).await;
    assert!(
        !opens(&service, &node, &new).await,
        "its name stands for another key"
    );
    published.publish(&[&new]);
    assert!(
        !opens(&service, &node, &new).await,
        "it was asked a moment ago"
    );
    assert_eq!(published.asked(), 1);
    service.clock.advance(30);
    assert!(opens(&service, &node, &new).await);
    assert_eq!(published.asked(), 2);
}

#[tokio::test]
async fn a_key_that_was_taken_away_is_gone_after_an_hour_whatever_was_said_before() {
    let (old, new) = (new_key(), new_key());
    let published = Published::of(&[&old]);
    let answer = published.answer.lock().unwrap().clone();
    published.answers(answer.map(|it| FetchedKeySet {
        max_age: Some(86_400),
        ..it
    }));
    let (service, node) = with_client(&published).await;
    assert!(opens(&service, &node, &old).await);
    published.publish(&[&new]);
    service.pass(&node, 3_600).await;
    let _it_is_asked_for = opens(&service, &node, &old).await;
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert!(!opens(&service, &node, &old).await);
}

#[tokio::test]
async fn without_any_keys_nothing_can_be_said() {
    let key = new_key();
    let published = Published::of(&[&key]);
    published.answers(Err(FetchError::Forbidden));
    let (service, node) = with_client(&published).await;
    let assertion = signed(&key, &claims("machine", "1", service.clock()));
    let (status, text) = refusal(token(&node, &assertion).await);
    assert_eq!(status, 503);
    assert!(text.contains("jwks_uri"), "{text}");
    published.publish(&[&key]);
    service.pass(&node, 30).await;
    assert_eq!(
        token(&node, &assertion).await.map(|_| ()),
        Ok(()),
        "and nothing was consumed"
    );
}

#[tokio::test]
async fn who_cannot_fetch_takes_no_such_client() {
    let service = Service::new();
    let node = service.node().await;
    let id = "machine".parse().unwrap();
    let added = node
        .add_client(id, publishing(), SecretSource::Generated)
        .await;
    assert!(matches!(added, Err(AddClientError::KeysNotFetched)));
}
