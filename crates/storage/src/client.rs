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
    /// The `client_id` is the subject of a user (RULES A6); nothing was changed.
    ClientIdIsSubject,
}

/// What is to become of everything that was issued to a client, or for a user, before a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Issued {
    /// It lives on.
    Lives,
    /// It ends: a new epoch is drawn (RULES A1).
    Ends,
}

/// What became of [`ClientStore::update_client`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "one value per changed client, taken apart at once"
)]
pub enum UpdateClient {
    /// The client is as described; this is how it is stored now.
    Updated(Client),
    /// The client was changed since it was read; nothing was changed now.
    Stale,
    /// There is no such client; nothing was changed.
    NotFound,
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
    /// Stores `client` under an epoch that nothing in this store had before (RULES A1, R10).
    ///
    /// The change is logged at `client.created_at`. Of several calls with one `client_id`, exactly one creates it. A
    /// taken `client_id` is told before one that is a subject.
    async fn create_client(&self, client: NewClient) -> Result<CreateClient, StoreError>;

    /// The client with this `client_id`.
    async fn find_client(&self, client_id: &ClientId) -> Result<Option<Client>, StoreError>;

    /// At most `limit` clients ordered by the bytes of their `client_id`, beginning behind `after`.
    async fn list_clients(
        &self,
        after: Option<&ClientId>,
        limit: u32,
    ) -> Result<Vec<Client>, StoreError>;

    /// Makes the stored client with `client.id` be as `client` says, if it still has `client.revision`
    /// (compare-and-set), and raises the revision by one. `id`, `client_id`, `created_at` and `epoch` stay as they are
    /// stored, but for the new epoch that [`Issued::Ends`] draws, with which the sessions and refresh tokens of the wazo
    /// dialect go that stand on the client ([`WazoStore`](crate::WazoStore)).
    async fn update_client(
        &self,
        client: Client,
        issued: Issued,
        now: Timestamp,
    ) -> Result<UpdateClient, StoreError>;

    /// Ends everything that was ever issued: draws a new epoch for every client, each its own, and raises every
    /// revision by one, and ends every session, those of the wazo dialect and its refresh tokens included, in one
    /// transaction. Returns how many clients there are.
    async fn end_everything(&self, now: Timestamp) -> Result<u64, StoreError>;

    /// Removes the client, with the sessions and refresh tokens of the wazo dialect that stand on it. Its epoch is never
    /// drawn again, so its tokens stay dead under a new client of the same name (RULES R10).
    async fn remove_client(
        &self,
        client_id: &ClientId,
        now: Timestamp,
    ) -> Result<RemoveClient, StoreError>;
}
