//! What users have agreed to, in memory.

use std::ops::Bound;

use async_trait::async_trait;
use countersign_core::{Consent, EntityId, Scope};

use super::{MemoryStore, State};
use crate::{ConsentStore, StoreError};

impl State {
    /// The user or the client with this id is gone, and everything that was agreed to with it.
    pub(super) fn forget_consents_of(&mut self, id: EntityId) {
        self.consents
            .retain(|(user, client), _| *user != id && *client != id);
    }
}

#[async_trait]
impl ConsentStore for MemoryStore {
    async fn remember_consent(&self, consent: Consent) -> Result<(), StoreError> {
        let mut state = self.state()?;
        let (user, client) = (consent.user, consent.client);
        if state.users.get(user).is_none() || state.clients.get(client).is_none() {
            return Ok(());
        }
        let stored = state.consents.get(&(user, client));
        let before = stored.iter().flat_map(|it| &it.scope);
        let both: Scope = before.chain(&consent.scope).cloned().collect();
        let scope = if both.iter().len() > Scope::MAX_TOKENS {
            consent.scope
        } else {
            both
        };
        let consent = Consent { scope, ..consent };
        state.consents.insert((user, client), consent);
        Ok(())
    }

    async fn find_consent(
        &self,
        user: EntityId,
        client: EntityId,
    ) -> Result<Option<Consent>, StoreError> {
        Ok(self.state()?.consents.get(&(user, client)).cloned())
    }

    async fn list_consents(
        &self,
        user: EntityId,
        after: Option<EntityId>,
        limit: u32,
    ) -> Result<Vec<Consent>, StoreError> {
        let first = (user, EntityId::from_bytes([0; 16]));
        let from = after.map_or(Bound::Included(first), |client| {
            Bound::Excluded((user, client))
        });
        let state = self.state()?;
        let behind = state.consents.range((from, Bound::Unbounded));
        let of_user = behind.take_while(|((owner, _), _)| *owner == user);
        let page = of_user.take(limit as usize);
        Ok(page.map(|(_, consent)| consent.clone()).collect())
    }

    async fn forget_consent(&self, user: EntityId, client: EntityId) -> Result<bool, StoreError> {
        Ok(self.state()?.consents.remove(&(user, client)).is_some())
    }
}
