//! Verbs on clients.

use async_trait::async_trait;
use countersign_core::{Client, ClientId, NewClient, Timestamp};

use crate::StoreError;

/// What became of [`ClientStore::create_client`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "one value per created client, taken apart at once"
)]
pub enum CreateClient {
    /// The client is stored, with an epoch of its own.
    Created(Client),
    /// Another client has this `client_id`; nothing was changed.
    ClientIdTaken,
}

/// What became of [`ClientStore::remove_client`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "one value per removed client, taken apart at once"
)]
pub enum RemoveClient {
    /// The client is gone, and with it every token it had; this is what it was.
    Removed(Client),
    /// There is no such client; nothing was changed.
    NotFound,
}

/// Verbs on clients. Each change writes its [`Change`](crate::Change) in the same transaction (RULES N1).
#[async_trait]
pub trait ClientStore: Send + Sync {
    /// Stores `client` under an epoch that no client of this store had before (RULES A1, R10).
    ///
    /// The change is logged at `client.created_at`. Of several calls with one `client_id`, exactly one creates it.
    async fn create_client(&self, client: NewClient) -> Result<CreateClient, StoreError>;

    /// The client with this `client_id`.
    async fn find_client(&self, client_id: &ClientId) -> Result<Option<Client>, StoreError>;

    /// At most `limit` clients ordered by the bytes of their `client_id`, beginning behind `after`.
    async fn list_clients(
        &self,
        after: Option<&ClientId>,
        limit: u32,
    ) -> Result<Vec<Client>, StoreError>;

    /// Removes the client. Its epoch is never drawn again, so its tokens stay dead under a new client of the same
    /// name (RULES R10).
    async fn remove_client(
        &self,
        client_id: &ClientId,
        now: Timestamp,
    ) -> Result<RemoveClient, StoreError>;
}
