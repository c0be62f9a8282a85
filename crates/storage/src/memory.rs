//! The store that forgets: for tests, and for programs that embed the service without a disk.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use countersign_core::{Client, ClientId, Epoch, KeyId, KeyRecord, NewClient, Timestamp, TokenId};

use crate::{
    AnnounceKeys, CHANGE_RETENTION_SECONDS, Change, ChangeCursor, ChangeFeed, Changes, ClientStore,
    CreateClient, Deployment, KeyRing, KeyStore, Liveness, LivenessQuery, MAX_CHANGES, Maintenance,
    MarkDeployment, RemoveClient, RemoveKeys, RevokeKey, RevokeToken, StoreError, TokenStore,
};

/// Tells the stores of one process apart, so that a cursor of another one is recognised.
static NEXT_STORE: AtomicU64 = AtomicU64::new(1);

/// A store in memory: it keeps every promise of the contract except to outlive its process.
#[derive(Debug)]
pub struct MemoryStore {
    number: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    clients: BTreeMap<ClientId, Client>,
    last_epoch: u64,
    ring_version: u64,
    keys: BTreeMap<KeyId, KeyRecord>,
    revoked: BTreeMap<TokenId, Timestamp>,
    expiries: BTreeSet<(Timestamp, TokenId)>,
    log: BTreeMap<u64, (Timestamp, Change)>,
    /// The number of the latest change.
    head: u64,
    /// The highest number that was swept: cursors before it are too old.
    floor: u64,
    deployment: Option<Deployment>,
}

impl State {
    fn log(&mut self, at: Timestamp, change: Change) {
        self.head += 1;
        self.log.insert(self.head, (at, change));
    }

    fn change_keys(&mut self, at: Timestamp) {
        self.ring_version += 1;
        self.log(at, Change::Keys);
    }
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self {
            number: NEXT_STORE.fetch_add(1, Ordering::Relaxed),
            state: Mutex::default(),
        }
    }

    fn state(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        self.state
            .lock()
            .map_err(|_| StoreError::Defect("a panic left the memory store half changed".into()))
    }

    fn cursor(&self, place: u64) -> ChangeCursor {
        ChangeCursor::from_bytes([self.number.to_be_bytes(), place.to_be_bytes()].concat())
    }

    /// The place in our own feed that `cursor` names, if it is of this store.
    fn place(&self, cursor: &ChangeCursor) -> Option<u64> {
        let (number, place) = cursor.as_bytes().split_first_chunk()?;
        (u64::from_be_bytes(*number) == self.number)
            .then(|| place.try_into().ok().map(u64::from_be_bytes))?
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl ClientStore for MemoryStore {
    async fn create_client(&self, client: NewClient) -> Result<CreateClient, StoreError> {
        let mut state = self.state()?;
        if state.clients.contains_key(&client.client_id) {
            return Ok(CreateClient::ClientIdTaken);
        }
        if state.clients.values().any(|other| other.id == client.id) {
            return Err(StoreError::EntityIdTaken(client.id));
        }
        state.last_epoch += 1;
        let client = client.with_epoch(Epoch::from_number(state.last_epoch));
        state
            .clients
            .insert(client.client_id.clone(), client.clone());
        state.log(client.created_at, Change::Client(client.client_id.clone()));
        Ok(CreateClient::Created(client))
    }

    async fn find_client(&self, client_id: &ClientId) -> Result<Option<Client>, StoreError> {
        Ok(self.state()?.clients.get(client_id).cloned())
    }

    async fn list_clients(
        &self,
        after: Option<&ClientId>,
        limit: u32,
    ) -> Result<Vec<Client>, StoreError> {
        let state = self.state()?;
        let behind = |client: &&Client| after.is_none_or(|after| client.client_id > *after);
        Ok(state
            .clients
            .values()
            .filter(behind)
            .take(limit as usize)
            .cloned()
            .collect())
    }

    async fn remove_client(
        &self,
        client_id: &ClientId,
        now: Timestamp,
    ) -> Result<RemoveClient, StoreError> {
        let mut state = self.state()?;
        let Some(client) = state.clients.remove(client_id) else {
            return Ok(RemoveClient::NotFound);
        };
        state.log(now, Change::Client(client_id.clone()));
        Ok(RemoveClient::Removed(client))
    }
}

#[async_trait]
impl KeyStore for MemoryStore {
    async fn key_ring(&self) -> Result<KeyRing, StoreError> {
        let state = self.state()?;
        let mut keys: Vec<KeyRecord> = state.keys.values().cloned().collect();
        // Stable: the map gives them by id.
        keys.sort_by_key(|key| key.created_at);
        Ok(KeyRing {
            version: state.ring_version,
            keys,
        })
    }

    async fn announce_keys(
        &self,
        expected_version: u64,
        keys: Vec<KeyRecord>,
    ) -> Result<AnnounceKeys, StoreError> {
        let mut state = self.state()?;
        if state.ring_version != expected_version {
            return Ok(AnnounceKeys::Stale {
                version: state.ring_version,
            });
        }
        let mut ids = BTreeSet::new();
        if !keys
            .iter()
            .all(|key| !state.keys.contains_key(&key.id) && ids.insert(&key.id))
        {
            return Ok(AnnounceKeys::KeyIdTaken);
        }
        if let Some(at) = keys.iter().map(|key| key.created_at).max() {
            state
                .keys
                .extend(keys.into_iter().map(|key| (key.id.clone(), key)));
            state.change_keys(at);
        }
        Ok(AnnounceKeys::Announced {
            version: state.ring_version,
        })
    }

    async fn revoke_key(&self, id: &KeyId, at: Timestamp) -> Result<RevokeKey, StoreError> {
        let mut state = self.state()?;
        let Some(key) = state.keys.get_mut(id) else {
            return Ok(RevokeKey::NotFound);
        };
        if key.revoked_at.is_some() {
            return Ok(RevokeKey::AlreadyRevoked);
        }
        key.revoked_at = Some(at);
        state.change_keys(at);
        Ok(RevokeKey::Revoked)
    }

    async fn remove_keys(
        &self,
        expected_version: u64,
        ids: &[KeyId],
        now: Timestamp,
    ) -> Result<RemoveKeys, StoreError> {
        let mut state = self.state()?;
        if state.ring_version != expected_version {
            return Ok(RemoveKeys::Stale {
                version: state.ring_version,
            });
        }
        let before = state.keys.len();
        state.keys.retain(|id, _| !ids.contains(id));
        if state.keys.len() < before {
            state.change_keys(now);
        }
        Ok(RemoveKeys::Removed {
            version: state.ring_version,
        })
    }
}

#[async_trait]
impl TokenStore for MemoryStore {
    async fn revoke_token(
        &self,
        token: &TokenId,
        expires_at: Timestamp,
    ) -> Result<RevokeToken, StoreError> {
        let mut state = self.state()?;
        if state.revoked.contains_key(token) {
            return Ok(RevokeToken::AlreadyRevoked);
        }
        state.revoked.insert(*token, expires_at);
        state.expiries.insert((expires_at, *token));
        Ok(RevokeToken::Revoked)
    }

    async fn liveness(&self, query: &LivenessQuery) -> Result<Liveness, StoreError> {
        let state = self.state()?;
        let epoch = state
            .clients
            .get(&query.client_id)
            .map(|client| client.epoch.number());
        Ok(Liveness::of(
            query,
            epoch,
            state.revoked.contains_key(&query.token),
        ))
    }
}

#[async_trait]
impl ChangeFeed for MemoryStore {
    async fn changes_since(&self, cursor: &ChangeCursor) -> Result<Changes, StoreError> {
        let state = self.state()?;
        let head = self.cursor(state.head);
        // Too old, or ahead of us: neither can be told entry by entry.
        let known = |place: &u64| (state.floor..=state.head).contains(place);
        let Some(place) = self.place(cursor).filter(known) else {
            return Ok(Changes::Rebuild { cursor: head });
        };
        let changes: Vec<Change> = state
            .log
            .range(place + 1..)
            .map(|(_, (_, change))| change.clone())
            .collect();
        if changes.len() > MAX_CHANGES as usize {
            return Ok(Changes::Rebuild { cursor: head });
        }
        Ok(Changes::Entries {
            cursor: head,
            changes,
        })
    }

    async fn change_head(&self) -> Result<ChangeCursor, StoreError> {
        let head = self.state()?.head;
        Ok(self.cursor(head))
    }
}

#[async_trait]
impl Maintenance for MemoryStore {
    async fn ping(&self) -> Result<(), StoreError> {
        self.state().map(drop)
    }

    async fn sweep(&self, now: Timestamp, limit: u32) -> Result<u32, StoreError> {
        let mut state = self.state()?;
        let mut removed = 0;
        while removed < limit
            && let Some((expires_at, token)) = state.expiries.first().copied()
            && expires_at <= now
        {
            state.expiries.pop_first();
            state.revoked.remove(&token);
            removed += 1;
        }
        let horizon = now.plus(-CHANGE_RETENTION_SECONDS);
        let left = (limit - removed) as usize;
        let old =
            |(place, (at, _)): (&u64, &(Timestamp, Change))| (*at < horizon).then_some(*place);
        let places: Vec<u64> = state.log.iter().filter_map(old).take(left).collect();
        for place in places {
            state.log.remove(&place);
            // Not every change before this one need be gone, but a cursor before it can no longer be served.
            state.floor = state.floor.max(place);
            removed += 1;
        }
        Ok(removed)
    }

    async fn mark_deployment(&self, deployment: Deployment) -> Result<MarkDeployment, StoreError> {
        let mut state = self.state()?;
        if let Some(mark) = state.deployment {
            return Ok(MarkDeployment::Already(mark));
        }
        state.deployment = Some(deployment);
        Ok(MarkDeployment::Marked)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    crate::contract_tests!((Arc::new(MemoryStore::new()), ()));

    #[test]
    fn rule_n1_cursor_ahead_of_the_store_means_rebuild() {
        crate::contract::run(async {
            let store = MemoryStore::new();
            let ahead = store.cursor(1);
            let rebuild = Changes::Rebuild {
                cursor: store.cursor(0),
            };
            assert_eq!(store.changes_since(&ahead).await.unwrap(), rebuild);
        });
    }
}
