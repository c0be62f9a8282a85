//! Verbs on sessions, and on what users have agreed to.

use async_trait::async_trait;
use countersign_core::{Consent, EntityId, Session, Timestamp, User};

use crate::StoreError;

/// What became of [`SessionStore::create_session`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CreateSession {
    /// The session is stored.
    Created {
        /// The oldest sessions of the same user, which were ended since there were too many.
        ended: Vec<EntityId>,
    },
    /// The user is gone, disabled, or has another epoch than the session says; nothing was changed.
    UserEnded,
}

/// What became of [`SessionStore::renew_session`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RenewSession {
    /// The session goes on as described, under its new secret.
    Renewed,
    /// There is no such session of that user under the old secret, or the user has ended; nothing was changed.
    Ended,
}

/// What became of [`SessionStore::end_session`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndSession {
    /// The session is gone, and every grant that ends with it is dead.
    Ended,
    /// There is no such session.
    NotFound,
}

/// A session with its user, read in one statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundSession {
    /// The session as it is stored.
    pub session: Session,
    /// The user, if it is there. Whether it is enabled and has the right epoch is told by
    /// [`FoundSession::live_user`].
    pub user: Option<User>,
}

impl FoundSession {
    /// The user, if it is there, enabled, and has the epoch that the session says.
    #[must_use]
    pub fn live_user(&self) -> Option<&User> {
        self.user
            .as_ref()
            .filter(|user| user.enabled && user.epoch == self.session.user_epoch)
    }
}

/// Verbs on sessions. None of them writes a change: whether a session goes on is read, not announced (RULES N2).
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Stores `session` if its user is as it says, and ends `replaces`, the session that the browser had before. If the
    /// user then has more than `limit` sessions, the oldest others by their ids are ended; never `session` itself.
    ///
    /// `replaces` may be a session of anybody, or gone; it is not among the ended ones that are told. If the user is not as
    /// `session` says, it goes on. An id that another session has is told last, with [`StoreError::EntityIdTaken`].
    async fn create_session(
        &self,
        session: Session,
        replaces: Option<EntityId>,
        limit: u32,
    ) -> Result<CreateSession, StoreError>;

    /// Makes the session with `renewed.id` be as `renewed` says, if its secret still has the hash `seen`, it is a session
    /// of the same user, and that user is as `renewed` says (compare-and-set). `created_at` stays as it is stored. Of
    /// several calls that saw the same, exactly one is [`RenewSession::Renewed`].
    async fn renew_session(
        &self,
        seen: [u8; 32],
        renewed: Session,
    ) -> Result<RenewSession, StoreError>;

    /// The session with this id and its user, in one statement on the primary, never from a cache (RULES A2).
    async fn find_session(&self, id: EntityId) -> Result<Option<FoundSession>, StoreError>;

    /// Notes that the session was used at `now`, if it is there and was last used before.
    async fn use_session(&self, id: EntityId, now: Timestamp) -> Result<(), StoreError>;

    /// Ends the session, with every grant that ends with it.
    async fn end_session(&self, id: EntityId) -> Result<EndSession, StoreError>;

    /// At most `limit` sessions ordered by their ids (which is by their age), beginning behind `after`, over or not: of
    /// one user, or of all.
    async fn list_sessions(
        &self,
        user: Option<EntityId>,
        after: Option<EntityId>,
        limit: u32,
    ) -> Result<Vec<Session>, StoreError>;
}

/// Verbs on what users have agreed to. They go with their user and with their client.
#[async_trait]
pub trait ConsentStore: Send + Sync {
    /// Remembers that the user agrees to `consent.scope`, beside what was agreed to before. What both together name is
    /// kept, or only the new if both would be more than a scope can hold
    /// ([`Scope::MAX_TOKENS`](countersign_core::Scope::MAX_TOKENS)). A consent of a user or client that is gone is not
    /// kept.
    async fn remember_consent(&self, consent: Consent) -> Result<(), StoreError>;

    /// What this user has agreed to let this client have.
    async fn find_consent(
        &self,
        user: EntityId,
        client: EntityId,
    ) -> Result<Option<Consent>, StoreError>;

    /// At most `limit` consents of the user, ordered by the ids of their clients, beginning behind `after`.
    async fn list_consents(
        &self,
        user: EntityId,
        after: Option<EntityId>,
        limit: u32,
    ) -> Result<Vec<Consent>, StoreError>;

    /// Forgets what this user has agreed to let this client have; the next time it is asked again. Tells whether there was
    /// anything. Grants go on.
    async fn forget_consent(&self, user: EntityId, client: EntityId) -> Result<bool, StoreError>;
}
