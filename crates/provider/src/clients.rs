//! Adding, changing and removing clients.

use countersign_core::{
    AuthMethod, Client, ClientId, ClientSecret, ClientSettings, EntityId, NewClient, Secret,
    SettingsError,
};
use countersign_storage::{CreateClient, Issued, RemoveClient, StoreError, UpdateClient};
use thiserror::Error;

use crate::Provider;
use crate::client_keys::{self, ClientKeysError};
use crate::keys::SecretOf;

/// Where the secret of a new client comes from.
#[derive(Debug)]
pub enum SecretSource {
    /// It is drawn with 256 bits of strength.
    Generated,
    /// A person has chosen it.
    Given(Secret<String>),
}

/// What is kept of a new secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeepSecret {
    /// What the settings of the client need: for nearly all of them a hash, of which nobody learns the secret.
    AsNeeded,
    /// The secret itself as well, sealed under the master key: for settings that need it and are yet to come (RULES S2).
    Sealed,
}

/// The least bytes of a secret that serves as a key: RFC 7518 §3.2.
pub const MIN_KEY_BYTES: usize = 32;

/// A client that was added.
#[derive(Debug)]
pub struct AddedClient {
    /// The client as it is stored.
    pub client: Client,
    /// The generated secret: shown once, since nobody can find it again. None for public clients, those that authenticate
    /// by key, and given secrets.
    pub secret: Option<Secret<String>>,
}

/// Why a client was not added.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AddClientError {
    /// There is a client of this name.
    #[error(
        "there is a client '{0}' already; to change it: countersign client update {0}; or choose another id"
    )]
    Taken(ClientId),
    /// There is a user with this subject (RULES A6).
    #[error("'{0}' is the subject of a user; choose another client id")]
    Subject(ClientId),
    /// It stands for a part of this service.
    #[error(
        "client ids that begin with '{RESERVED}' stand for parts of this service; choose another client id"
    )]
    Reserved,
    /// Its settings contradict themselves.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A public client has no secret.
    #[error("a public client has no secret; leave out the secret, or do not make it public")]
    PublicWithSecret,
    /// A client that is to prove who it is by a secret has none.
    #[error(
        "the client has no secret; if it authenticates by key, give it one first, with: countersign client rotate-secret \
         CLIENT; if it is public, remove it, and add it anew as one that has"
    )]
    ConfidentialWithoutSecret,
    /// A secret was given to a client that needs none.
    #[error("a client that authenticates by private_key_jwt needs no secret; leave it out")]
    KeyWithSecret,
    /// It is to authenticate in a way that is not offered.
    #[error(
        "the authentication method {0} is not offered by this server; to offer it, name it in client_auth_methods"
    )]
    MethodNotOffered(AuthMethod),
    /// Its keys cannot be used.
    #[error(transparent)]
    Keys(#[from] ClientKeysError),
    /// Its keys would have to be fetched, and nobody can.
    #[error("key sets are not fetched here; register the keys themselves (jwks)")]
    KeysNotFetched,
    /// A secret was given and is empty.
    #[error("the given secret is empty")]
    EmptySecret,
    /// A secret was given that no request could carry.
    #[error("the given secret has more than {max} bytes, which no request can carry", max = MAX_SECRET_BYTES)]
    SecretTooLong,
    /// What the settings ask for needs the secret itself (RULES S2), and it is too short to be a key.
    #[error(
        "ID tokens signed with HS256, and client_secret_jwt, need a secret of at least {MIN_KEY_BYTES} bytes"
    )]
    SecretTooShort,
    /// What the settings ask for needs the secret itself (RULES S2), and only its hash is kept.
    #[error(
        "ID tokens signed with HS256, and client_secret_jwt, need the secret itself, of which only a hash is kept; give the \
         client a new one first, with: countersign client rotate-secret CLIENT --sealed"
    )]
    SecretNotKept,
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

/// Why a client was not changed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ChangeClientError {
    /// There is no such client.
    #[error("there is no client '{0}'; see: countersign client list")]
    Unknown(ClientId),
    /// Its settings would contradict themselves, or its secret cannot be kept.
    #[error(transparent)]
    Refused(#[from] AddClientError),
    /// It was changed by others again and again while this change was tried.
    #[error("the client is being changed by somebody else; try again")]
    Contended,
    /// Storage did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A client whose secret was rotated.
#[derive(Debug)]
pub struct RotatedSecret {
    /// The client as it is stored.
    pub client: Client,
    /// The new secret, if it was generated: shown once.
    pub secret: Option<Secret<String>>,
}

/// How often a change is tried again after somebody else was faster.
const ATTEMPTS: usize = 5;

/// How the ids of clients begin that stand for parts of this service (RULES D2). They can be ended and removed like others, but
/// nobody makes one of them a client of his own.
const RESERVED: &str = "countersign:";

fn require_not_reserved(client_id: &ClientId) -> Result<(), AddClientError> {
    if client_id.as_str().starts_with(RESERVED) {
        Err(AddClientError::Reserved)
    } else {
        Ok(())
    }
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
        require_not_reserved(&client_id)?;
        self.check_settings(&settings)?;
        let now = self.clock.now();
        let id = self.ids.next(now, &*self.random);
        let (secret, kept) = match source {
            SecretSource::Given(_) if settings.is_public() => {
                return Err(AddClientError::PublicWithSecret);
            }
            SecretSource::Generated if !settings.has_secret() => (None, None),
            SecretSource::Given(_) if !settings.has_secret() => {
                return Err(AddClientError::KeyWithSecret);
            }
            source => {
                let sealed = settings.needs_secret_itself();
                let (secret, kept) = self.take_secret(id, source, sealed).await?;
                (secret, Some(kept))
            }
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
            CreateClient::ClientIdIsSubject => Err(AddClientError::Subject(client_id)),
        }
    }

    /// Changes what a client may do. What was issued to it lives on, as far as it may still have it.
    pub async fn change_client(
        &self,
        client_id: &ClientId,
        change: impl Fn(&mut ClientSettings),
    ) -> Result<Client, ChangeClientError> {
        require_not_reserved(client_id)?;
        self.update_client(client_id, Issued::Lives, |client| {
            let needed_itself = client.settings.needs_secret_itself();
            change(&mut client.settings);
            self.check_settings(&client.settings)?;
            if client.settings.is_public() && !client.secrets.is_empty() {
                return Err(AddClientError::PublicWithSecret.into());
            }
            if client.settings.uses_secret() && client.secrets.is_empty() {
                return Err(AddClientError::ConfidentialWithoutSecret.into());
            }
            if client.settings.needs_secret_itself() && self.newest_sealed_secret(client).is_none()
            {
                return Err(AddClientError::SecretNotKept.into());
            }
            // What has no use any more is not kept: a secret that has leaked would come back with the next change.
            if !client.settings.has_secret() {
                client.secrets.clear();
            }
            if needed_itself && !client.settings.needs_secret_itself() {
                client
                    .secrets
                    .iter_mut()
                    .for_each(|kept| kept.sealed = None);
            }
            Ok(())
        })
        .await
    }

    /// Gives a client a new secret. Those that it has are accepted for `overlap` seconds more, 0 for not at all; of
    /// several, the latest only (RULES S3: "Two secrets may be active").
    pub async fn rotate_client_secret(
        &self,
        client_id: &ClientId,
        source: SecretSource,
        overlap: u32,
        keep: KeepSecret,
    ) -> Result<RotatedSecret, ChangeClientError> {
        let stored = self.store.find_client(client_id).await?;
        let stored = stored.ok_or_else(|| ChangeClientError::Unknown(client_id.clone()))?;
        if stored.settings.is_public() {
            return Err(AddClientError::PublicWithSecret.into());
        }
        let sealed = keep == KeepSecret::Sealed || stored.settings.needs_secret_itself();
        let (secret, kept) = self.take_secret(stored.id, source, sealed).await?;
        let now = self.clock.now();
        let client = self
            .update_client(client_id, Issued::Lives, |client| {
                let latest = client.secrets.drain(..).rfind(|old| old.is_accepted(now));
                if let Some(mut latest) = latest.filter(|_| overlap > 0) {
                    let end = now.plus(overlap.into());
                    latest.expires_at = Some(latest.expires_at.map_or(end, |old| old.min(end)));
                    client.secrets.push(latest);
                }
                client.secrets.push(kept.clone());
                // The settings may have changed since they were read.
                if client.settings.needs_secret_itself() && kept.sealed.is_none() {
                    return Err(AddClientError::SecretNotKept.into());
                }
                Ok(())
            })
            .await?;
        Ok(RotatedSecret { client, secret })
    }

    /// Ends everything that was issued to a client.
    pub async fn end_client(&self, client_id: &ClientId) -> Result<Client, ChangeClientError> {
        self.update_client(client_id, Issued::Ends, |_| Ok(()))
            .await
    }

    /// Ends everything that was ever issued. Returns how many clients there are.
    pub async fn end_everything(&self) -> Result<u64, StoreError> {
        let clients = self.store.end_everything(self.clock.now()).await?;
        self.directory.forget_all();
        Ok(clients)
    }

    /// Whether a client of these settings can be served here: [`add_client`](Self::add_client) and
    /// [`change_client`](Self::change_client) ask this as well.
    pub fn check_settings(&self, settings: &ClientSettings) -> Result<(), AddClientError> {
        settings.check()?;
        if let Some(method) = settings.token_endpoint_auth_method
            && !self.settings.auth_methods.contains(&method)
        {
            return Err(AddClientError::MethodNotOffered(method));
        }
        if let Some(set) = &settings.jwks {
            client_keys::check_registered(set)?;
        }
        if settings.jwks_uri.is_some() && !self.key_sets.can_fetch() {
            return Err(AddClientError::KeysNotFetched);
        }
        Ok(())
    }

    /// Changes a client as it is in storage; again, if it was changed in between.
    async fn update_client(
        &self,
        client_id: &ClientId,
        issued: Issued,
        change: impl Fn(&mut Client) -> Result<(), ChangeClientError>,
    ) -> Result<Client, ChangeClientError> {
        for _ in 0..ATTEMPTS {
            let client = self.store.find_client(client_id).await?;
            let mut client = client.ok_or_else(|| ChangeClientError::Unknown(client_id.clone()))?;
            change(&mut client)?;
            match self
                .store
                .update_client(client, issued, self.clock.now())
                .await?
            {
                UpdateClient::Updated(client) => {
                    self.directory.forget(client_id);
                    return Ok(client);
                }
                UpdateClient::Stale => {}
                UpdateClient::NotFound => break,
            }
        }
        match self.store.find_client(client_id).await? {
            Some(_) => Err(ChangeClientError::Contended),
            None => Err(ChangeClientError::Unknown(client_id.clone())),
        }
    }

    /// What is kept of a secret, and the secret itself if it is new to its owner.
    async fn take_secret(
        &self,
        client: EntityId,
        source: SecretSource,
        sealed: bool,
    ) -> Result<(Option<Secret<String>>, ClientSecret), AddClientError> {
        let seal = |secret: &Secret<String>| {
            sealed.then(|| {
                self.keys
                    .seal_secret(SecretOf::Client(client), secret, &*self.random)
            })
        };
        match source {
            SecretSource::Generated => {
                let (secret, mut kept) = self.draw_secret(client)?;
                kept.sealed = seal(&secret);
                Ok((Some(secret), kept))
            }
            SecretSource::Given(secret) => match secret.expose().len() {
                0 => Err(AddClientError::EmptySecret),
                // RULES S2: "at least 32 bytes".
                length if sealed && length < MIN_KEY_BYTES => Err(AddClientError::SecretTooShort),
                1..=MAX_SECRET_BYTES => {
                    let sealed = seal(&secret);
                    let kept = self.keep_given_secret(secret).await?;
                    Ok((None, ClientSecret { sealed, ..kept }))
                }
                _ => Err(AddClientError::SecretTooLong),
            },
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
