//! The same contract when every call may reach another handle on the same file, as with several processes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use countersign_core::{Client, ClientId, KeyId, KeyRecord, NewClient, Timestamp, TokenId};
use countersign_storage::{
    AnnounceKeys, ChangeCursor, ChangeFeed, Changes, ClientStore, CreateClient, Deployment,
    KeyRing, KeyStore, Liveness, LivenessQuery, Maintenance, MarkDeployment, RemoveClient,
    RemoveKeys, RevokeKey, RevokeToken, StoreError, TokenStore,
};
use countersign_storage_sqlite::SqliteStore;

use crate::{file, folder, open};

/// Sends each call to the next of three handles.
struct RoundRobin {
    handles: [SqliteStore; 3],
    calls: AtomicUsize,
}

impl RoundRobin {
    fn next(&self) -> &SqliteStore {
        &self.handles[self.calls.fetch_add(1, Ordering::Relaxed) % self.handles.len()]
    }
}

macro_rules! delegate {
    ($($trait:ident { $($verb:ident($($name:ident: $type:ty),*) -> $outcome:ty;)* })*) => {
        $(
            #[async_trait]
            impl $trait for RoundRobin {
                $(
                    async fn $verb(&self, $($name: $type),*) -> Result<$outcome, StoreError> {
                        self.next().$verb($($name),*).await
                    }
                )*
            }
        )*
    };
}

delegate! {
    ClientStore {
        create_client(client: NewClient) -> CreateClient;
        find_client(client_id: &ClientId) -> Option<Client>;
        list_clients(after: Option<&ClientId>, limit: u32) -> Vec<Client>;
        remove_client(client_id: &ClientId, now: Timestamp) -> RemoveClient;
    }
    KeyStore {
        key_ring() -> KeyRing;
        announce_keys(expected_version: u64, keys: Vec<KeyRecord>) -> AnnounceKeys;
        revoke_key(id: &KeyId, at: Timestamp) -> RevokeKey;
        remove_keys(expected_version: u64, ids: &[KeyId], now: Timestamp) -> RemoveKeys;
    }
    TokenStore {
        revoke_token(token: &TokenId, expires_at: Timestamp) -> RevokeToken;
        liveness(query: &LivenessQuery) -> Liveness;
    }
    ChangeFeed {
        changes_since(cursor: &ChangeCursor) -> Changes;
        change_head() -> ChangeCursor;
    }
    Maintenance {
        ping() -> ();
        sweep(now: Timestamp, limit: u32) -> u32;
        mark_deployment(deployment: Deployment) -> MarkDeployment;
    }
}

countersign_storage::contract_tests!({
    let folder = folder();
    let handles = [(); 3].map(|()| open(&file(&folder)));
    (
        Arc::new(RoundRobin {
            handles,
            calls: AtomicUsize::new(0),
        }),
        folder,
    )
});
