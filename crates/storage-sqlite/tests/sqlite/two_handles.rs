//! The same contract when every call may reach another handle on the same file, as with several processes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use countersign_core::{Client, ClientId, Epoch, KeyId, KeyRecord, NewClient, Timestamp, TokenId};
use countersign_storage::contract::samples::{NOW, token};
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

/// A command that is run beside a busy server gets its turn.
#[test]
fn busy_writer_gives_way_to_other_processes() {
    let folder = folder();
    let (busy, other) = (Arc::new(open(&file(&folder))), open(&file(&folder)));
    let stop = Arc::new(AtomicBool::new(false));
    countersign_storage::contract::run(async {
        let mut load = Vec::new();
        // More than one group takes, so that the queue is never empty.
        for _ in 0..1_000 {
            let (busy, stop) = (Arc::clone(&busy), Arc::clone(&stop));
            load.push(tokio::spawn(async move {
                let mut written = 0_u32;
                while !stop.load(Ordering::Relaxed) {
                    let token = token(Epoch::from_number(1));
                    assert!(busy.revoke_token(&token, NOW).await.is_ok());
                    written += 1;
                }
                written
            }));
        }
        for _ in 0..10 {
            let answer = other.revoke_token(&token(Epoch::from_number(2)), NOW).await;
            assert_eq!(answer, Ok(RevokeToken::Revoked));
        }
        stop.store(true, Ordering::Relaxed);
        for task in load {
            assert!(task.await.unwrap() > 0);
        }
    });
}
