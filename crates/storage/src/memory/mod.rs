//! The store that forgets: for tests, and for programs that embed the service without a disk.

mod assertions;
mod changes;
mod clients;
mod consents;
mod grants;
mod keys;
mod maintenance;
mod named;
mod registry;
mod sessions;
mod throttle;
mod tokens;
mod users;
mod wazo;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};

use countersign_core::{
    Client, ClientId, Consent, EntityId, Epoch, KeyId, KeyRecord, ResourceDefinition, ResourceUri,
    ScopeDefinition, ScopeToken, Timestamp, TokenId, User, UsernameKey,
};

use crate::{
    Change, ChangeCursor, Deployment, Failures, RESTORE_EPOCHS, RestoreGap, StoreError,
    ThrottleSubject,
};
use assertions::Assertions;
use grants::Grants;
use named::Named;
use sessions::Sessions;
use wazo::{Hashed, Policies};

/// Tells the stores of one process apart, so that a cursor of another one is recognised.
static NEXT_STORE: AtomicU64 = AtomicU64::new(1);

/// A store in memory: it keeps every promise of the contract except to outlive its process.
#[derive(Debug)]
pub struct MemoryStore {
    number: u64,
    state: Mutex<State>,
}

#[derive(Clone, Debug, Default)]
struct State {
    clients: Named<ClientId, Client>,
    users: Named<UsernameKey, User>,
    epochs: Epochs,
    sessions: Sessions,
    /// By user and client.
    consents: BTreeMap<(EntityId, EntityId), Consent>,
    grants: Grants,
    wazo_sessions: Hashed<countersign_core::wazo::Session>,
    wazo_refresh_tokens: Hashed<countersign_core::wazo::RefreshToken>,
    policies: Policies,
    ring_version: u64,
    keys: BTreeMap<KeyId, KeyRecord>,
    revoked: BTreeMap<TokenId, Timestamp>,
    expiries: BTreeSet<(Timestamp, TokenId)>,
    assertions: Assertions,
    scopes: BTreeMap<ScopeToken, ScopeDefinition>,
    resources: BTreeMap<ResourceUri, ResourceDefinition>,
    failures: BTreeMap<ThrottleSubject, Failures>,
    log: BTreeMap<u64, (Timestamp, Change)>,
    /// The number of the latest change.
    head: u64,
    /// The highest number that was swept: cursors before it are too old.
    floor: u64,
    deployment: Option<Deployment>,
    restore_gap: Option<RestoreGap>,
}

/// The one sequence of epochs, for clients and users; it holds the last that was drawn.
#[derive(Clone, Debug, Default)]
struct Epochs(u64);

impl Epochs {
    fn draw(&mut self) -> Epoch {
        self.0 += 1;
        Epoch::from_number(self.0)
    }

    fn pass_over_lost(&mut self) {
        self.0 += RESTORE_EPOCHS;
    }
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

    /// Whether the client is there with this epoch.
    fn client_is_live(&self, id: EntityId, epoch: Epoch) -> bool {
        self.clients.get(id).is_some_and(|it| it.epoch == epoch)
    }

    /// Whether the user is there, enabled and with this epoch.
    fn user_is_live(&self, id: EntityId, epoch: Epoch) -> bool {
        let live = |user: &User| user.enabled && user.epoch == epoch;
        self.users.get(id).is_some_and(live)
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

    /// A store with everything that is in this one now, which goes its own way from here on.
    pub fn backup(&self) -> Result<Self, StoreError> {
        Ok(Self {
            state: Mutex::new(self.state()?.clone()),
            ..Self::new()
        })
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{ChangeFeed as _, Changes};

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
