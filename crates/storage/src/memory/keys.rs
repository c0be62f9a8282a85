//! Keys in memory.

use std::collections::BTreeSet;

use async_trait::async_trait;
use countersign_core::{KeyId, KeyRecord, Timestamp};

use super::MemoryStore;
use crate::{AnnounceKeys, KeyRing, KeyStore, RemoveKeys, RevokeKey, StoreError};

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
