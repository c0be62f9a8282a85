//! Verbs on keys.

use async_trait::async_trait;
use countersign_core::{KeyId, KeyRecord, Timestamp};

use crate::StoreError;

/// Every key of the service, as it was at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyRing {
    /// Grows with every change of a key; 0 while there never was one.
    pub version: u64,
    /// The keys, ordered by `created_at` and then by the bytes of their id.
    pub keys: Vec<KeyRecord>,
}

/// What became of [`KeyStore::announce_keys`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnnounceKeys {
    /// All keys are stored.
    Announced {
        /// The version of the ring from now on.
        version: u64,
    },
    /// The ring was changed since it was read; nothing was changed now.
    Stale {
        /// The version of the ring as it is.
        version: u64,
    },
    /// One of the ids belongs to a stored key, or to two of the new ones; nothing was changed.
    KeyIdTaken,
}

/// What became of [`KeyStore::revoke_key`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevokeKey {
    /// The key is revoked.
    Revoked,
    /// It already was; the time of the first revocation stays.
    AlreadyRevoked,
    /// There is no such key.
    NotFound,
}

/// What became of [`KeyStore::remove_keys`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemoveKeys {
    /// None of the keys is stored any more.
    Removed {
        /// The version of the ring from now on.
        version: u64,
    },
    /// The ring was changed since it was read; nothing was changed now.
    Stale {
        /// The version of the ring as it is.
        version: u64,
    },
}

/// Verbs on keys. Each change raises the version of the ring by one and writes
/// [`Change::Keys`](crate::Change::Keys) in the same transaction (RULES N1, T6).
#[async_trait]
pub trait KeyStore: Send + Sync {
    /// The version and the keys, read in one snapshot.
    async fn key_ring(&self) -> Result<KeyRing, StoreError>;

    /// Adds all of `keys` if the ring still has `expected_version` (compare-and-set, RULES T6), else none.
    ///
    /// A stale version is told before a taken id. The change is logged at the latest `created_at`. An empty list
    /// changes nothing.
    async fn announce_keys(
        &self,
        expected_version: u64,
        keys: Vec<KeyRecord>,
    ) -> Result<AnnounceKeys, StoreError>;

    /// Declares a key compromised, whatever the version of the ring (RULES T6).
    async fn revoke_key(&self, id: &KeyId, at: Timestamp) -> Result<RevokeKey, StoreError>;

    /// Removes the keys with these ids if the ring still has `expected_version`, else none.
    ///
    /// Ids without a key are passed over; if none has one, nothing changes.
    async fn remove_keys(
        &self,
        expected_version: u64,
        ids: &[KeyId],
        now: Timestamp,
    ) -> Result<RemoveKeys, StoreError>;
}
