//! The rules about a store that is opened again: what was answered is there.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::entries;
use super::samples::{NOW, client, create, key, key_id, token, varied_clients, varied_keys};
use crate::{
    AnnounceKeys, Change, CreateClient, Deployment, KeyRing, Liveness, LivenessQuery,
    MarkDeployment, RevokeKey, RevokeToken, Store,
};

/// Clients come back with every field.
pub async fn clients_outlive_the_store(open: impl AsyncFn() -> Arc<dyn Store>) {
    let store = open().await;
    for new in varied_clients() {
        let created = store.create_client(new).await;
        assert!(
            matches!(created, Ok(CreateClient::Created(_))),
            "{created:?}"
        );
    }
    assert!(
        store
            .remove_client(&client("plain").client_id, NOW)
            .await
            .is_ok()
    );
    let before = store.list_clients(None, 1_000).await;
    assert_eq!(
        before.as_ref().map(Vec::len),
        Ok(varied_clients().len() - 1)
    );
    drop(store);
    assert_eq!(open().await.list_clients(None, 1_000).await, before);
}

/// RULES R10: no epoch is drawn twice, not even when the client with the latest one was removed.
pub async fn rule_r10_epochs_go_on(open: impl AsyncFn() -> Arc<dyn Store>) {
    let mut epochs = BTreeSet::new();
    for round in 0..4 {
        let store = open().await;
        let client = create(&*store, "a").await;
        assert!(
            epochs.insert(client.epoch),
            "{:?} came twice, round {round}",
            client.epoch
        );
        assert!(store.remove_client(&client.client_id, NOW).await.is_ok());
    }
}

/// Keys come back with every field, and the version of the ring with them.
pub async fn keys_outlive_the_store(open: impl AsyncFn() -> Arc<dyn Store>) {
    let store = open().await;
    assert!(store.announce_keys(0, varied_keys()).await.is_ok());
    assert_eq!(
        store.revoke_key(&key_id("key-0"), NOW).await,
        Ok(RevokeKey::Revoked)
    );
    drop(store);
    let mut keys = varied_keys();
    keys[0].revoked_at = Some(NOW);
    let store = open().await;
    assert_eq!(store.key_ring().await, Ok(KeyRing { version: 2, keys }));
    let stale = store.announce_keys(0, vec![key("later")]).await;
    assert_eq!(stale, Ok(AnnounceKeys::Stale { version: 2 }));
}

/// A revoked token stays dead.
pub async fn revocations_outlive_the_store(open: impl AsyncFn() -> Arc<dyn Store>) {
    let store = open().await;
    let client = create(&*store, "a").await;
    let (dead, live) = (token(client.epoch), token(client.epoch));
    assert_eq!(
        store.revoke_token(&dead, NOW.plus(600)).await,
        Ok(RevokeToken::Revoked)
    );
    drop(store);
    let store = open().await;
    for (token, expected) in [(dead, Liveness::TokenRevoked), (live, Liveness::Live)] {
        let query = LivenessQuery {
            client_id: client.client_id.clone(),
            token,
        };
        assert_eq!(store.liveness(&query).await, Ok(expected));
    }
    let again = store.revoke_token(&dead, NOW.plus(600)).await;
    assert_eq!(again, Ok(RevokeToken::AlreadyRevoked));
}

/// RULES N1: a cursor keeps its place while the store is closed.
pub async fn rule_n1_change_feed_goes_on(open: impl AsyncFn() -> Arc<dyn Store>) {
    let store = open().await;
    create(&*store, "a").await;
    let cursor = store.change_head().await.expect("the store is up");
    create(&*store, "b").await;
    drop(store);
    let store = open().await;
    create(&*store, "c").await;
    let changes = store.changes_since(&cursor).await.expect("the store is up");
    let expected = ["b", "c"].map(|name| Change::Client(client(name).client_id));
    assert_eq!(entries(changes).1, expected);
}

/// RULES O3: the mark stays.
pub async fn rule_o3_deployment_mark_outlives_the_store(open: impl AsyncFn() -> Arc<dyn Store>) {
    let marked = open().await.mark_deployment(Deployment::Development).await;
    assert_eq!(marked, Ok(MarkDeployment::Marked));
    let again = open().await.mark_deployment(Deployment::Production).await;
    assert_eq!(again, Ok(MarkDeployment::Already(Deployment::Development)));
}
