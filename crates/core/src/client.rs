//! Clients: RFC 6749 §2.

use crate::{ClientId, ClientSecret, ClientSettings, EntityId, Epoch, Revision, Timestamp};

/// A client that is to be stored; the store adds the [`Epoch`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewClient {
    /// The internal id.
    pub id: EntityId,
    /// The identifier on the wire.
    pub client_id: ClientId,
    /// The secrets that are accepted; none for a public client.
    pub secrets: Vec<ClientSecret>,
    /// What the client may do.
    pub settings: ClientSettings,
    /// When it was added.
    pub created_at: Timestamp,
}

impl NewClient {
    /// The client as it is stored under `epoch`.
    #[must_use]
    pub fn with_epoch(self, epoch: Epoch) -> Client {
        let Self {
            id,
            client_id,
            secrets,
            settings,
            created_at,
        } = self;
        Client {
            id,
            client_id,
            epoch,
            revision: Revision::FIRST,
            secrets,
            settings,
            created_at,
        }
    }
}

/// A client as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The internal id, never used twice.
    pub id: EntityId,
    /// The identifier on the wire.
    pub client_id: ClientId,
    /// What the tokens of this client carry; those of an earlier epoch are dead.
    pub epoch: Epoch,
    /// Which state of the client this is.
    pub revision: Revision,
    /// The secrets that are accepted; none for a public client.
    pub secrets: Vec<ClientSecret>,
    /// What the client may do.
    pub settings: ClientSettings,
    /// When it was added.
    pub created_at: Timestamp,
}
