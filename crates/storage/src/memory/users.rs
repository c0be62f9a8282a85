//! Users in memory.

use async_trait::async_trait;
use countersign_core::{EntityId, NewUser, Timestamp, User, UsernameKey};

use super::MemoryStore;
use crate::{Change, CreateUser, Issued, RemoveUser, StoreError, UpdateUser, UserStore};

#[async_trait]
impl UserStore for MemoryStore {
    async fn create_user(&self, user: NewUser) -> Result<CreateUser, StoreError> {
        let mut state = self.state()?;
        let key = user.username.key();
        if state.users.id(&key).is_some() {
            return Ok(CreateUser::UsernameTaken);
        }
        // RULES A6.
        if state.clients.id(user.id.to_string().as_str()).is_some() {
            return Ok(CreateUser::SubjectIsClientId);
        }
        if state.users.get(user.id).is_some() {
            return Err(StoreError::EntityIdTaken(user.id));
        }
        let user = user.with_epoch(state.epochs.draw());
        state.users.insert(key, user.id, user.clone());
        state.log(user.created_at, Change::User(user.id));
        Ok(CreateUser::Created(user))
    }

    async fn find_user(&self, id: EntityId) -> Result<Option<User>, StoreError> {
        Ok(self.state()?.users.get(id).cloned())
    }

    async fn find_user_by_name(&self, name: &UsernameKey) -> Result<Option<User>, StoreError> {
        Ok(self.state()?.users.find(name).cloned())
    }

    async fn find_users_by_email(&self, email: &str, limit: u32) -> Result<Vec<User>, StoreError> {
        let is_of = |address: &String| address.eq_ignore_ascii_case(email);
        let wanted = |user: &&User| user.profile.email.as_ref().is_some_and(is_of);
        let state = self.state()?;
        let users = state.users.rows().filter(wanted);
        Ok(users.take(limit as usize).cloned().collect())
    }

    async fn list_users(
        &self,
        after: Option<&UsernameKey>,
        limit: u32,
    ) -> Result<Vec<User>, StoreError> {
        Ok(self.state()?.users.page(after, limit))
    }

    async fn update_user(
        &self,
        user: User,
        issued: Issued,
        now: Timestamp,
    ) -> Result<UpdateUser, StoreError> {
        let mut guard = self.state()?;
        let state = &mut *guard;
        let Some(stored) = state.users.get(user.id) else {
            return Ok(UpdateUser::NotFound);
        };
        if stored.revision != user.revision {
            return Ok(UpdateUser::Stale);
        }
        let (old, new) = (stored.username.key(), user.username.key());
        if state.users.id(&new).is_some_and(|owner| owner != user.id) {
            return Ok(UpdateUser::UsernameTaken);
        }
        let updated = User {
            revision: stored.revision.next(),
            created_at: stored.created_at,
            epoch: match issued {
                Issued::Lives => stored.epoch,
                Issued::Ends => state.epochs.draw(),
            },
            ..user
        };
        state.users.remove(&old);
        state.users.insert(new, updated.id, updated.clone());
        if issued == Issued::Ends {
            state.end_wazo_of(updated.id);
        }
        state.log(now, Change::User(updated.id));
        Ok(UpdateUser::Updated(updated))
    }

    async fn remove_user(&self, id: EntityId, now: Timestamp) -> Result<RemoveUser, StoreError> {
        let mut state = self.state()?;
        let name = state.users.get(id).map(|user| user.username.key());
        let Some(user) = name.and_then(|name| state.users.remove(&name)) else {
            return Ok(RemoveUser::NotFound);
        };
        state.forget_consents_of(id);
        state.end_wazo_of(id);
        state.policies.withdraw_all(id);
        state.log(now, Change::User(id));
        Ok(RemoveUser::Removed(user))
    }
}
