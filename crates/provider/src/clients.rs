//! Adding and removing clients.

use countersign_core::{
    Client, ClientId, ClientSettings, EntityId, NewClient, Secret, SettingsError,
};
use countersign_storage::{CreateClient, RemoveClient, StoreError};
use thiserror::Error;

use crate::Provider;

/// Where the secret of a new client comes from.
#[derive(Debug)]
pub enum SecretSource {
    /// It is drawn with 256 bits of strength.
    Generated,
    /// A person has chosen it.
    Given(Secret<String>),
}

/// A client that was added.
#[derive(Debug)]
pub struct AddedClient {
    /// The client as it is stored.
    pub client: Client,
    /// The generated secret: shown once, since nobody can find it again. None for public clients and given secrets.
    pub secret: Option<Secret<String>>,
}

/// Why a client was not added.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AddClientError {
    /// There is a client of this name.
    #[error("there is a client '{0}' already; remove it first, or choose another id")]
    Taken(ClientId),
    /// Its settings contradict themselves.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A public client has no secret.
    #[error("a public client has no secret; leave out the secret, or do not make it public")]
    PublicWithSecret,
    /// A secret was given and is empty.
    #[error("the given secret is empty")]
    EmptySecret,
    /// A secret was given that no request could carry.
    #[error("the given secret has more than {max} bytes, which no request can carry", max = MAX_SECRET_BYTES)]
    SecretTooLong,
    /// There is no key under which to keep the secret.
    #[error("there is no key under which client secrets are kept")]
    NoPepper,
    /// The given secret could not be hashed.
    #[error("the given secret could not be hashed")]
    Hashing,
    /// Storage did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The most bytes that a client secret may have: what fits into a request in every encoding.
pub const MAX_SECRET_BYTES: usize = 8 * 1024;

impl Provider {
    /// Adds a client. It can be used as soon as this returns.
    pub async fn add_client(
        &self,
        client_id: ClientId,
        settings: ClientSettings,
        source: SecretSource,
    ) -> Result<AddedClient, AddClientError> {
        settings.check()?;
        let now = self.clock.now();
        let id = EntityId::generate(now, &*self.random);
        let (secret, kept) = match source {
            SecretSource::Generated if settings.is_public() => (None, None),
            SecretSource::Given(_) if settings.is_public() => {
                return Err(AddClientError::PublicWithSecret);
            }
            SecretSource::Generated => {
                let (secret, kept) = self.draw_secret(id)?;
                (Some(secret), Some(kept))
            }
            SecretSource::Given(secret) => match secret.expose().len() {
                0 => return Err(AddClientError::EmptySecret),
                1..=MAX_SECRET_BYTES => (None, Some(self.keep_given_secret(secret).await?)),
                _ => return Err(AddClientError::SecretTooLong),
            },
        };
        let new = NewClient {
            id,
            client_id: client_id.clone(),
            secrets: kept.into_iter().collect(),
            settings,
            created_at: now,
        };
        match self.store.create_client(new).await? {
            CreateClient::Created(client) => Ok(AddedClient { client, secret }),
            CreateClient::ClientIdTaken => Err(AddClientError::Taken(client_id)),
        }
    }

    /// Removes a client with everything that was issued to it. Returns whether there was one.
    pub async fn remove_client(&self, client_id: &ClientId) -> Result<bool, StoreError> {
        let removed = self
            .store
            .remove_client(client_id, self.clock.now())
            .await?;
        self.directory.forget(client_id);
        Ok(matches!(removed, RemoveClient::Removed(_)))
    }
}
