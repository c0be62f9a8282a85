//! A store for tests of those who use one: it can be switched off, and it counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use countersign_core::{Client, ClientId, KeyId, KeyRecord, NewClient, Timestamp, TokenId};

use crate::{
    AnnounceKeys, ChangeCursor, ChangeFeed, Changes, ClientStore, CreateClient, Deployment,
    KeyRing, KeyStore, Liveness, LivenessQuery, Maintenance, MarkDeployment, RemoveClient,
    RemoveKeys, RevokeKey, RevokeToken, Store, StoreError, TokenStore,
};

/// The verbs of a [`Store`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verb {
    /// [`ClientStore::create_client`]
    CreateClient,
    /// [`ClientStore::find_client`]
    FindClient,
    /// [`ClientStore::list_clients`]
    ListClients,
    /// [`ClientStore::remove_client`]
    RemoveClient,
    /// [`KeyStore::key_ring`]
    KeyRing,
    /// [`KeyStore::announce_keys`]
    AnnounceKeys,
    /// [`KeyStore::revoke_key`]
    RevokeKey,
    /// [`KeyStore::remove_keys`]
    RemoveKeys,
    /// [`TokenStore::revoke_token`]
    RevokeToken,
    /// [`TokenStore::liveness`]
    Liveness,
    /// [`ChangeFeed::changes_since`]
    ChangesSince,
    /// [`ChangeFeed::change_head`]
    ChangeHead,
    /// [`Maintenance::ping`]
    Ping,
    /// [`Maintenance::sweep`]
    Sweep,
    /// [`Maintenance::mark_deployment`]
    MarkDeployment,
}

const VERBS: usize = Verb::MarkDeployment as usize + 1;

/// Wraps a store, counts the calls of each verb, and fails all of them while it is switched off.
///
/// ```
/// use std::sync::Arc;
///
/// use countersign_storage::testing::{FailingStore, Verb};
/// use countersign_storage::{Maintenance, MemoryStore, StoreError};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let store = FailingStore::new(Arc::new(MemoryStore::new()));
/// assert!(store.ping().await.is_ok());
/// store.switch_off();
/// assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
/// assert_eq!(store.calls(Verb::Ping), 2);
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct FailingStore {
    inner: Arc<dyn Store>,
    off: AtomicBool,
    calls: [AtomicU64; VERBS],
}

impl FailingStore {
    /// `inner`, switched on.
    #[must_use]
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self {
            inner,
            off: AtomicBool::new(false),
            calls: Default::default(),
        }
    }

    /// From now on every call fails with [`StoreError::Unavailable`] and changes nothing.
    pub fn switch_off(&self) {
        self.off.store(true, Ordering::SeqCst);
    }

    /// From now on every call reaches the inner store again.
    pub fn switch_on(&self) {
        self.off.store(false, Ordering::SeqCst);
    }

    /// How often `verb` was called, the failed calls included.
    #[must_use]
    pub fn calls(&self, verb: Verb) -> u64 {
        self.calls[verb as usize].load(Ordering::SeqCst)
    }

    /// How often any verb was called, the failed calls included.
    #[must_use]
    pub fn total_calls(&self) -> u64 {
        self.calls
            .iter()
            .map(|count| count.load(Ordering::SeqCst))
            .sum()
    }

    fn reach(&self, verb: Verb) -> Result<&dyn Store, StoreError> {
        self.calls[verb as usize].fetch_add(1, Ordering::SeqCst);
        if self.off.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("switched off by a test".into()));
        }
        Ok(&*self.inner)
    }
}

#[async_trait]
impl ClientStore for FailingStore {
    async fn create_client(&self, client: NewClient) -> Result<CreateClient, StoreError> {
        self.reach(Verb::CreateClient)?.create_client(client).await
    }

    async fn find_client(&self, client_id: &ClientId) -> Result<Option<Client>, StoreError> {
        self.reach(Verb::FindClient)?.find_client(client_id).await
    }

    async fn list_clients(
        &self,
        after: Option<&ClientId>,
        limit: u32,
    ) -> Result<Vec<Client>, StoreError> {
        self.reach(Verb::ListClients)?
            .list_clients(after, limit)
            .await
    }

    async fn remove_client(
        &self,
        client_id: &ClientId,
        now: Timestamp,
    ) -> Result<RemoveClient, StoreError> {
        self.reach(Verb::RemoveClient)?
            .remove_client(client_id, now)
            .await
    }
}

#[async_trait]
impl KeyStore for FailingStore {
    async fn key_ring(&self) -> Result<KeyRing, StoreError> {
        self.reach(Verb::KeyRing)?.key_ring().await
    }

    async fn announce_keys(
        &self,
        expected_version: u64,
        keys: Vec<KeyRecord>,
    ) -> Result<AnnounceKeys, StoreError> {
        self.reach(Verb::AnnounceKeys)?
            .announce_keys(expected_version, keys)
            .await
    }

    async fn revoke_key(&self, id: &KeyId, at: Timestamp) -> Result<RevokeKey, StoreError> {
        self.reach(Verb::RevokeKey)?.revoke_key(id, at).await
    }

    async fn remove_keys(
        &self,
        expected_version: u64,
        ids: &[KeyId],
        now: Timestamp,
    ) -> Result<RemoveKeys, StoreError> {
        self.reach(Verb::RemoveKeys)?
            .remove_keys(expected_version, ids, now)
            .await
    }
}

#[async_trait]
impl TokenStore for FailingStore {
    async fn revoke_token(
        &self,
        token: &TokenId,
        expires_at: Timestamp,
    ) -> Result<RevokeToken, StoreError> {
        self.reach(Verb::RevokeToken)?
            .revoke_token(token, expires_at)
            .await
    }

    async fn liveness(&self, query: &LivenessQuery) -> Result<Liveness, StoreError> {
        self.reach(Verb::Liveness)?.liveness(query).await
    }
}

#[async_trait]
impl ChangeFeed for FailingStore {
    async fn changes_since(&self, cursor: &ChangeCursor) -> Result<Changes, StoreError> {
        self.reach(Verb::ChangesSince)?.changes_since(cursor).await
    }

    async fn change_head(&self) -> Result<ChangeCursor, StoreError> {
        self.reach(Verb::ChangeHead)?.change_head().await
    }
}

#[async_trait]
impl Maintenance for FailingStore {
    async fn ping(&self) -> Result<(), StoreError> {
        self.reach(Verb::Ping)?.ping().await
    }

    async fn sweep(&self, now: Timestamp, limit: u32) -> Result<u32, StoreError> {
        self.reach(Verb::Sweep)?.sweep(now, limit).await
    }

    async fn mark_deployment(&self, deployment: Deployment) -> Result<MarkDeployment, StoreError> {
        self.reach(Verb::MarkDeployment)?
            .mark_deployment(deployment)
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryStore;
    use crate::contract::samples::{NOW, client, key, key_id, token};

    #[test]
    fn switched_off_store_fails_every_verb_and_changes_nothing() {
        crate::contract::run(async {
            let inner: Arc<dyn Store> = Arc::new(MemoryStore::new());
            let store = FailingStore::new(Arc::clone(&inner));
            let a = client("a").client_id;
            let id = token(countersign_core::Epoch::from_number(1));
            let query = LivenessQuery {
                client_id: a.clone(),
                token: id,
            };
            let head = inner.change_head().await.unwrap();
            let calls = async || {
                [
                    store.create_client(client("a")).await.err(),
                    store.find_client(&a).await.err(),
                    store.list_clients(None, 1).await.err(),
                    store.remove_client(&a, NOW).await.err(),
                    store.key_ring().await.err(),
                    store.announce_keys(0, vec![key("k")]).await.err(),
                    store.revoke_key(&key_id("k"), NOW).await.err(),
                    store.remove_keys(2, &[key_id("k")], NOW).await.err(),
                    store.revoke_token(&id, NOW).await.err(),
                    store.liveness(&query).await.err(),
                    store.changes_since(&head).await.err(),
                    store.change_head().await.err(),
                    store.ping().await.err(),
                    store.sweep(NOW, 1).await.err(),
                    store.mark_deployment(Deployment::Production).await.err(),
                ]
            };

            store.switch_off();
            let unavailable = |it: &Option<_>| matches!(it, Some(StoreError::Unavailable(_)));
            assert!(calls().await.iter().all(unavailable));
            assert_eq!(inner.change_head().await.unwrap(), head);
            assert_eq!(inner.sweep(NOW, 10).await, Ok(0));

            store.switch_on();
            assert_eq!(calls().await.iter().flatten().next(), None);
            assert_eq!(store.calls(Verb::CreateClient), 2);
            assert_eq!(store.calls(Verb::MarkDeployment), 2);
            assert_eq!(store.total_calls(), 2 * u64::try_from(VERBS).unwrap());
        });
    }
}
