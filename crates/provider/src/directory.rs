//! The clients that are known, in memory: never more than a second behind storage while it answers (RULES A2, N1).

use std::sync::{Arc, Mutex, PoisonError};

use countersign_core::{Client, ClientId, Timestamp};
use countersign_jose::VerifyingKeys;
use countersign_storage::{Store, StoreError};
use quick_cache::sync::Cache;

use crate::authenticate::Turnstile;
use crate::client_keys;
use crate::touch::Touch;

/// The most clients that are kept in memory.
const CAPACITY: usize = 50_000;

/// A client in memory, with what was learnt about it since it was read.
#[derive(Debug)]
pub(crate) struct KnownClient {
    /// The client as it was read.
    pub(crate) client: Client,
    /// The public keys that are registered for it.
    pub(crate) registered_keys: Option<Arc<VerifyingKeys>>,
    /// The way of this client to the hashing workers.
    pub(crate) turnstile: Turnstile,
    /// MACs of presented secrets that were found right at the cost of a hash; dropped with this entry whenever the
    /// client changes (RULES S1), each with the end of its secret. At most one per secret of the client.
    verified: Mutex<Vec<([u8; 32], Option<Timestamp>)>>,
}

impl KnownClient {
    /// A client of which nothing has been learnt yet.
    pub(crate) fn new(client: Client) -> Self {
        Self {
            registered_keys: client_keys::registered(&client.settings),
            client,
            turnstile: Turnstile::default(),
            verified: Mutex::default(),
        }
    }

    /// Whether a secret with this MAC was found right before, and is still accepted at `now`.
    pub(crate) fn is_verified(&self, mac: &[u8; 32], now: Timestamp) -> bool {
        self.verified
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .any(|(known, end)| known == mac && end.is_none_or(|end| now < end))
    }

    /// Remembers that a secret with this MAC is right until `end`.
    pub(crate) fn remember_verified(&self, mac: [u8; 32], end: Option<Timestamp>) {
        let mut verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        if verified.len() >= self.client.secrets.len() {
            verified.clear();
        }
        verified.push((mac, end));
    }
}

/// All clients, through a cache.
pub(crate) struct Directory {
    cache: Cache<ClientId, Arc<KnownClient>>,
    /// Grows with every change that was heard of. Whoever reads a client from storage puts it into the cache only if
    /// nothing was heard in between, so an older state never takes the place of a newer one.
    heard: Mutex<u64>,
}

impl Directory {
    /// An empty directory.
    pub(crate) fn new() -> Self {
        Self {
            cache: Cache::new(CAPACITY),
            heard: Mutex::default(),
        }
    }

    /// The client with this id; from memory only if `touch` with storage is fresh.
    pub(crate) async fn find(
        &self,
        store: &dyn Store,
        id: &ClientId,
        touch: &Touch,
        now: Timestamp,
    ) -> Result<Option<Arc<KnownClient>>, StoreError> {
        // RULES A3: from caches no older than `cache.max_stale` since the last good poll began.
        if touch.is_fresh(now)
            && let Some(known) = self.cache.get(id)
        {
            return Ok(Some(known));
        }
        self.read(store, id).await
    }

    /// The client with this id, if it is not, or no longer, the one that `known` says: for a caller who knows a secret
    /// that `known` does not, since the change may be younger than the last exchange with storage.
    pub(crate) async fn find_newer(
        &self,
        store: &dyn Store,
        known: &KnownClient,
    ) -> Result<Option<Arc<KnownClient>>, StoreError> {
        let newer = self.read(store, &known.client.client_id).await?;
        Ok(newer.filter(|newer| newer.client != known.client))
    }

    async fn read(
        &self,
        store: &dyn Store,
        id: &ClientId,
    ) -> Result<Option<Arc<KnownClient>>, StoreError> {
        let heard_before = *self.heard();
        let Some(client) = store.find_client(id).await? else {
            return Ok(None);
        };
        let heard = self.heard();
        // What is known of an unchanged client is worth keeping.
        if let Some(known) = self.cache.get(id)
            && known.client == client
        {
            return Ok(Some(known));
        }
        let known = Arc::new(KnownClient::new(client));
        if *heard == heard_before {
            self.cache.insert(id.clone(), Arc::clone(&known));
        }
        Ok(Some(known))
    }

    /// Forgets a client that has changed.
    pub(crate) fn forget(&self, id: &ClientId) {
        let mut heard = self.heard();
        *heard += 1;
        self.cache.remove(id);
    }

    /// Forgets everything.
    pub(crate) fn forget_all(&self) {
        let mut heard = self.heard();
        *heard += 1;
        self.cache.clear();
    }

    fn heard(&self) -> std::sync::MutexGuard<'_, u64> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
