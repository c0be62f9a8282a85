//! Verbs on users.

use async_trait::async_trait;
use countersign_core::{EntityId, NewUser, Timestamp, User, UsernameKey};

use crate::{Issued, StoreError};

/// What became of [`UserStore::create_user`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "one value per created user, taken apart at once"
)]
pub enum CreateUser {
    /// The user is stored, with an epoch of its own.
    Created(User),
    /// Another user has a name with the same key; nothing was changed.
    UsernameTaken,
    /// A client has the new user's subject as its `client_id` (RULES A6); nothing was changed.
    SubjectIsClientId,
}

/// What became of [`UserStore::update_user`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "one value per changed user, taken apart at once"
)]
pub enum UpdateUser {
    /// The user is as described; this is how it is stored now.
    Updated(User),
    /// The user was changed since it was read; nothing was changed now.
    Stale,
    /// Another user has a name with the same key; nothing was changed.
    UsernameTaken,
    /// There is no such user; nothing was changed.
    NotFound,
}

/// What became of [`UserStore::remove_user`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "one value per removed user, taken apart at once"
)]
pub enum RemoveUser {
    /// The user is gone, and with it everything that was issued for it; this is what it was.
    Removed(User),
    /// There is no such user; nothing was changed.
    NotFound,
}

/// Verbs on users. Each change writes its [`Change`](crate::Change) in the same transaction (RULES N1).
#[async_trait]
pub trait UserStore: Send + Sync {
    /// Stores `user` under an epoch that nothing in this store had before (RULES A1, R10).
    ///
    /// The change is logged at `user.created_at`. Of several calls with one username, exactly one creates it. A taken
    /// name is told before a taken subject.
    async fn create_user(&self, user: NewUser) -> Result<CreateUser, StoreError>;

    /// The user with this internal id.
    async fn find_user(&self, id: EntityId) -> Result<Option<User>, StoreError>;

    /// The user whose name has this key.
    async fn find_user_by_name(&self, name: &UsernameKey) -> Result<Option<User>, StoreError>;

    /// The users with this e-mail address, verified or not, enabled or not, at most `limit` of them ordered by their ids.
    /// ASCII letters are the same in either case; everything else is compared byte for byte.
    async fn find_users_by_email(&self, email: &str, limit: u32) -> Result<Vec<User>, StoreError>;

    /// At most `limit` users ordered by the bytes of the keys of their names, beginning behind `after`.
    async fn list_users(
        &self,
        after: Option<&UsernameKey>,
        limit: u32,
    ) -> Result<Vec<User>, StoreError>;

    /// Makes the stored user with `user.id` be as `user` says, if it still has `user.revision` (compare-and-set), and
    /// raises the revision by one. `id`, `created_at` and `epoch` stay as they are stored, but for the new epoch that
    /// [`Issued::Ends`] draws, with which the sessions and refresh tokens of the wazo dialect go that the user has
    /// ([`WazoStore`](crate::WazoStore)). A stale revision is told before a taken name.
    async fn update_user(
        &self,
        user: User,
        issued: Issued,
        now: Timestamp,
    ) -> Result<UpdateUser, StoreError>;

    /// Removes the user, with its sessions and refresh tokens of the wazo dialect, and takes its policies from it. Its id
    /// and epoch are never used again, so its tokens stay dead under a new user of the same name (RULES R10).
    async fn remove_user(&self, id: EntityId, now: Timestamp) -> Result<RemoveUser, StoreError>;
}
