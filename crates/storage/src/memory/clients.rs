//! Clients in memory.

use async_trait::async_trait;
use countersign_core::{Client, ClientId, EntityId, NewClient, Timestamp};

use super::MemoryStore;
use super::sessions::Sessions;
use super::wazo::Hashed;
use crate::{Change, ClientStore, CreateClient, Issued, RemoveClient, StoreError, UpdateClient};

#[async_trait]
impl ClientStore for MemoryStore {
    async fn create_client(&self, client: NewClient) -> Result<CreateClient, StoreError> {
        let mut state = self.state()?;
        let client_id = client.client_id.clone();
        if state.clients.id(&client_id).is_some() {
            return Ok(CreateClient::ClientIdTaken);
        }
        // RULES A6. A subject has one spelling.
        let subject = client_id.as_str().parse::<EntityId>();
        if subject.is_ok_and(|subject| state.users.get(subject).is_some()) {
            return Ok(CreateClient::ClientIdIsSubject);
        }
        if state.clients.get(client.id).is_some() {
            return Err(StoreError::EntityIdTaken(client.id));
        }
        let client = client.with_epoch(state.epochs.draw());
        state
            .clients
            .insert(client_id.clone(), client.id, client.clone());
        state.log(client.created_at, Change::Client(client_id));
        Ok(CreateClient::Created(client))
    }

    async fn find_client(&self, client_id: &ClientId) -> Result<Option<Client>, StoreError> {
        Ok(self.state()?.clients.find(client_id).cloned())
    }

    async fn list_clients(
        &self,
        after: Option<&ClientId>,
        limit: u32,
    ) -> Result<Vec<Client>, StoreError> {
        Ok(self.state()?.clients.page(after, limit))
    }

    async fn update_client(
        &self,
        client: Client,
        issued: Issued,
        now: Timestamp,
    ) -> Result<UpdateClient, StoreError> {
        let mut guard = self.state()?;
        let state = &mut *guard;
        let Some(stored) = state.clients.get_mut(client.id) else {
            return Ok(UpdateClient::NotFound);
        };
        if stored.revision != client.revision {
            return Ok(UpdateClient::Stale);
        }
        stored.revision = stored.revision.next();
        stored.secrets = client.secrets;
        stored.settings = client.settings;
        if issued == Issued::Ends {
            stored.epoch = state.epochs.draw();
        }
        let updated = stored.clone();
        if issued == Issued::Ends {
            state.end_wazo_of(updated.id);
        }
        state.log(now, Change::Client(updated.client_id.clone()));
        Ok(UpdateClient::Updated(updated))
    }

    async fn end_everything(&self, now: Timestamp) -> Result<u64, StoreError> {
        let mut guard = self.state()?;
        let state = &mut *guard;
        let mut ended = Vec::new();
        for client in state.clients.rows_mut() {
            client.epoch = state.epochs.draw();
            client.revision = client.revision.next();
            ended.push(client.client_id.clone());
        }
        state.sessions = Sessions::default();
        state.wazo_sessions = Hashed::default();
        state.wazo_refresh_tokens = Hashed::default();
        let count = ended.len() as u64;
        for client_id in ended {
            state.log(now, Change::Client(client_id));
        }
        Ok(count)
    }

    async fn remove_client(
        &self,
        client_id: &ClientId,
        now: Timestamp,
    ) -> Result<RemoveClient, StoreError> {
        let mut state = self.state()?;
        let Some(client) = state.clients.remove(client_id) else {
            return Ok(RemoveClient::NotFound);
        };
        state.forget_consents_of(client.id);
        state.end_wazo_of(client.id);
        state.log(now, Change::Client(client_id.clone()));
        Ok(RemoveClient::Removed(client))
    }
}
